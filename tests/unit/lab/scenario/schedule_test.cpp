#include <catch2/catch_test_macros.hpp>
#include <vector>

#include <warren/lab/runner.hpp>
#include <warren/lab/scenario.hpp>

using namespace warren;
using Groups = std::vector<std::vector<std::size_t>>;

namespace {

std::vector<lab::Expectation> expectations(std::initializer_list<bool> together) {
  std::vector<lab::Expectation> all;
  for (const bool each : together) all.emplace_back().together = each;
  return all;
}
std::vector<lab::LabResult> results(std::initializer_list<lab::Outcome> outcomes) {
  std::vector<lab::LabResult> all;
  for (const lab::Outcome each : outcomes) all.emplace_back().outcome = each;
  return all;
}

}  // namespace

TEST_CASE("expectations run one after the other unless they say together") {
  CHECK(lab::group_expectations(expectations({false, false, true, true, false})) ==
        Groups{{0}, {1, 2, 3}, {4}});
  CHECK(lab::group_expectations({}) == Groups{});
}

TEST_CASE("the first expectation has nothing to be together with") {
  CHECK(lab::group_expectations(expectations({true, false})) == Groups{{0}, {1}});
}

TEST_CASE("the exit code tells failures from what the machine lacks") {
  using enum lab::Outcome;
  CHECK(lab::exit_code(results({passed, passed})) == 0);
  CHECK(lab::exit_code(results({passed, skipped})) == 0);
  CHECK(lab::exit_code(results({passed, failed, error})) == 1);
  CHECK(lab::exit_code(results({passed, error, skipped})) == 3);
  CHECK(lab::exit_code(results({skipped, skipped})) == 4);
}

TEST_CASE("a lab whose XDP program has not been built is skipped with the reason") {
  lab::Topology topology;
  CHECK_FALSE(lab::reason_to_skip(topology, true));
  topology.nodes.emplace_back().name = "alice";
  topology.nodes.back().xdp.emplace();
  topology.nodes.back().xdp->object = "/nonexistent/drop.o";
  const auto reason = lab::reason_to_skip(topology, true);
  REQUIRE(reason);
  CHECK(reason->starts_with("there is no /nonexistent/drop.o for the node alice"));
}
