#include "process_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <deque>
#include <fstream>

namespace warren::lab {

std::string join_command(const std::vector<std::string>& command) {
  return fmt::format("{}", fmt::join(command, " "));
}

std::string describe_missing(const Readiness& ready) {
  switch (ready.kind) {
    case Readiness::Kind::started:
      break;
    case Readiness::Kind::tcp:
      return fmt::format("nobody listens on TCP port {}", ready.port);
    case Readiness::Kind::udp:
      return fmt::format("nobody has bound UDP port {}", ready.port);
    case Readiness::Kind::log:
      return fmt::format("no line of its log matches `{}`", ready.text);
    case Readiness::Kind::file:
      return fmt::format("there is no {}", ready.text);
    case Readiness::Kind::command:
      return fmt::format("`{}` does not succeed", ready.text);
  }
  return "it has not started";
}

std::string log_tail(const std::filesystem::path& log, std::size_t lines) {
  // The end of a large log is enough.
  constexpr std::streamoff kMost = std::streamoff{64} * 1024;
  std::ifstream in(log, std::ios::ate);
  const std::streamoff size = in.tellg();
  if (!in || size <= 0) return {};
  in.seekg(std::max<std::streamoff>(0, size - kMost));
  std::deque<std::string> last;
  std::string line;
  while (std::getline(in, line)) {
    last.push_back(line);
    if (last.size() > lines) last.pop_front();
  }
  std::string text;
  for (const std::string& each : last) text += fmt::format("    | {}\n", each);
  return text;
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) {
    // sigdescr_np keeps no state, unlike strsignal.
    const char* name = ::sigdescr_np(WTERMSIG(status));
    return fmt::format("was killed by signal {} ({})", WTERMSIG(status),
                       name == nullptr ? "unknown" : name);
  }
  return fmt::format("exited with status {}", WEXITSTATUS(status));
}

}  // namespace warren::lab
