#include <chrono>
#include <nlohmann/json.hpp>

#include <warren/base/units.hpp>
#include <warren/control/status.hpp>
#include <warren/crypto/aead.hpp>

namespace warren::control {
namespace {

using nlohmann::json;
using protocol::Device;

json nullable(const auto& optional, auto convert) {
  return optional ? json(convert(*optional)) : json(nullptr);
}

json peer_status(Host& host, protocol::PeerId id, base::Now now) {
  const Device& device = host.device();
  const protocol::PeerStatus peer = device.status(id);
  json networks = json::array();
  for (const base::IpNetwork& network : device.allowed_ips(id))
    networks.push_back(network.to_string());
  return {
      {"name", host.peer_name(peer.public_key)},
      {"public_key", peer.public_key.to_base64()},
      {"preshared_key", peer.has_preshared_key},
      {"endpoint", nullable(peer.path, [](const auto& path) { return path.remote.to_string(); })},
      {"source", peer.path ? nullable(peer.path->local,
                                      [](const auto& local) { return local.address.to_string(); })
                           : json(nullptr)},
      {"allowed_ips", std::move(networks)},
      {"session", peer.session_established},
      {"latest_handshake",
       nullable(peer.last_handshake,
                [](const auto& time) { return base::in_seconds(time.time_since_epoch()); })},
      {"latest_handshake_age_s", nullable(peer.last_handshake,
                                          [&](const auto& time) {
                                            return std::max(0.0, base::in_seconds(now.wall - time));
                                          })},
      {"handshake_duration_ms",
       nullable(peer.handshake_duration,
                [](const auto& took) { return base::in_seconds(took) * 1e3; })},
      {"rx_bytes", peer.rx_bytes},
      {"tx_bytes", peer.tx_bytes},
      {"persistent_keepalive_s",
       std::chrono::floor<std::chrono::seconds>(peer.persistent_keepalive).count()},
      {"staged_packets", peer.staged_packets},
  };
}

}  // namespace

json build_status(Host& host) {
  const Device& device = host.device();
  json status = host.host_status();
  status["version"] = WARREN_VERSION;
  json& interface = status["interface"];
  interface["cipher"] = std::string(crypto::cipher_name(device.suite().cipher));
  interface["public_key"] =
      nullable(device.public_key(), [](const auto& key) { return key.to_base64(); });
  interface["listen_port"] = host.listen_port();
  interface["fwmark"] = host.fwmark();
  interface["up"] = device.is_up();

  json& peers = status["peers"] = json::array();
  const base::Now now = host.now();
  for (const protocol::PeerId id : device.peers()) peers.push_back(peer_status(host, id, now));

  json& drops = status["drops"] = json::object();
  for (std::size_t i = 0; i < base::kDropCount; ++i) {
    const auto drop = static_cast<base::Drop>(i);
    drops[std::string(base::drop_name(drop))] = device.drops().get(drop);
  }
  json& handshakes = status["handshakes"];
  handshakes["completed"] = device.handshakes_completed();
  json& failures = handshakes["failures"] = json::object();
  for (std::size_t i = 0; i < protocol::kHandshakeFailureCount; ++i) {
    const auto failure = static_cast<protocol::HandshakeFailure>(i);
    failures[std::string(protocol::failure_name(failure))] = device.handshake_failures(failure);
  }
  return status;
}

}  // namespace warren::control
