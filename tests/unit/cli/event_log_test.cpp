#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "daemon_log.hpp"

namespace warren::cli {
namespace {

using protocol::Event;
using namespace std::chrono_literals;

struct Fixture {
  struct Line {
    bool problem;
    std::string text;
  };
  std::vector<Line> lines;
  std::vector<base::Instant> wake_ups;
  base::Instant now{base::Instant{1000s}};
  EventLog log{[this](bool problem, const std::string& text) {
                 lines.push_back({problem, text});
               },
               [this](base::Instant when) { wake_ups.push_back(when); }};

  void add(Event::Kind kind, std::size_t times = 1,
           protocol::HandshakeFailure failure = protocol::HandshakeFailure::wrong_mac1) {
    const Event event{.kind = kind,
                      .peer = {},
                      .remote = *base::Endpoint::parse("192.0.2.1:51820"),
                      .failure = failure};
    for (std::size_t i = 0; i < times; ++i) log.add(now, event, "bob");
  }
};

}  // namespace

TEST_CASE("an event names the peer, its address and the reason") {
  Fixture f;
  f.add(Event::Kind::handshake_failed);
  REQUIRE(f.lines.size() == 1);
  CHECK(f.lines[0].problem);
  CHECK(f.lines[0].text.find("bob (192.0.2.1:51820)") != std::string::npos);
  CHECK(f.lines[0].text.find("mac1") != std::string::npos);
}

TEST_CASE("an end that nobody answers says what may be the reason") {
  Fixture f;
  f.add(Event::Kind::handshake_retry);
  f.add(Event::Kind::handshake_failed, 1, protocol::HandshakeFailure::timed_out);
  REQUIRE(f.lines.size() == 2);
  CHECK_FALSE(f.lines[0].problem);
  CHECK(f.lines[1].problem);
  for (const auto& line : f.lines) {
    CHECK(line.text.find("another key, kind or cipher") != std::string::npos);
  }
}

TEST_CASE("a flood of events writes a burst and then their number") {
  Fixture f;
  f.add(Event::Kind::handshake_failed, 1000);
  CHECK(f.lines.size() == EventLog::kBurst);
  REQUIRE(f.wake_ups == std::vector{f.now + EventLog::kWindow});
  f.log.flush(f.wake_ups[0] - 1ns);
  CHECK(f.lines.size() == EventLog::kBurst);
  f.log.flush(f.wake_ups[0]);
  REQUIRE(f.lines.size() == EventLog::kBurst + 1);
  CHECK(f.lines.back().problem);
  CHECK(f.lines.back().text.starts_with("995 more failed handshakes: "));
  f.log.flush(f.wake_ups[0] + 1h);
  CHECK(f.lines.size() == EventLog::kBurst + 1);
}

TEST_CASE("a flood of one kind hides no event of another kind or reason") {
  Fixture f;
  f.add(Event::Kind::handshake_failed, 100);
  f.add(Event::Kind::handshake_failed, 1, protocol::HandshakeFailure::unknown_peer);
  f.add(Event::Kind::handshake_completed);
  CHECK(f.lines.size() == EventLog::kBurst + 2);
  CHECK_FALSE(f.lines.back().problem);
}

TEST_CASE("after the window events are shown again, the number of the left-out ones before them") {
  Fixture f;
  f.add(Event::Kind::endpoint_changed, EventLog::kBurst + 2);
  f.now += EventLog::kWindow;
  f.add(Event::Kind::endpoint_changed);
  REQUIRE(f.lines.size() == EventLog::kBurst + 2);
  CHECK(f.lines[EventLog::kBurst].text == "2 more changes of endpoint");
  CHECK(f.lines.back().text == "peer bob is at 192.0.2.1:51820 now");
}

}  // namespace warren::cli
