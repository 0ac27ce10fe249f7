#include "fields.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <warren/base/text.hpp>
#include <warren/config/source.hpp>

#include "limits.hpp"

namespace warren::config {
namespace {

using base::is_control;
using base::is_digit;
using base::is_letter;

bool is_base64(char c) noexcept {
  return is_letter(c) || is_digit(c) || c == '+' || c == '/';
}

constexpr std::string_view kKeyHint =
    "a key is what `warren genkey`, `warren pubkey` or `warren genpsk` prints";

/// Why `text` is no address with a prefix length, for both kinds.
std::unexpected<Problem> malformed_network(std::string_view text, std::string_view what,
                                           std::string_view example) {
  const std::size_t slash = text.find('/');
  const auto address = base::IpAddress::parse(text.substr(0, slash));
  if (address && slash != std::string_view::npos) {
    return problem(fmt::format("{} has no valid prefix length: it is a number from 0 to {}",
                               in_quotes(text), address->bits()),
                   fmt::format("for example \"{}\"", example));
  }
  return problem(fmt::format("{} is no {}", in_quotes(text), what),
                 fmt::format("for example \"{}\"", example));
}

std::optional<Problem> check_host_name(std::string_view host) {
  const auto bad = [&](std::string why, std::string hint = {}) {
    return std::optional(Problem{fmt::format("{} {}", in_quotes(host), why), std::move(hint)});
  };
  if (host.size() > kMaxHostName) return bad(fmt::format("is longer than {}", kMaxHostName));
  if (std::ranges::any_of(host, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
    return bad("is no host name: it is not ASCII", "write the name in its xn-- form");
  }
  std::string_view rest = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  std::string_view label;
  do {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    if (label.empty() || label.size() > kMaxHostLabel) {
      return bad(fmt::format("is no host name: a part between dots has 1 to {} characters",
                             kMaxHostLabel));
    }
    if (!std::ranges::all_of(
            label, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; })) {
      return bad("is neither a host name nor an address");
    }
    if (dot != std::string_view::npos && rest.empty()) return bad("is no host name");
  } while (!rest.empty());
  // Names never end in a number (RFC 3696), so this was to be an address.
  if (std::ranges::all_of(label, is_digit)) return bad("is no IPv4 address");
  return {};
}

/// "fe80::1%eth0": a scope by name is for the resolver, so there is no literal.
bool is_scoped_by_name(std::string_view host) {
  const std::size_t percent = host.find('%');
  if (percent == std::string_view::npos) return false;
  const auto address = base::IpAddress::parse(host.substr(0, percent));
  return address && !address->is_v4() && !check_interface_name(host.substr(percent + 1));
}

Parsed<HostPort> parse_host(std::string_view host, bool bracketed, std::uint16_t port) {
  HostPort result{.host = std::string(host), .port = port, .literal = {}};
  const std::string text =
      bracketed ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  result.literal = base::Endpoint::parse(text);
  if (result.literal) {
    if (result.literal->address.is_unspecified()) {
      return problem(fmt::format("{} is the address of no host", in_quotes(host)));
    }
    if (bracketed && result.literal->address.is_link_local() && result.literal->scope_id == 0) {
      return problem(fmt::format("{} is a link-local address without its link", in_quotes(host)),
                     fmt::format("name the interface: \"[{}%eth0]:{}\"", host, port));
    }
    return result;
  }
  if (bracketed) {
    if (is_scoped_by_name(host)) return result;
    return problem(fmt::format("{} is no IPv6 address", in_quotes(host)),
                   "brackets are for IPv6 addresses: \"[2001:db8::1]:51820\"");
  }
  if (auto bad = check_host_name(host)) return std::unexpected(*std::move(bad));
  return result;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMaxQuoted = 80;
  std::string clean;
  for (const char c : text.substr(0, kMaxQuoted)) clean += is_control(c) ? '?' : c;
  if (text.size() > kMaxQuoted) {
    // Not in the middle of a character.
    while (!clean.empty() && find_invalid_utf8(clean) != std::string::npos) clean.pop_back();
    clean += "…";
  }
  return fmt::format("\"{}\"", clean);
}

std::optional<Problem> check_interface_name(std::string_view name) {
  const auto bad = [&](std::string why) {
    return std::optional(
        Problem{fmt::format("{} cannot be an interface's name: {}", in_quotes(name), why), {}});
  };
  if (name.empty()) return bad("it is empty");
  if (name.size() > kMaxInterfaceName) {
    return bad(
        fmt::format("Linux allows {} bytes and this has {}", kMaxInterfaceName, name.size()));
  }
  if (name == "." || name == "..") return bad("it is a directory's name");
  for (const char c : name) {
    if (c == '/' || c == ':' || c == '%') return bad(fmt::format("`{}` is not allowed", c));
    if (c == ' ' || is_control(c)) return bad("white space is not allowed");
    if (static_cast<unsigned char>(c) >= 0x80) return bad("it must be ASCII");
  }
  return {};
}

std::optional<Problem> check_peer_name(std::string_view name) {
  if (name.empty()) return Problem{"a peer's name cannot be empty", "leave `name` out"};
  if (name.size() > kMaxPeerName) {
    return Problem{fmt::format("a peer's name has at most {} bytes and this has {}", kMaxPeerName,
                               name.size()),
                   {}};
  }
  if (base::has_control_characters(name)) {
    return Problem{"a peer's name cannot have control characters", {}};
  }
  return {};
}

std::optional<Problem> check_key(std::string_view text) {
  const auto bad = [](std::string message) {
    return std::optional(Problem{std::move(message), std::string(kKeyHint)});
  };
  if (text.size() != kKeyCharacters) {
    return bad(fmt::format("wrong length: a key has {} characters of base64 and this has {}",
                           kKeyCharacters, text.size()));
  }
  const std::string_view digits = text.substr(0, kKeyCharacters - 1);
  if (const auto wrong = std::ranges::find_if_not(digits, is_base64); wrong != digits.end()) {
    return bad(
        fmt::format("wrong alphabet: character {} is not base64", wrong - digits.begin() + 1));
  }
  if (text.back() != '=') return bad("a key ends in `=`");
  std::array<std::byte, crypto::kKeyBytes> bytes{};
  const bool decodes = crypto::decode_base64(text, bytes);
  crypto::wipe(bytes);
  if (!decodes)
    return bad("the last character before `=` carries bits beyond the 32 bytes of a key");
  return {};
}

std::optional<Problem> check_mtu(std::int64_t mtu, Kind kind, bool has_v6) {
  const std::uint32_t maximum = kind == Kind::tap ? kMaxMtuTap : kMaxMtu;
  if (mtu < kMinMtuV4 || mtu > maximum) {
    return Problem{fmt::format("{} is not from {} to {}", mtu, kMinMtuV4, maximum), {}};
  }
  if (has_v6 && mtu < kMinMtuV6) {
    return Problem{fmt::format("{} is too small for IPv6, which needs {}", mtu, kMinMtuV6),
                   "raise it, or leave the IPv6 addresses and networks out"};
  }
  return {};
}

Parsed<crypto::PublicKey> parse_public_key(std::string_view text) {
  if (auto bad = check_key(text)) return std::unexpected(*std::move(bad));
  const auto key = crypto::PublicKey::from_base64(text);
  if (key->is_zero())
    return problem("a public key of all zeros is nobody's", std::string(kKeyHint));
  return *key;
}

Parsed<crypto::SecretKey> parse_private_key(std::string_view text) {
  if (auto bad = check_key(text)) return std::unexpected(*std::move(bad));
  auto key = crypto::SecretKey::from_base64(text);
  if (key->is_zero()) return problem("a private key of all zeros is no key", std::string(kKeyHint));
  return *std::move(key);
}

Parsed<std::optional<crypto::PresharedKey>> parse_preshared_key(std::string_view text) {
  if (auto bad = check_key(text)) return std::unexpected(*std::move(bad));
  auto key = crypto::PresharedKey::from_base64(text);
  if (key->is_zero()) key.reset();
  return key;
}

Parsed<base::IpNetwork> parse_network(std::string_view text) {
  if (const auto network = base::IpNetwork::parse(text)) return *network;
  return malformed_network(text, "network", "10.8.0.0/24");
}

Parsed<base::InterfaceAddress> parse_interface_address(std::string_view text) {
  const auto address = base::InterfaceAddress::parse(text);
  if (!address) return malformed_network(text, "address", "10.8.0.1/24");
  if (address->address.is_unspecified()) {
    return problem(fmt::format("{} is the address of no host", in_quotes(text)));
  }
  return *address;
}

Parsed<HostPort> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const std::size_t bracket = bracketed ? text.find(']') : std::string_view::npos;
  if (bracketed && bracket == std::string_view::npos) {
    return problem(fmt::format("{} has no closing bracket", in_quotes(text)));
  }
  if (!bracketed && base::IpAddress::parse(text) && !base::IpAddress::parse(text)->is_v4()) {
    return problem(
        fmt::format("{} is an address without a port, or one without brackets", in_quotes(text)),
        fmt::format("write \"[{}]:51820\"", text));
  }
  if (!bracketed && std::ranges::count(text, ':') > 1) {
    return problem(fmt::format("{} has more than one `:`", in_quotes(text)),
                   "an IPv6 address stands in brackets: \"[2001:db8::1]:51820\"");
  }
  if (colon == std::string_view::npos || (bracketed && colon < bracket)) {
    return problem(fmt::format("{} has no port", in_quotes(text)),
                   fmt::format("write \"{}:51820\"", text));
  }
  const std::string_view host = bracketed ? text.substr(1, bracket - 1) : text.substr(0, colon);
  if (bracketed && bracket + 1 != colon) {
    return problem(fmt::format("{} has something between bracket and port", in_quotes(text)));
  }
  if (host.empty()) return problem(fmt::format("{} has no host", in_quotes(text)));
  const auto port = parse_number(text.substr(colon + 1), std::numeric_limits<std::uint16_t>::max());
  if (!port || *port == 0) {
    return problem(fmt::format("{} is no port: it is a number from 1 to 65535",
                               in_quotes(text.substr(colon + 1))));
  }
  return parse_host(host, bracketed, static_cast<std::uint16_t>(*port));
}

Parsed<std::uint32_t> parse_number(std::string_view text, std::uint32_t maximum) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      number > maximum) {
    return problem(fmt::format("{} is no number from 0 to {}", in_quotes(text), maximum));
  }
  return number;
}

Parsed<std::uint32_t> parse_fwmark(std::string_view text) {
  constexpr auto kMaximum = std::numeric_limits<std::uint32_t>::max();
  if (text == "off") return 0;
  if (!text.starts_with("0x") && !text.starts_with("0X")) return parse_number(text, kMaximum);
  const std::string_view digits = text.substr(2);
  std::uint32_t number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return problem(fmt::format("{} is no mark of 32 bits", in_quotes(text)));
  }
  return number;
}

Parsed<std::uint16_t> parse_keepalive(std::string_view text) {
  if (text == "off") return std::uint16_t{0};
  const auto seconds = parse_number(text, std::numeric_limits<std::uint16_t>::max());
  if (!seconds) return std::unexpected(seconds.error());
  return static_cast<std::uint16_t>(*seconds);
}

std::string HostPort::to_string() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

}  // namespace warren::config
