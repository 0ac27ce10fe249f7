// What the kernel of a node says: who listens, and an interface's counters.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <sstream>
#include <string>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/lab/probe.hpp>
#include <warren/system/link_statistics.hpp>
#include <warren/system/namespaces.hpp>

namespace warren::lab {
namespace {

// include/net/tcp_states.h: a listening TCP socket, and an unconnected UDP one.
constexpr unsigned kListen = 0x0a;
constexpr unsigned kClosed = 0x07;

std::string read_all(int fd) {
  std::string text;
  std::array<char, 16384> piece;
  while (true) {
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

// Lines of /proc/net/tcp: "  0: 0100007F:1F90 00000000:0000 0A …" (proc_pid_net(5)): the local
// address and port, the remote ones, the state.
bool listens(std::string_view table, ListenTable::Protocol protocol, std::uint16_t port) {
  std::istringstream lines{std::string(table)};
  std::string line;
  std::getline(lines, line);  // the headings
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state;
    if (!(fields >> slot >> local >> remote >> state)) continue;
    const std::size_t colon = local.rfind(':');
    if (colon == std::string::npos) continue;
    unsigned local_port = 0, number = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), local_port, 16);
    std::from_chars(state.data(), state.data() + state.size(), number, 16);
    const unsigned wanted = protocol == ListenTable::Protocol::tcp ? kListen : kClosed;
    if (local_port == port && number == wanted) return true;
  }
  return false;
}

ListenTable::ListenTable(int netns, Protocol protocol) : protocol_(protocol) {
  const char* name = protocol == Protocol::tcp ? "tcp" : "udp";
  // The file belongs to the namespace in which it was opened.
  system::run_in_netns(netns, [&] {
    for (const char* family : {"", "6"}) {
      const auto path = fmt::format("/proc/thread-self/net/{}{}", name, family);
      base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (file) files_.push_back(std::move(file));  // a machine without IPv6 has no tcp6
    }
  });
  if (files_.empty()) throw base::Error(fmt::format("cannot read /proc/net/{} of a node", name));
}

bool ListenTable::has(std::uint16_t port) const {
  for (const base::Fd& file : files_) {
    if (listens(read_all(file.get()), protocol_, port)) return true;
  }
  return false;
}

std::map<std::string, std::uint64_t> interface_counters(int netns, const std::string& name) {
  return system::in_netns(netns, [&] { return system::link_statistics(name); });
}

}  // namespace warren::lab
