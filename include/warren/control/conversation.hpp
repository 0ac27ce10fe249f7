// What is said on one connection of a control socket, without the socket: bytes in, bytes out.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace warren::control {

class Conversation {
 public:
  virtual ~Conversation() = default;
  /// Takes bytes from the client, at most up to the end of one request, and returns how many. An
  /// answer is appended to `out`; the rest of `in` is offered again once the answer has been sent,
  /// so that a client which does not read cannot make answers pile up.
  virtual std::size_t feed(std::string_view in, std::string& out) = 0;
  /// The client sends no more: finishes an open request.
  virtual void end_of_input(std::string& out) = 0;
  /// The connection is to be closed once all answers have been sent.
  [[nodiscard]] virtual bool finished() const = 0;
  /// Everything that was appended to `out` has been sent, or the client is gone.
  virtual void answered() {}
};

}  // namespace warren::control
