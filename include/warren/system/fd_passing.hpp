// Lines of text over a Unix stream socket, with descriptors beside them (unix(7), SCM_RIGHTS).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/fd.hpp>

namespace warren::system {

/// As many descriptors as a line may have.
inline constexpr std::size_t kPassedMost = 16;

/// Sends `line` and a newline, with `fds` (borrowed, at most kPassedMost) beside its first byte;
/// does not raise SIGPIPE. Throws SystemError.
void send_line(int socket, std::string_view line, std::span<const int> fds = {});

/// What of a line has come so far.
class LineReader {
 public:
  /// Takes what is there: one receive. False at the stream's end, or when a line is longer than
  /// `kMostBytes`. Throws SystemError; EAGAIN (a timeout of the socket) too.
  bool receive(int socket);
  /// A whole line, without its newline, has come.
  [[nodiscard]] bool complete() const noexcept { return text_.find('\n') != std::string::npos; }
  [[nodiscard]] std::string line() const { return text_.substr(0, text_.find('\n')); }
  /// Those that came with it, close-on-exec; the caller's from now on.
  [[nodiscard]] std::vector<base::Fd> take_fds() noexcept { return std::move(fds_); }

  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

 private:
  std::string text_;
  std::vector<base::Fd> fds_;
};

}  // namespace warren::system
