// Arbitrary bytes to the userspace API on a device, cut into pieces at arbitrary places. Whatever
// comes in, every answer is well-formed, and what `get` shows can be set again and shows the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <warren/base/assert.hpp>
#include <warren/control/uapi.hpp>

#include "unit/control/fake_host.hpp"

namespace {

using warren::control::UapiSession;
using warren::test::FakeHost;

void feed_all(UapiSession& session, std::string_view in, std::string& out) {
  while (!in.empty()) {
    const std::size_t used = session.feed(in, out);
    WARREN_ASSERT(used > 0 && used <= in.size(), "used={} of {}", used, in.size());
    in.remove_prefix(used);
  }
}

std::string shown(FakeHost& host) {
  UapiSession session(host);
  std::string out;
  feed_all(session, "get=1\n\n", out);
  WARREN_ASSERT(out.ends_with("errno=0\n\n"), "{}", out);
  out.resize(out.size() - std::string_view("errno=0\n\n").size());
  return out;
}

// The lines of `get` that `set` does not take.
bool is_statistic(std::string_view line) {
  return line.starts_with("last_handshake") || line.starts_with("tx_") || line.starts_with("rx_");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte is the length of the pieces.
  const std::size_t piece = std::size_t{data[0]} + 1;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  FakeHost host;
  {
    UapiSession session(host);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      feed_all(session, text.substr(at, piece), out);
    }
    session.end_of_input(out);
    WARREN_ASSERT(out.empty() || out.ends_with("\n\n"), "{}", out);
  }
  const std::string before = shown(host);
  FakeHost copy;
  std::string request = "set=1\n";
  std::string_view rest = before;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!is_statistic(line)) request += line;
  }
  UapiSession session(copy);
  std::string out;
  feed_all(session, request + "\n", out);
  WARREN_ASSERT(out == "errno=0\n\n", "{} for {}", out, request);
  WARREN_ASSERT(shown(copy) == before, "{} is not {}", shown(copy), before);
  return 0;
}
