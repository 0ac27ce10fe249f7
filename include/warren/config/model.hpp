// A tunnel's configuration after validation: plain values that the rest of the program can trust.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/crypto/keys.hpp>

namespace warren::config {

enum class Kind : std::uint8_t { tun, tap };

/// Host and port as written: the host is a name or an address literal without brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
  /// Set when `host` is an address literal: no resolver is needed.
  std::optional<base::Endpoint> literal;
  [[nodiscard]] std::string to_string() const;  ///< brackets for IPv6
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct Interface {
  std::string name;
  Kind kind = Kind::tun;
  bool hub = false;  ///< tap: forward between peers
  crypto::Cipher cipher = crypto::Cipher::chacha20_poly1305;
  std::vector<base::InterfaceAddress> addresses;
  crypto::SecretKey private_key;
  std::uint16_t listen_port = 0;     ///< 0: the kernel chooses
  std::optional<std::uint32_t> mtu;  ///< empty: from the route to the endpoints
  std::uint32_t fwmark = 0;
  bool routes = true;  ///< install routes for allowed IPs
};

/// What the TUN or TAP device hands over and takes: super-packets as far as the kernel has them, TCP
/// super-packets only, or single packets without a virtio header.
enum class TunOffload : std::uint8_t { automatic, tso, none };
/// UDP_SEGMENT and UDP_GRO, one of them, or neither.
enum class UdpOffload : std::uint8_t { automatic, gso, gro, none };

/// `[engine]`: how packets are moved. Nothing of it shows on the wire.
enum class Scheduling : std::uint8_t { automatic, ordinary };

struct EngineSettings {
  TunOffload tun_offload = TunOffload::automatic;
  UdpOffload udp_offload = UdpOffload::automatic;
  bool zero_copy = false;                   ///< sends by SENDMSG_ZC
  std::optional<crypto::AeadBackend> aead;  ///< one that works here; empty: the best one
  std::uint32_t busy_poll_us = 0;           ///< 0: off
  Scheduling scheduling = Scheduling::automatic;
  friend bool operator==(const EngineSettings&, const EngineSettings&) = default;
};

struct Peer {
  std::string name;  ///< may be empty
  crypto::PublicKey public_key;
  std::optional<crypto::PresharedKey> preshared_key;
  std::optional<HostPort> endpoint;
  std::vector<base::IpNetwork> allowed_ips;
  std::uint16_t persistent_keepalive_s = 0;  ///< 0: off
};

struct Tunnel {
  std::filesystem::path file;
  Interface interface;
  EngineSettings engine;
  std::vector<Peer> peers;
  /// A private or preshared key stands in the file itself: nobody else may read it.
  bool has_inline_secret = false;
};

/// Where in a file something is wrong: "config/wr0.toml:7:15: …", then the line itself and a caret,
/// then a hint (the nearest known name, or the remedy).
class ConfigError : public base::Error {
 public:
  ConfigError(const std::string& message, std::string hint)
      : base::Error(message, std::move(hint)) {}
};

/// Reads and validates a file. Throws ConfigError, or base::SystemError when it cannot be read.
/// Relative key files are relative to the configuration file. A file that holds a secret, the
/// configuration itself included, is refused when group or others may read it.
Tunnel load(const std::filesystem::path& file);

/// Parses configuration text; `file` is for messages and for relative paths. With `read_key_files`
/// off, key files are checked for syntax only (fuzzing; keys are then zero).
Tunnel parse(std::string_view text, const std::filesystem::path& file, bool read_key_files = true);

/// A regular file's text, at most 16 MiB. Throws ConfigError for a directory, a device and a file
/// that is too big, base::SystemError when it cannot be read.
std::string read_text_file(const std::filesystem::path& file);

/// Converts a wg-quick configuration to the text of a TOML file, with comments on what has no
/// equivalent. `file` is for messages; its stem becomes the interface's name. Throws ConfigError.
std::string import_wg_quick(std::string_view text, const std::filesystem::path& file);

}  // namespace warren::config
