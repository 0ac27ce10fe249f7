// A loop that hands frames from each of two TAP devices to the other, between two namespaces:
//
//   namespace left                                    namespace right
//   sockets - TAP eth0 10.7.0.1  ...FrameLoop...  TAP eth0 10.7.0.2 - sockets
#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <memory>
#include <thread>

#include <warren/engine/frame_loop.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/netlink.hpp>

#include "support/netns.hpp"
#include "support/traffic.hpp"

using namespace warren;
using namespace warren::test;
using engine::FrameDevice;
using engine::FrameLoop;

namespace {

/// Hands on what comes, and keeps appointments.
class Echo final : public engine::FrameSink {
 public:
  void on_frame(FrameDevice device, const packet::VirtioHeader& header, base::ConstBytes frame,
                base::Instant) override {
    ++frames;
    const FrameDevice other{1 - device.value()};
    if (loop->write(other, header, std::span(&frame, 1)) != 0) ++refused;
  }
  std::optional<base::Instant> on_turn(base::Instant now) override {
    ++turns;
    if (appointment != base::Instant{} && now >= appointment) {
      late = now - appointment;
      kept = true;
      appointment = {};
    }
    if (appointment == base::Instant{}) return std::nullopt;
    return appointment;
  }
  void on_wake() override {
    ++wakes;
    appointment = system::boot_now() + 20ms;
  }
  void on_gone(FrameDevice device) override { gone = static_cast<int>(device.value()); }

  FrameLoop* loop = nullptr;
  base::Instant appointment{};
  base::Duration late{};
  std::atomic<bool> kept = false;
  std::atomic<unsigned> frames = 0, refused = 0, turns = 0, wakes = 0;
  std::atomic<int> gone = -1;
};

class Bridge {
 public:
  explicit Bridge(engine::FrameLoopOptions options = {}) {
    for (const int end : {0, 1}) {
      const auto where = party(end);
      auto& tap = taps_[static_cast<std::size_t>(end)];
      tap = where.netns->run([&] {
        std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << "1\n";
        auto made = std::make_unique<system::TunDevice>(
            system::TunOptions{.name = "eth0", .kind = system::TunKind::tap});
        system::Netlink netlink;
        const auto index = netlink.link_index("eth0");
        netlink.add_address(index, *base::InterfaceAddress::parse(where.address + "/24"));
        netlink.set_link_up(index, true);
        return made;
      });
      options.devices.push_back(tap.get());
    }
    std::atomic<bool> ready = false;
    thread_ = std::thread([this, options, &ready] {
      FrameLoop loop(options, echo);
      echo.loop = &loop;
      ready = true;
      loop.run();
      statistics = loop.statistics();
    });
    while (!ready) std::this_thread::sleep_for(1ms);
  }
  ~Bridge() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    echo.loop->stop();
    thread_.join();
  }
  [[nodiscard]] Party party(int end) const {
    return {end == 0 ? &left_ : &right_, end == 0 ? "10.7.0.1" : "10.7.0.2", {}};
  }

  Echo echo;
  FrameLoop::Statistics statistics;

 private:
  TestNetns left_, right_;
  std::array<std::unique_ptr<system::TunDevice>, 2> taps_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("frames and super-packets cross a frame loop, with multishot reads and without") {
  requires_root();
  for (const bool multishot : {true, false}) {
    CAPTURE(multishot);
    Bridge bridge({.multishot = multishot});
    CHECK(datagram_passes(bridge.party(0), bridge.party(1)));
    CHECK(stream_passes(bridge.party(0), bridge.party(1), 32 << 20));
    CHECK(stream_passes(bridge.party(1), bridge.party(0), 32 << 20));
    CHECK(bridge.echo.refused == 0);
    bridge.stop();
    CHECK(bridge.statistics.reads == bridge.echo.frames);
    CHECK(bridge.statistics.writes == bridge.echo.frames);
  }
}

TEST_CASE("a frame loop wakes for calls and for the moment asked for, and for nothing else") {
  requires_root();
  for (const bool wake_early : {true, false}) {
    CAPTURE(wake_early);
    Bridge bridge({.wake_early = wake_early});
    REQUIRE(datagram_passes(bridge.party(0), bridge.party(1)));
    base::Duration least_late = 1s;
    for (unsigned wakes = 1; wakes <= 3; ++wakes) {
      bridge.echo.kept = false;
      bridge.echo.loop->wake();
      REQUIRE(eventually([&] { return bridge.echo.kept.load(); }));
      CHECK(bridge.echo.wakes == wakes);
      CHECK(bridge.echo.late >= 0ms);
      least_late = std::min(least_late, bridge.echo.late);
    }
    CHECK(least_late < 20ms);  // a thread may be kept from running once, not each time
    const unsigned turns = bridge.echo.turns;
    std::this_thread::sleep_for(200ms);
    CHECK(bridge.echo.turns == turns);
    bridge.stop();
  }
}

TEST_CASE("a device that is down or deleted refuses frames, and the loop goes on") {
  requires_root();
  for (const bool multishot : {true, false}) {
    CAPTURE(multishot);
    Bridge bridge({.multishot = multishot});
    REQUIRE(datagram_passes(bridge.party(0), bridge.party(1)));
    system::Netlink netlink(bridge.party(1).netns->fd());
    const auto index = netlink.link_index("eth0");
    const auto sender = bound_socket(bridge.party(0), SOCK_DGRAM, "10.7.0.1:0");
    netlink.set_link_up(index, false);
    send_to(sender, "10.7.0.2:7000", pattern(100, 1));
    CHECK(eventually([&] { return bridge.echo.refused > 0; }));
    netlink.set_link_up(index, true);
    CHECK(datagram_passes(bridge.party(0), bridge.party(1)));
    const unsigned refused = bridge.echo.refused;
    netlink.delete_link(index);
    CHECK(eventually([&] {
      send_to(sender, "10.7.0.2:7000", pattern(100, 1));
      return bridge.echo.refused > refused;
    }));
    bridge.echo.loop->wake();
    CHECK(eventually([&] { return bridge.echo.kept.load(); }));
  }
}
