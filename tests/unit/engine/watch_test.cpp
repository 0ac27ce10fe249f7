// The engine as its owner's event loop.
#include <sys/eventfd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <memory>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

/// An engine on this thread, in a namespace of its own.
template <class Work>
void with_engine(Work&& work) {
  TestNetns netns;
  netns.run([&] {
    crypto::Aead aead(crypto::available_backends().front());
    protocol::Device device({}, aead, crypto::system_random());
    system::TunDevice tun({.name = "tun0"});
    engine::Engine engine({}, device, tun);
    work(engine);
  });
}

}  // namespace

TEST_CASE("a watch is level-triggered: it is called again until the data is read") {
  requires_root();
  int calls = 0;
  with_engine([&](engine::Engine& engine) {
    const base::Fd fd(::eventfd(1, EFD_NONBLOCK));
    engine.watch(fd.get(), POLLIN, [&](short) {
      if (++calls < 3) return;
      std::uint64_t value = 0;
      [[maybe_unused]] const auto bytes = ::read(fd.get(), &value, sizeof value);
    });
    engine.call_at(system::boot_now() + 100ms, [&] { engine.stop(); });
    engine.run();
  });
  CHECK(calls == 3);
}

TEST_CASE("a watch that was ended is not called, not even when it was ready already") {
  requires_root();
  int calls = 0;
  with_engine([&](engine::Engine& engine) {
    base::Fd first(::eventfd(1, EFD_NONBLOCK));
    base::Fd second(::eventfd(1, EFD_NONBLOCK));
    engine::WatchId one;
    engine::WatchId two;
    // Both are ready: whichever is called first ends both.
    const auto end_both = [&](short) {
      ++calls;
      engine.unwatch(one);
      engine.unwatch(two);
      first.reset();
      second.reset();
    };
    one = engine.watch(first.get(), POLLIN, end_both);
    two = engine.watch(second.get(), POLLIN, end_both);
    engine.call_at(system::boot_now() + 100ms, [&] { engine.stop(); });
    engine.run();
  });
  CHECK(calls == 1);
}

TEST_CASE("an engine ends at once after the end of its watches") {
  requires_root();
  auto shortest = base::Duration::max();
  for (int round = 0; round < 3; ++round) {
    TestNetns netns;
    netns.run([&] {
      crypto::Aead aead(crypto::available_backends().front());
      protocol::Device device({}, aead, crypto::system_random());
      system::TunDevice tun({.name = "tun0"});
      const base::Fd fd(::eventfd(0, EFD_NONBLOCK));
      auto engine = std::make_unique<engine::Engine>(engine::EngineOptions{}, device, tun);
      const auto watch = engine->watch(fd.get(), POLLIN, [](short) {});
      engine->call_at(system::boot_now(), [&] { engine->stop(); });
      engine->run();
      engine->unwatch(watch);
      const auto start = system::boot_now();
      engine.reset();
      shortest = std::min<base::Duration>(shortest, system::boot_now() - start);
    });
  }
  // An operation that is waited for in vain costs a second.
  CHECK(shortest < 500ms);
}

TEST_CASE("a changed watch waits for the new events") {
  requires_root();
  std::vector<short> seen;
  with_engine([&](engine::Engine& engine) {
    const base::Fd fd(::eventfd(0, EFD_NONBLOCK));
    engine::WatchId watch;
    watch = engine.watch(fd.get(), POLLIN, [&](short events) {
      seen.push_back(events);
      engine.unwatch(watch);
    });
    engine.call_at(system::boot_now() + 20ms, [&] {
      CHECK(seen.empty());
      engine.change_watch(watch, POLLOUT);
    });
    engine.call_at(system::boot_now() + 100ms, [&] { engine.stop(); });
    engine.run();
  });
  CHECK(seen == std::vector<short>{POLLOUT});
}

TEST_CASE("calls come in the order of their times, never early, and not when they were ended") {
  requires_root();
  std::vector<int> order;
  bool early = false;
  with_engine([&](engine::Engine& engine) {
    const auto start = system::boot_now();
    const auto call = [&](int number, base::Duration after) {
      return engine.call_at(start + after, [&, number, due = start + after] {
        order.push_back(number);
        early = early || system::boot_now() < due;
      });
    };
    call(3, 60ms);
    call(1, 20ms);
    engine.unwatch(call(4, 30ms));
    call(2, 40ms);
    engine.call_at(start + 80ms, [&] { engine.stop(); });
    engine.run();
  });
  CHECK(order == std::vector<int>{1, 2, 3});
  CHECK_FALSE(early);
}

TEST_CASE("an exception from a callback leaves run, and the engine can run again") {
  requires_root();
  bool second = false;
  with_engine([&](engine::Engine& engine) {
    engine.call_at(system::boot_now(), [] { throw base::Error("on purpose"); });
    bool thrown = false;
    try {
      engine.run();
    } catch (const base::Error&) {
      thrown = true;
    }
    CHECK(thrown);
    engine.call_at(system::boot_now() + 5ms, [&] {
      second = true;
      engine.stop();
    });
    engine.run();
  });
  CHECK(second);
}

TEST_CASE("a stop that comes before run makes it return at once, and the next run goes on") {
  requires_root();
  bool late = false;
  bool ran_again = false;
  with_engine([&](engine::Engine& engine) {
    const auto end = engine.call_at(system::boot_now() + 2s, [&] {
      late = true;
      engine.stop();
    });
    engine.stop();
    engine.run();
    engine.unwatch(end);
    engine.call_at(system::boot_now() + 5ms, [&] {
      ran_again = true;
      engine.stop();
    });
    engine.run();
  });
  CHECK_FALSE(late);
  CHECK(ran_again);
}
