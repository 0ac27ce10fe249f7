// What holds for a pipeline whatever its settings: handles come back once, nothing is allocated.
#include <catch2/catch_test_macros.hpp>
#include <fstream>
#include <random>

#include <warren/impair/recording.hpp>
#include <warren/impair/trace.hpp>

#include "run.hpp"
#include "support/counting_new.hpp"

using namespace warren;
using namespace warren::test;
using impair::Settings;
using impair::Verdict;

TEST_CASE("a link that is down takes nothing and loses nothing that is on its way") {
  Settings settings;
  settings.delay = 10ms;
  Run run(settings);
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
  settings.up = false;
  run.pipeline.change(settings, run.now);
  CHECK(run.send(plain_frame()).verdict == Verdict::link_down);
  run.drain();
  CHECK(run.handles() == std::vector<std::uint32_t>{0});
  settings.up = true;
  run.pipeline.change(settings, run.now);
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
}

TEST_CASE("the MTU counts what is behind the Ethernet header and its tags") {
  Settings settings;
  settings.mtu = 1280;
  Run run(settings);
  CHECK(run.send(plain_frame(1294)).verdict == Verdict::passed);
  CHECK(run.send(plain_frame(1295)).verdict == Verdict::too_big);
  CHECK(run.send(tagged(plain_frame(1294), 7)).verdict == Verdict::passed);
}

TEST_CASE("beyond the limit of frames there is an overrun, not a loss") {
  Settings settings;
  settings.delay = 10ms;
  Run run(settings, {.frames = 3, .flows = 8});
  for (int i = 0; i < 3; ++i) CHECK(run.send(plain_frame()).verdict == Verdict::passed);
  CHECK(run.send(plain_frame()).verdict == Verdict::overrun);
  run.drain();
  CHECK(run.send(plain_frame()).verdict == Verdict::passed);
}

TEST_CASE("time that goes back counts as the latest seen") {
  Settings settings;
  settings.delay = 10ms;
  Run run(settings);
  run.advance_to(5ms);
  Frame frame = plain_frame();
  run.pipeline.admit(kStart + 2ms, frame, impair::FrameHandle(7));
  CHECK(run.pipeline.next_due() == kStart + 15ms);
}

TEST_CASE("settings that change nothing pass all, others do not") {
  const auto with = [](auto change) {
    Settings settings;
    change(settings);
    return settings.passes_all();
  };
  CHECK(Settings{}.passes_all());
  CHECK(with([](Settings& s) { s.loss = impair::BernoulliLoss{0}; }));
  CHECK(with([](Settings& s) { s.loss = impair::GilbertElliottLoss{.p = 0, .r = 0}; }));
  CHECK(with([](Settings& s) { s.jitter = impair::Jitter{}; }));
  CHECK(with([](Settings& s) { s.queue.bytes = 5; }));                  // of no rate
  CHECK(with([](Settings& s) { s.reorder = {.p = 1, .ahead = {}}; }));  // without a delay
  CHECK_FALSE(with([](Settings& s) { s.up = false; }));
  CHECK_FALSE(with([](Settings& s) { s.delay = 1ns; }));
  CHECK_FALSE(with([](Settings& s) { s.jitter = {1ns, impair::Distribution::uniform}; }));
  CHECK_FALSE(with([](Settings& s) { s.loss = impair::BernoulliLoss{1e-9}; }));
  CHECK_FALSE(with([](Settings& s) { s.loss = impair::GilbertElliottLoss{.p = 1e-9}; }));
  CHECK_FALSE(with([](Settings& s) {
    s.loss = impair::GilbertElliottLoss{.p = 0, .r = 1, .loss_bad = 1, .loss_good = 1e-9};
  }));
  CHECK_FALSE(with([](Settings& s) { s.duplicate = 1e-9; }));
  CHECK_FALSE(with([](Settings& s) { s.corrupt = 1e-9; }));
  CHECK_FALSE(with([](Settings& s) { s.rate_bps = 1; }));
  CHECK_FALSE(with([](Settings& s) {
    s.trace = std::make_shared<impair::Trace>(impair::Trace::parse("1\n").value());
  }));
  CHECK_FALSE(with([](Settings& s) { s.drop = {{}}; }));
  CHECK_FALSE(with([](Settings& s) { s.mtu = 1500; }));
}

namespace {

/// Settings of every kind, by chance.
Settings any_settings(std::mt19937& random) {
  const auto chance = [&] { return static_cast<double>(random() % 1000) / 1000; };
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  Settings settings;
  settings.up = !one_in(10);
  settings.delay = base::Duration(random() % 20'000'000);
  if (one_in(2)) {
    settings.jitter = {base::Duration(random() % 10'000'000),
                       static_cast<impair::Distribution>(random() % 3)};
  }
  if (one_in(3))
    settings.loss = impair::BernoulliLoss{chance() / 4};
  else if (one_in(2))
    settings.loss = impair::GilbertElliottLoss{chance() / 4, chance(), 0.9, 0.01};
  if (one_in(2)) settings.duplicate = chance() / 2;
  if (one_in(2)) settings.reorder = impair::Reordering{.p = chance() / 2, .ahead = {}};
  if (one_in(2)) settings.corrupt = chance();
  if (one_in(2)) settings.rate_bps = 1'000'000 + random() % 100'000'000;
  if (one_in(4)) {
    settings.trace = std::make_shared<impair::Trace>(impair::Trace::parse("1\n1\n3\n7\n").value());
  }
  if (one_in(2)) settings.queue.discipline = impair::Discipline::codel;
  if (one_in(2)) settings.queue.bytes = random() % 100'000;
  if (one_in(2)) settings.drop = {{impair::Selector::Kind::udp, 1 + random() % 100}};
  if (one_in(4)) settings.mtu = static_cast<std::uint32_t>(200 + random() % 1500);
  return settings;
}

}  // namespace

TEST_CASE("every handle that is taken comes back exactly once with the last of its copies") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    impair::Pipeline link({seed, "wan", 0}, any_settings(random), {.frames = 64, .flows = 8},
                          kStart);
    std::vector<int> copies(2000), expected(2000), lasts(2000);
    base::Instant now = kStart;
    const auto take = [&] {
      while (const auto gone = link.pop(now)) {
        REQUIRE(gone->due <= now);
        REQUIRE(gone->due >= kStart);
        const auto handle = gone->frame.value();
        REQUIRE(lasts.at(handle) == 0);
        ++copies.at(handle);
        if (gone->last) ++lasts.at(handle);
      }
      const auto due = link.next_due();
      REQUIRE((!due || *due > now));
      REQUIRE(due.has_value() == (link.held() > 0));
    };
    std::uint32_t taken = 0;
    for (std::uint32_t handle = 0; handle < copies.size(); ++handle) {
      Frame frame = udp_frame({"10.0.0.1", static_cast<std::uint16_t>(random() % 12)},
                              {"10.0.0.2", 9}, 60 + random() % 1455);
      const auto fate = link.admit(now, frame, impair::FrameHandle(handle));
      if (fate.verdict == Verdict::passed) {
        expected[handle] = fate.duplicated ? 2 : 1;
        ++taken;
      }
      REQUIRE(link.held() <= 64);
      if (random() % 3 != 0) now += base::Duration(random() % 1'000'000);
      if (random() % 2 == 0) take();
      if (random() % 200 == 0) link.change(any_settings(random), now);
    }
    CHECK(taken > 100);
    Settings settings = any_settings(random);
    settings.up = true;
    link.change(settings, now);
    while (const auto due = link.next_due()) {
      now = std::max(now, *due);
      take();
    }
    CHECK(copies == expected);
    CHECK(std::ranges::count(lasts, 1) == taken);
    CHECK(link.held() == 0);
    CHECK(link.queued_bytes() == 0);
  }
}

TEST_CASE("departures do not depend on how often the pipeline is asked") {
  std::mt19937 choice(5);
  for (int round = 0; round < 30; ++round) {
    CAPTURE(round);
    Settings settings = any_settings(choice);
    settings.up = true;
    const auto outcome = [&](unsigned every) {
      std::mt19937 random(9);
      Run run(settings, {4096, 16});
      for (unsigned i = 0; i < 1000; ++i) {
        const Frame frame = plain_frame(100 + random() % 1400);
        run.now += base::Duration(random() % 500'000);
        if (i % every == 0) run.advance_to(run.now - kStart);
        run.send(frame);
      }
      run.drain();
      std::vector<std::pair<std::uint32_t, base::Instant>> result;
      for (const Left& gone : run.left) result.emplace_back(gone.handle, gone.at);
      std::ranges::sort(result);
      return result;
    };
    CHECK(outcome(1) == outcome(97));
  }
}

TEST_CASE("admit, pop and next_due allocate nothing") {
  std::mt19937 random(3);
  Settings settings;
  settings.delay = 1ms;
  settings.jitter = {1ms, impair::Distribution::normal};
  settings.loss = impair::GilbertElliottLoss{.p = 0.1, .r = 0.3};
  settings.duplicate = 0.2;
  settings.corrupt = 0.2;
  settings.reorder = {.p = 0.2, .ahead = {}};
  settings.rate_bps = 100'000'000;
  settings.queue.discipline = impair::Discipline::codel;
  settings.drop = {{impair::Selector::Kind::any, 5}};
  const auto replay =
      std::make_shared<impair::Recording>(impair::Recording::parse("wan 0 1 1 lost\n").value());
  impair::Pipeline link({1, "wan", 0}, settings, {.frames = 256, .flows = 64}, kStart, replay);
  std::vector<Frame> frames;
  for (std::uint16_t port = 40'000; port < 40'200; ++port) {
    frames.push_back(tcp_frame({"10.0.0.1", port}, {"10.0.0.2", 80}, kSyn, 500));
  }
  std::uint64_t left = 0;
  base::Instant now = kStart;
  const unsigned allocations = allocations_in([&] {
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      link.admit(now, frames[i % frames.size()], impair::FrameHandle(i));
      now += 20us;
      while (link.pop(now)) ++left;
      if (const auto due = link.next_due()) now = std::max(now, std::min(*due, now + 50us));
    }
  });
  CHECK(allocations == 0);
  CHECK(left > 5000);
}

TEST_CASE("two hundred pipelines with the default limits cost little before they are used") {
  const auto resident_pages = [] {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    statm >> size >> resident;
    REQUIRE(statm.good());
    return resident;
  };
  const std::uint64_t before = resident_pages();
  std::vector<std::unique_ptr<impair::Pipeline>> links;
  for (std::uint64_t i = 0; i < 200; ++i) {
    links.push_back(std::make_unique<impair::Pipeline>(impair::StreamKey{i, "wan", 0}, Settings{},
                                                       impair::Limits{}, kStart));
  }
  Frame frame = plain_frame();
  for (auto& link : links) link->admit(kStart, frame, impair::FrameHandle(0));
  // Each has touched a page or two of each of its arrays (a sanitizer adds some of its own).
  CHECK(resident_pages() - before < 200 * 40);
}
