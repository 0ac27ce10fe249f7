// The WireGuard userspace API (the WireGuard project's cross-platform page, "Configuration
// Protocol"): what `wg` speaks. Bytes in, bytes out, on a protocol::Device and its Host.
//
// A request is executed line by line as it arrives, so its length is not bounded while a line's is.
// Where a line is refused, the lines before it stay executed, the rest of the request is skipped,
// and the answer carries the negative errno, as wireguard-go sends it and `wg` expects it. Closing
// the connection ends a request like a blank line, but only behind a whole line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <warren/base/time.hpp>
#include <warren/control/conversation.hpp>
#include <warren/control/host.hpp>
#include <warren/crypto/keys.hpp>
#include <warren/protocol/ids.hpp>

namespace warren::control {

/// Longest line of a request in bytes, without its end. The longest valid one is a key's: under
/// 100.
inline constexpr std::size_t kMaxUapiLineBytes = 1024;

class UapiSession final : public Conversation {
 public:
  /// Borrows `host`. The engine's thread only.
  explicit UapiSession(Host& host) : host_(host) {}
  UapiSession(const UapiSession&) = delete;
  UapiSession& operator=(const UapiSession&) = delete;
  /// Wipes what is left of an unfinished line: it may hold a key.
  ~UapiSession() override;

  std::size_t feed(std::string_view in, std::string& out) override;
  void end_of_input(std::string& out) override;
  [[nodiscard]] bool finished() const override { return finished_; }

 private:
  enum class State { operation, get, set, skip };

  bool handle_line(std::string_view line, std::string& out);
  void answer(int error_number, std::string& out);
  void end_set(std::string& out);
  int set_line(std::string_view line);
  int device_line(std::string_view key, std::string_view value);
  int public_key_line(std::string_view value);
  int peer_line(std::string_view key, std::string_view value);
  int allowed_ip_line(std::string_view value);
  int begin_peer_change();
  int finish_peer();

  Host& host_;
  State state_ = State::operation;
  bool finished_ = false;
  std::string partial_;    // a line whose end has not come yet
  bool too_long_ = false;  // it exceeded the limit and is being skipped
  int error_ = 0;          // of the request that is being skipped

  // The request in hand.
  bool in_peers_ = false;  // past the first public_key
  bool peers_changed_ = false;
  // The peer in hand. Neither `pending_` nor `peer_`: one to ignore (removed, or ourselves).
  std::optional<crypto::PublicKey> pending_;  // named, unknown, and not created yet
  std::optional<protocol::PeerId> peer_;
  bool created_ = false;
  std::optional<base::Duration> keepalive_;  // set at the peer's end, when its endpoint is known
};

/// Appends the answer to `get=1`, without its errno line.
void write_uapi_device(Host& host, std::string& out);

}  // namespace warren::control
