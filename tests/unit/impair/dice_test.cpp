// Randomness as a function, and the shapes that jitter takes.
#include "../../../src/impair/dice.hpp"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <set>

#include "../../../src/impair/distribution.hpp"
#include "statistics.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

TEST_CASE("Philox2x64-10 gives the known answers of its authors") {
  // The files that come with Random123, examples/kat_vectors.
  CHECK(philox2x64({0, 0}, 0) == Roll{0xca00a0459843d731, 0x66c24222c9a845b5});
  CHECK(philox2x64({~0ULL, ~0ULL}, ~0ULL) == Roll{0x65b021d60cd8310f, 0x4d02f3222f86df20});
  CHECK(philox2x64({0x243f6a8885a308d3, 0x13198a2e03707344}, 0xa4093822299f31d0) ==
        Roll{0x0a5e742c2997341c, 0xb0f883d38000de5d});
}

TEST_CASE("seed, link, direction, flow, number and purpose each choose other dice") {
  std::set<std::uint64_t> seen;
  std::size_t rolls = 0;
  for (const std::uint64_t seed : {0ULL, 1ULL, 1ULL << 32U}) {
    for (const std::string_view link : {"", "a", "b", "alice-gate", "alice-gate2", "gate-alice"}) {
      for (const std::uint8_t direction : {std::uint8_t{0}, std::uint8_t{1}}) {
        const Dice dice({seed, link, direction});
        for (const std::uint64_t flow : {1ULL, 2ULL, 1ULL << 63U}) {
          for (const std::uint64_t number : {1ULL, 2ULL, 1ULL << 40U}) {
            for (const Purpose purpose : {Purpose::loss, Purpose::jitter, Purpose::copy_jitter}) {
              const Roll roll = dice.roll(flow, number, purpose);
              seen.insert(roll.first);
              seen.insert(roll.second);
              rolls += 2;
            }
          }
        }
      }
    }
  }
  CHECK(seen.size() == rolls);
  const StreamKey key{7, "wan", 1};
  CHECK(Dice(key).roll(3, 4, Purpose::loss) == Dice(key).roll(3, 4, Purpose::loss));
}

TEST_CASE("rolls of neighbouring frames are spread evenly and do not lean on each other") {
  constexpr std::size_t kBins = 32;
  constexpr std::size_t kFrames = 200'000;
  const Dice dice({1, "wan", 0});
  std::vector<double> pairs(kBins * kBins);
  double last = 0;
  for (std::size_t i = 1; i <= kFrames; ++i) {
    const double value = unit(dice.roll(99, i, Purpose::loss).first);
    // Overlapping pairs would not be independent.
    if (i % 2 == 0) {
      ++pairs[static_cast<std::size_t>(last * kBins) * kBins +
              static_cast<std::size_t>(value * kBins)];
    }
    last = value;
  }
  const std::vector<double> expected(pairs.size(), kFrames / 2.0 / (kBins * kBins));
  CHECK(chi_square(pairs, expected) < chi_square_999(pairs.size() - 1));
}

TEST_CASE("unit numbers stay inside their interval") {
  CHECK(unit(0) == 0);
  CHECK(unit(~0ULL) < 1);
  CHECK(open_unit(0) > 0);
  CHECK(open_unit(~0ULL) < 1);
  CHECK(open_unit(0) == 1 - open_unit(~0ULL));
}

TEST_CASE("the normal quantile is the inverse of the distribution function") {
  CHECK(normal_quantile(0.5) == 0);
  // Central, tail and far tail each have coefficients of their own.
  for (const double p : {0.4, 0.2, 0.08, 0.07, 1e-3, 1e-6, 1e-10, 1.4e-11, 1e-12, 1e-16}) {
    const double x = normal_quantile(p);
    CHECK(normal_cdf(x) == Catch::Approx(p).epsilon(1e-12));
    if (p > 1e-10) CHECK(normal_quantile(1 - p) == Catch::Approx(-x).epsilon(1e-5));
  }
}

TEST_CASE("the pareto quantile has the shape and the bounds of tc-netem's table") {
  // iproute2's netem/paretotable: first and last value, and one between, in units of 1/8192.
  CHECK(pareto_quantile(1) == Catch::Approx(-5461 / 8192.0).epsilon(1e-4));
  CHECK(pareto_quantile(1e-9) == 32767 / 8192.0);
  CHECK(pareto_quantile(0.125) == Catch::Approx(4.0 / 3 * 0.5));
}

TEST_CASE("samples follow their distribution") {
  const Dice dice({5, "wan", 0});
  const auto samples_of = [&](Distribution distribution) {
    std::vector<double> samples;
    for (std::uint64_t i = 1; i <= 100'000; ++i) {
      samples.push_back(sample(distribution, dice.roll(1, i, Purpose::jitter).first));
    }
    return samples;
  };
  CHECK(kolmogorov_distance(samples_of(Distribution::uniform),
                            [](double x) { return (x + 1) / 2; }) < kKolmogorov999);
  CHECK(kolmogorov_distance(samples_of(Distribution::normal), normal_cdf) < kKolmogorov999);
  // P(x <= t) = 1 - (3/4 t + 3/2)^-3; what the table cuts off lies at its end.
  auto pareto = samples_of(Distribution::pareto);
  const auto cut = std::ranges::partition(pareto, [](double x) { return x < 32767 / 8192.0; });
  const auto clipped = static_cast<std::uint64_t>(cut.size());
  const double beyond = std::pow(0.75 * 32767 / 8192.0 + 1.5, -3);
  CHECK(inside_999_binomial(clipped, pareto.size(), beyond));
  pareto.resize(pareto.size() - cut.size());
  CHECK(kolmogorov_distance(std::move(pareto), [&](double x) {
          return (1 - std::pow(0.75 * x + 1.5, -3)) / (1 - beyond);
        }) < kKolmogorov999);
}
