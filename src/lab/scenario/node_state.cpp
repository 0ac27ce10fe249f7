// What the kernel of a node says: who listens, and an interface's counters.
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/lab/probe.hpp>
#include <warren/system/link_statistics.hpp>
#include <warren/system/namespaces.hpp>

namespace warren::lab {
namespace {

// include/net/tcp_states.h: a listening TCP socket, and an unconnected UDP one.
constexpr unsigned kListen = 0x0a;
constexpr unsigned kClosed = 0x07;

bool parse_hex(std::string_view text, unsigned& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

/// "0100007F:1F90": words of the address as they lie in memory, each printed as a number.
std::optional<base::Endpoint> parse_local(std::string_view text) {
  constexpr std::size_t kWord = 8;
  const std::size_t colon = text.rfind(':');
  if (colon != kWord && colon != 4 * kWord) return std::nullopt;
  std::array<std::byte, 16> bytes{};
  for (std::size_t at = 0; at < colon; at += kWord) {
    unsigned word = 0;
    if (!parse_hex(text.substr(at, kWord), word)) return std::nullopt;
    std::memcpy(bytes.data() + at / 2, &word, sizeof word);
  }
  unsigned port = 0;
  if (!parse_hex(text.substr(colon + 1), port) || port > 0xffff) return std::nullopt;
  const auto family = colon == kWord ? base::Family::v4 : base::Family::v6;
  return base::Endpoint{base::IpAddress::from_bytes(family, bytes.data()),
                        static_cast<std::uint16_t>(port)};
}

}  // namespace

// Lines of /proc/net/tcp: "  0: 0100007F:1F90 00000000:0000 0A …" (proc_pid_net(5)): the local
// address and port, the remote ones, the state.
std::vector<base::Endpoint> listeners(std::string_view table, ListenTable::Protocol protocol) {
  const unsigned wanted = protocol == ListenTable::Protocol::tcp ? kListen : kClosed;
  std::vector<base::Endpoint> found;
  std::istringstream lines{std::string(table)};
  std::string line;
  std::getline(lines, line);  // the headings
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state;
    if (!(fields >> slot >> local >> remote >> state)) continue;
    if (unsigned number = 0; !parse_hex(state, number) || number != wanted) continue;
    if (const auto endpoint = parse_local(local)) found.push_back(*endpoint);
  }
  return found;
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

std::vector<base::Endpoint> ListenTable::all() const {
  std::vector<base::Endpoint> all;
  for (const base::Fd& file : files_) {
    std::string table;
    // A table that cannot be read is one without sockets.
    base::read_whole_file(file.get(), table);
    const auto some = listeners(table, protocol_);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

bool ListenTable::has(std::uint16_t port) const {
  return std::ranges::any_of(all(),
                             [port](const base::Endpoint& each) { return each.port == port; });
}

std::map<std::string, std::uint64_t> interface_counters(int netns, const std::string& name) {
  return system::in_netns(netns, [&] { return system::link_statistics(name); });
}

}  // namespace warren::lab
