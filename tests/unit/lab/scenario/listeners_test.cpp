// Who waits for somebody, from the kernel's tables.
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include <warren/lab/probe.hpp>

using namespace warren;
using Protocol = lab::ListenTable::Protocol;

namespace {

constexpr const char* kHeadings = "  sl  local_address rem_address   st tx_queue rx_queue\n";

std::vector<std::string> texts_of(const std::string& lines, Protocol protocol) {
  std::vector<std::string> texts;
  for (const auto& each : lab::listeners(kHeadings + lines, protocol)) {
    texts.push_back(each.to_string());
  }
  return texts;
}

}  // namespace

TEST_CASE("listening TCP sockets are told with their addresses, others are not") {
  const std::string lines =
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000\n"
      "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000\n"
      "   2: 0200000A:C350 0100000A:0050 01 00000000:00000000 00:00000000\n";
  CHECK(texts_of(lines, Protocol::tcp) == std::vector<std::string>{"127.0.0.1:8080", "0.0.0.0:80"});
  CHECK(texts_of(lines, Protocol::udp).empty());
}

TEST_CASE("UDP sockets that are not connected wait for somebody") {
  const std::string lines =
      "  10: 0200000A:14E9 00000000:0000 07 00000000:00000000 00:00000000\n"
      "  11: 0200000A:14EA 0100000A:0035 01 00000000:00000000 00:00000000\n";
  CHECK(texts_of(lines, Protocol::udp) == std::vector<std::string>{"10.0.0.2:5353"});
}

TEST_CASE("addresses of IPv6 are read word by word") {
  const std::string lines =
      "   0: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0\n"
      "   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 0A 0\n";
  CHECK(texts_of(lines, Protocol::tcp) ==
        std::vector<std::string>{"[::1]:80", "[2001:db8::1]:443"});
}

TEST_CASE("broken lines of the table are left out") {
  for (const char* line :
       {"   0: 0100007F 00000000:0000 0A\n", "   0: 010000:1F90 00000000:0000 0A\n",
        "   0: 0100007G:1F90 00000000:0000 0A\n", "   0: 0100007F:1F90 00000000:0000 XX\n",
        "   0: 0100007F:11F90 00000000:0000 0A\n", "   0: 0100007F: 00000000:0000 0A\n", "\n"}) {
    CAPTURE(line);
    CHECK(texts_of(line, Protocol::tcp).empty());
  }
}
