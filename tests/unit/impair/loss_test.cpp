// Which frames are lost: Bernoulli; the chain of Gilbert, "Capacity of a Burst-Noise Channel"
// (1960), and Elliott, "Estimates of Error Rates for Codes on Burst-Noise Channels" (1963); exact
// packets.
#include <catch2/catch_test_macros.hpp>

#include "run.hpp"
#include "statistics.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

namespace {

constexpr std::uint64_t kMillion = 1'000'000;

Settings losing(Loss loss) {
  Settings settings;
  settings.loss = loss;
  return settings;
}

/// Which of so many frames of one flow are lost.
std::vector<bool> losses(Run& run, std::uint64_t frames, Frame frame = plain_frame()) {
  std::vector<bool> lost;
  for (std::uint64_t i = 0; i < frames; ++i) {
    lost.push_back(run.send_in_place(frame).verdict == Verdict::lost);
    while (run.pipeline.pop(run.now)) {
    }
  }
  return lost;
}
std::uint64_t count(const std::vector<bool>& lost) {
  return static_cast<std::uint64_t>(std::ranges::count(lost, true));
}

/// Lengths of runs of `value`, 1 to bins - 1 and longer, against those of a geometric distribution
/// that ends with `stop`.
double runs_against_geometric(const std::vector<bool>& lost, bool value, double stop,
                              std::size_t bins) {
  std::vector<double> counts(bins), expected(bins);
  double runs = 0;
  for (std::size_t i = 0; i < lost.size();) {
    std::size_t end = i;
    while (end < lost.size() && lost[end] == lost[i]) ++end;
    if (lost[i] == value && i != 0 && end != lost.size()) {
      ++counts[std::min(end - i, bins) - 1];
      ++runs;
    }
    i = end;
  }
  for (std::size_t i = 0; i + 1 < bins; ++i) {
    expected[i] = runs * stop * std::pow(1 - stop, static_cast<double>(i));
  }
  expected[bins - 1] = runs * std::pow(1 - stop, static_cast<double>(bins - 1));
  return chi_square(counts, expected);
}

}  // namespace

TEST_CASE("of a million packets a Bernoulli loss of 1% takes its share, independently") {
  Run run(losing(BernoulliLoss{0.01}));
  const auto lost = losses(run, kMillion);
  CHECK(inside_999_binomial(count(lost), kMillion, 0.01));
  CHECK(runs_against_geometric(lost, true, 0.99, 3) < chi_square_999(2));
  CHECK(runs_against_geometric(lost, false, 0.01, 300) < chi_square_999(299));
}

TEST_CASE("of a million packets a Gilbert loss takes its share, in bursts") {
  const double p = 0.01, r = 0.3;
  Run run(losing(GilbertElliottLoss{.p = p, .r = r}));
  const auto lost = losses(run, kMillion);
  // The losses are correlated: the k-th covariance is share (1 - share) (1 - p - r)^k.
  const double share = p / (p + r);
  const double correlation = 1 - p - r;
  const double variance = share * (1 - share) * (1 + correlation) / (1 - correlation);
  const double n = static_cast<double>(kMillion);
  CHECK(inside_999(static_cast<double>(count(lost)), n * share, n * variance));
  CHECK(runs_against_geometric(lost, true, r, 16) < chi_square_999(15));
  CHECK(runs_against_geometric(lost, false, p, 300) < chi_square_999(299));
}

TEST_CASE("of a million packets a Gilbert-Elliott loss takes its share in both states") {
  const GilbertElliottLoss chain{.p = 0.02, .r = 0.2, .loss_bad = 0.6, .loss_good = 0.005};
  Run run(losing(chain));
  const auto lost = losses(run, kMillion);
  const double bad = chain.p / (chain.p + chain.r);
  const double share = bad * chain.loss_bad + (1 - bad) * chain.loss_good;
  const double correlation = 1 - chain.p - chain.r;
  const double distance = chain.loss_bad - chain.loss_good;
  const double variance = share * (1 - share) + 2 * distance * distance * bad * (1 - bad) *
                                                    correlation / (1 - correlation);
  const double n = static_cast<double>(kMillion);
  CHECK(inside_999(static_cast<double>(count(lost)), n * share, n * variance));
}

TEST_CASE("a short flow loses as much as a long one") {
  Run run(losing(GilbertElliottLoss{.p = 0.05, .r = 0.2}), {1024, 100'000});
  std::uint64_t first = 0;
  constexpr std::uint64_t kFlows = 30'000;
  for (std::uint16_t i = 0; i < kFlows; ++i) {
    const auto fate = run.send(udp_frame({"10.0.0.1", i}, {"10.0.0.2", 1000}));
    if (fate.verdict == Verdict::lost)
      ++first;
    else
      run.drain();
    REQUIRE(fate.number == 1);
  }
  CHECK(inside_999_binomial(first, kFlows, 0.2));
}

TEST_CASE("the same seed gives a flow the same verdicts beside 10,000 unrelated packets") {
  const Loss loss = GilbertElliottLoss{.p = 0.05, .r = 0.3, .loss_bad = 0.8, .loss_good = 0.01};
  Run alone(losing(loss));
  const auto expected = losses(alone, 5000);
  Run crowded(losing(loss));
  std::vector<bool> lost;
  for (std::uint16_t i = 0; i < 5000; ++i) {
    for (std::uint16_t other = 0; other < 2; ++other) {
      const auto port = static_cast<std::uint16_t>(i % 100 + other);
      crowded.send(tcp_frame({"10.0.0.3", port}, {"10.0.0.2", 80}, kAck));
    }
    lost.push_back(crowded.send(plain_frame()).verdict == Verdict::lost);
    crowded.drain();
  }
  CHECK(count(expected) > 500);
  CHECK(lost == expected);
}

TEST_CASE("another seed, link or direction gives other verdicts") {
  const Settings settings = losing(BernoulliLoss{0.5});
  const auto with = [&](const StreamKey& key) {
    Run run(settings, {16, 16}, key);
    return losses(run, 200);
  };
  const auto one = with({1, "wan", 0});
  CHECK(with({1, "wan", 0}) == one);
  CHECK(with({2, "wan", 0}) != one);
  CHECK(with({1, "lan", 0}) != one);
  CHECK(with({1, "wan", 1}) != one);
}

TEST_CASE("the bounds of a probability are exact") {
  Run none(losing(BernoulliLoss{0}));
  CHECK(count(losses(none, 1000)) == 0);
  Run all(losing(BernoulliLoss{1}));
  CHECK(count(losses(all, 1000)) == 1000);
  Run bad(losing(GilbertElliottLoss{.p = 1, .r = 0}));
  CHECK(count(losses(bad, 1000)) == 1000);
}

TEST_CASE("an outage does not shift the dice of what comes after it") {
  Settings settings = losing(GilbertElliottLoss{.p = 0.1, .r = 0.3});
  Run steady(settings);
  const auto expected = losses(steady, 300);
  Run run(settings);
  auto lost = losses(run, 100);
  settings.up = false;
  run.pipeline.change(settings, run.now);
  for (const bool one : losses(run, 100)) lost.push_back(one);
  settings.up = true;
  run.pipeline.change(settings, run.now);
  for (const bool one : losses(run, 100)) lost.push_back(one);
  CHECK(std::equal(lost.begin(), lost.begin() + 100, expected.begin()));
  CHECK(std::count(lost.begin() + 100, lost.begin() + 200, true) == 0);
  CHECK(std::equal(lost.begin() + 200, lost.end(), expected.begin() + 200));
}

TEST_CASE("selectors name the n-th packet of each flow") {
  Settings settings;
  settings.drop = {{Selector::Kind::udp, 3}, {Selector::Kind::tcp_syn, 1}};
  Run run(settings);
  const auto verdict = [&](const Frame& frame) {
    const auto fate = run.send(frame);
    run.drain();
    return fate.verdict;
  };
  const Frame udp = udp_frame({"10.0.0.1", 5000}, {"10.0.0.2", 6000});
  const Frame other = udp_frame({"fd00::1", 5000}, {"fd00::2", 6000});
  CHECK(verdict(udp) == Verdict::passed);
  CHECK(verdict(udp) == Verdict::passed);
  CHECK(verdict(other) == Verdict::passed);
  CHECK(verdict(udp) == Verdict::selected);
  CHECK(verdict(udp) == Verdict::passed);
  CHECK(verdict(other) == Verdict::passed);
  CHECK(verdict(other) == Verdict::selected);
  const Host client{"10.0.0.1", 40'000};
  const Host server{"10.0.0.2", 80};
  CHECK(verdict(tcp_frame(client, server, kSyn)) == Verdict::selected);
  CHECK(verdict(tcp_frame(client, server, kSyn)) == Verdict::passed);
  CHECK(verdict(tcp_frame({"10.0.0.1", 40'001}, server, kSyn)) == Verdict::selected);
}

TEST_CASE("each kind of selector counts its own packets") {
  const Host client{"10.0.0.1", 1000};
  const Host server{"10.0.0.2", 80};
  const Frame arp = [] {
    Frame frame(42);
    base::store_be(&frame[12], std::uint16_t{0x0806});
    base::store_be(&frame[16], std::uint16_t{0x0800});
    return frame;
  }();
  const std::vector<Frame> frames{
      tcp_frame(client, server, kSyn),
      tcp_frame(client, server, kAck),
      tcp_frame(client, server, kFin | kAck),
      tcp_frame(client, server, kAck),
      tcp_frame(client, server, kRst),
      tcp_frame(client, server, kSyn | kAck),
      udp_frame(client, server),
      ip_frame(client, server, 1, 98),
      ip_frame({"fd00::1"}, {"fd00::2"}, 58, 98),
      arp,
      ip_frame(client, server, 253, 98),
  };
  struct Case {
    Selector selector;
    std::vector<std::size_t> dropped;
  };
  using Is = Selector::Kind;
  const std::vector<Case> cases{
      {{Is::any, 1}, {0, 6, 7, 8, 9, 10}},
      {{Is::any, 3}, {2}},
      {{Is::tcp, 4}, {3}},
      {{Is::tcp_syn, 1}, {0}},
      {{Is::tcp_syn, 2}, {5}},
      {{Is::tcp_fin, 1}, {2}},
      {{Is::tcp_rst, 1}, {4}},
      {{Is::udp, 1}, {6}},
      {{Is::icmp, 1}, {7, 8}},
      {{Is::arp, 1}, {9}},
      {{Is::udp, 2}, {}},
  };
  for (std::size_t number = 0; number < cases.size(); ++number) {
    CAPTURE(number);
    Settings settings;
    settings.drop = {cases[number].selector};
    Run run(settings);
    std::vector<std::size_t> dropped;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      if (run.send(frames[i]).verdict == Verdict::selected) dropped.push_back(i);
      run.drain();
    }
    CHECK(dropped == cases[number].dropped);
  }
}
