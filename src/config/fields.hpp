// The values of a configuration, from text. Shared by the TOML and the wg-quick reader, which add
// the place to a problem.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <warren/config/model.hpp>
#include <warren/config/values.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::config {

/// Empty when `name` can stand in a line of `warren status`.
std::optional<Problem> check_peer_name(std::string_view name);
/// Empty when `text` is a key: 44 characters of canonical base64. Says which rule it breaks.
std::optional<Problem> check_key(std::string_view text);

/// Empty when an interface of this kind can have an MTU of `mtu` bytes; `has_v6`: and carry IPv6.
std::optional<Problem> check_mtu(std::int64_t mtu, Kind kind, bool has_v6);

/// Also refuses the key of all zeros, which is no point of the curve that anybody can use.
Parsed<crypto::PublicKey> parse_public_key(std::string_view text);
Parsed<crypto::SecretKey> parse_private_key(std::string_view text);
/// All zeros means none.
Parsed<std::optional<crypto::PresharedKey>> parse_preshared_key(std::string_view text);

/// "host:port", "192.0.2.1:port", "[2001:db8::1]:port"; an IPv6 scope may be an index or a name.
Parsed<HostPort> parse_endpoint(std::string_view text);

/// Decimal digits only, at most `maximum`.
Parsed<std::uint32_t> parse_number(std::string_view text, std::uint32_t maximum);
/// A number, "0x…" or "off".
Parsed<std::uint32_t> parse_fwmark(std::string_view text);
/// Seconds, or "off".
Parsed<std::uint16_t> parse_keepalive(std::string_view text);

}  // namespace warren::config
