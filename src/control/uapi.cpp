#include <fmt/format.h>
#include <net/if.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>
#include <warren/control/uapi.hpp>

#include "wipe.hpp"

namespace warren::control {
namespace {

using protocol::Device;

template <class T>
std::optional<T> parse_decimal(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "[fe80::1%eth0]:51820": `wg` names the scope of a link-local address, Endpoint takes its number.
std::optional<base::Endpoint> parse_endpoint(std::string_view text) {
  const auto percent = text.find('%');
  const auto bracket = text.find(']');
  if (percent == std::string_view::npos || bracket == std::string_view::npos || bracket < percent) {
    return base::Endpoint::parse(text);
  }
  const std::string scope(text.substr(percent + 1, bracket - percent - 1));
  if (parse_decimal<std::uint32_t>(scope)) return base::Endpoint::parse(text);
  const unsigned index = if_nametoindex(scope.c_str());
  if (index == 0) return std::nullopt;
  return base::Endpoint::parse(
      fmt::format("{}%{}{}", text.substr(0, percent), index, text.substr(bracket)));
}

// More than the lines of a device, or of a peer without its allowed IPs, or of one of those can have.
constexpr std::size_t kDeviceTextBytes = 256;
constexpr std::size_t kPeerTextBytes = 768;
constexpr std::size_t kAllowedIpTextBytes = 64;
constexpr std::size_t kAnswerTextBytes = 32;

void write_peer(const Device& device, protocol::PeerId id, std::string& out) {
  const std::vector<base::IpNetwork> networks = device.allowed_ips(id);
  make_room(out, kPeerTextBytes + networks.size() * kAllowedIpTextBytes);
  auto to = std::back_inserter(out);
  const protocol::PeerStatus status = device.status(id);
  const crypto::PresharedKey* preshared = device.preshared_key(id);
  fmt::format_to(to, "public_key={}\npreshared_key=", status.public_key.to_hex());
  if (preshared != nullptr) {
    std::string hex = preshared->reveal_hex();
    out += hex;
    wipe(hex);
  } else {
    out.append(2 * crypto::kKeyBytes, '0');
  }
  out += "\nprotocol_version=1\n";
  if (status.path) fmt::format_to(to, "endpoint={}\n", status.path->remote.to_string());
  const auto handshake =
      status.last_handshake ? status.last_handshake->time_since_epoch() : base::Duration{0};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(handshake);
  fmt::format_to(to,
                 "last_handshake_time_sec={}\nlast_handshake_time_nsec={}\n"
                 "tx_bytes={}\nrx_bytes={}\npersistent_keepalive_interval={}\n",
                 seconds.count(), (handshake - seconds).count(), status.tx_bytes, status.rx_bytes,
                 std::chrono::floor<std::chrono::seconds>(status.persistent_keepalive).count());
  for (const base::IpNetwork& network : networks) {
    fmt::format_to(to, "allowed_ip={}\n", network.to_string());
  }
}

}  // namespace

void write_uapi_device(Host& host, std::string& out) {
  const Device& device = host.device();
  make_room(out, kDeviceTextBytes);
  auto to = std::back_inserter(out);
  if (const crypto::SecretKey* key = device.private_key()) {
    std::string hex = key->reveal_hex();
    out += "private_key=";
    out += hex;
    out += '\n';
    wipe(hex);
  }
  if (host.listen_port() != 0) fmt::format_to(to, "listen_port={}\n", host.listen_port());
  if (host.fwmark() != 0) fmt::format_to(to, "fwmark={}\n", host.fwmark());
  for (const protocol::PeerId id : device.peers()) write_peer(device, id, out);
}

UapiSession::~UapiSession() {
  wipe(partial_);
}

std::size_t UapiSession::feed(std::string_view in, std::string& out) {
  std::size_t used = 0;
  while (used < in.size()) {
    if (finished_) return in.size();
    const auto end = in.find('\n', used);
    std::string_view piece = in.substr(used, end == std::string_view::npos ? end : end - used);
    used += piece.size();
    if (partial_.size() + piece.size() > kMaxUapiLineBytes) {
      too_long_ = true;
      wipe(partial_);
      piece = {};
    }
    if (end == std::string_view::npos) {
      partial_.reserve(kMaxUapiLineBytes);  // never moved again: no copies of keys stay behind
      partial_ += piece;
      break;
    }
    ++used;
    bool answered = false;
    if (partial_.empty()) {
      answered = handle_line(piece, out);
    } else {
      partial_ += piece;
      answered = handle_line(partial_, out);
      wipe(partial_);
    }
    too_long_ = false;
    if (answered) break;
  }
  return used;
}

void UapiSession::end_of_input(std::string& out) {
  // As wireguard-go: a client that only closes its side has ended its request. But a line without
  // an end was cut off where its writer died, and what is left of it may be valid and mean something
  // else: `allowed_ip=10.0.0.0/1` of `/16`. It is not executed, nor is what was to happen at the end
  // of the peer that it belongs to.
  if (state_ == State::set && (!partial_.empty() || too_long_)) {
    error_ = EPROTO;
    pending_.reset();
    keepalive_.reset();
  }
  wipe(partial_);
  if (state_ == State::set || state_ == State::skip) end_set(out);
  finished_ = true;
}

// Returns whether an answer was given.
bool UapiSession::handle_line(std::string_view line, std::string& out) {
  const bool blank = line.empty() && !too_long_;
  switch (state_) {
    case State::operation:
      if (blank) return false;
      if (line == "get=1") {
        state_ = State::get;
      } else if (line == "set=1") {
        state_ = State::set;
        in_peers_ = false;
        peers_changed_ = false;
      } else {
        finished_ = true;  // not this protocol: nothing that could be answered
      }
      return false;
    case State::get:
      if (!blank) {
        error_ = EINVAL;
        state_ = State::skip;
        return false;
      }
      write_uapi_device(host_, out);
      answer(0, out);
      return true;
    case State::set:
      if (blank) {
        end_set(out);
        return true;
      }
      if (const int error = too_long_ ? EPROTO : set_line(line); error != 0) {
        error_ = error;
        state_ = State::skip;
      }
      return false;
    case State::skip:
      if (!blank) return false;
      end_set(out);
      return true;
  }
  return false;
}

void UapiSession::answer(int error_number, std::string& out) {
  make_room(out, kAnswerTextBytes);
  fmt::format_to(std::back_inserter(out), "errno={}\n\n", -error_number);
  state_ = State::operation;
  error_ = 0;
}

void UapiSession::end_set(std::string& out) {
  const int error = finish_peer();
  if (error_ == 0) error_ = error;
  if (std::exchange(peers_changed_, false)) host_.peers_changed();
  answer(error_, out);
}

int UapiSession::set_line(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return EPROTO;
  const std::string_view key = line.substr(0, equals);
  const std::string_view value = line.substr(equals + 1);
  if (key == "public_key") return public_key_line(value);
  return in_peers_ ? peer_line(key, value) : device_line(key, value);
}

int UapiSession::device_line(std::string_view key, std::string_view value) {
  Device& device = host_.device();
  if (key == "private_key") {
    auto secret = crypto::SecretKey::from_hex(value);
    if (!secret) return EINVAL;
    if (secret->is_zero()) secret.reset();
    // `wg syncconf` always sends the key: an unchanged one must not end the sessions.
    const crypto::SecretKey* current = device.private_key();
    if (secret && current != nullptr && *secret == *current) return 0;
    device.set_private_key(host_.now(), std::move(secret));
    peers_changed_ = true;  // a peer with the new public key is gone
    return 0;
  }
  if (key == "listen_port") {
    const auto port = parse_decimal<std::uint16_t>(value);
    return port ? host_.set_listen_port(*port) : EINVAL;
  }
  if (key == "fwmark") {
    const auto mark = parse_decimal<std::uint32_t>(value);
    return mark ? host_.set_fwmark(*mark) : EINVAL;
  }
  if (key == "replace_peers") {
    if (value != "true") return EINVAL;
    for (const protocol::PeerId id : device.peers()) device.remove_peer(id);
    peers_changed_ = true;
    return 0;
  }
  return EINVAL;
}

int UapiSession::public_key_line(std::string_view value) {
  if (const int error = finish_peer(); error != 0) return error;
  in_peers_ = true;
  const auto key = crypto::PublicKey::from_hex(value);
  if (!key) return EINVAL;
  // Ourselves: its lines are checked and change nothing, as in wireguard-go, so that one list of
  // peers can be given to every member.
  if (host_.device().public_key() == *key) return 0;
  peer_ = host_.device().find_peer(*key);
  if (!peer_) pending_ = *key;  // created by the next line, which may be update_only or remove
  return 0;
}

// Creates the peer in hand if it is only named so far.
int UapiSession::begin_peer_change() {
  if (!pending_) return 0;
  peer_ = host_.device().add_peer(host_.now(), *pending_);
  pending_.reset();
  if (!peer_) return EINVAL;  // too many; as wireguard-go
  created_ = true;
  peers_changed_ = true;
  return 0;
}

int UapiSession::peer_line(std::string_view key, std::string_view value) {
  Device& device = host_.device();
  if (key == "update_only" || key == "remove") {
    if (value != "true") return EINVAL;
    if (key == "update_only" && peer_ && !created_) return 0;
    if (peer_) {
      device.remove_peer(*peer_);
      peers_changed_ = true;
    }
    pending_.reset();
    peer_.reset();
    keepalive_.reset();
    return 0;
  }
  if (const int error = begin_peer_change(); error != 0) return error;
  if (key == "preshared_key") {
    auto preshared = crypto::PresharedKey::from_hex(value);
    if (!preshared) return EINVAL;
    if (peer_) device.set_preshared_key(*peer_, std::move(*preshared));
    return 0;
  }
  if (key == "endpoint") {
    const auto endpoint = parse_endpoint(value);
    if (!endpoint) return EINVAL;
    if (peer_) device.set_endpoint(*peer_, *endpoint);
    return 0;
  }
  if (key == "persistent_keepalive_interval") {
    const auto seconds = parse_decimal<std::uint16_t>(value);
    if (!seconds) return EINVAL;
    if (peer_) keepalive_ = std::chrono::seconds(*seconds);
    return 0;
  }
  if (key == "replace_allowed_ips") {
    if (value != "true") return EINVAL;
    if (peer_) device.clear_allowed_ips(*peer_);
    peers_changed_ = true;
    return 0;
  }
  if (key == "allowed_ip") return allowed_ip_line(value);
  if (key == "protocol_version") return value == "1" ? 0 : EINVAL;
  return EINVAL;
}

int UapiSession::allowed_ip_line(std::string_view value) {
  const bool removes = value.starts_with('-');
  if (removes) value.remove_prefix(1);
  if (value.find('/') == std::string_view::npos) return EINVAL;
  const auto network = base::IpNetwork::parse(value);
  if (!network) return EINVAL;
  if (!peer_) return 0;
  if (removes) {
    host_.device().disallow_ip(*peer_, *network);
  } else {
    host_.device().allow_ip(*peer_, *network);
  }
  peers_changed_ = true;
  return 0;
}

// The keepalive comes last, whatever the order of the lines: turning it on sends at once, and by
// then the endpoint and the keys must be the new ones.
int UapiSession::finish_peer() {
  const int error = begin_peer_change();
  if (peer_) {
    Device& device = host_.device();
    if (keepalive_) device.set_persistent_keepalive(host_.now(), *peer_, *keepalive_);
    if (device.is_up()) device.flush_staged(host_.now(), *peer_);
  }
  pending_.reset();
  peer_.reset();
  keepalive_.reset();
  created_ = false;
  return error;
}

}  // namespace warren::control
