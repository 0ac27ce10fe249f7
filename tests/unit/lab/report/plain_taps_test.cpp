#include "plain_taps.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "support/lab_topologies.hpp"

using namespace warren;

namespace {

std::vector<lab::LinkId> all_links(const lab::Topology& topology) {
  std::vector<lab::LinkId> links;
  for (std::uint32_t i = 0; i < topology.links.size(); ++i) links.emplace_back(i);
  return links;
}

std::size_t points(const std::vector<lab::TapPlan>& plans) {
  std::size_t sum = 0;
  for (const auto& plan : plans) sum += plan.points.size();
  return sum;
}

}  // namespace

TEST_CASE("a hundred links of one switch are seen from the switch") {
  const auto topology = test::LabBuilder::star(100, false);
  const auto plans = lab::plan_taps(topology, all_links(topology));
  REQUIRE(plans.size() == 1);
  CHECK(topology.node(plans[0].node).kind == lab::NodeKind::bridge);
  CHECK(plans[0].points.size() == 100);
}

TEST_CASE("wired links need no socket") {
  const auto topology = test::LabBuilder::star(10, true);
  CHECK(lab::plan_taps(topology, all_links(topology)).empty());
}

TEST_CASE("every plain link of a chain is seen exactly once") {
  test::LabBuilder builder("chain");
  std::vector<lab::NodeId> nodes;
  for (const char* name : {"a", "b", "c", "d", "e"}) nodes.push_back(builder.node(name));
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    builder.link({nodes[i], "right", {}}, {nodes[i + 1], "left", {}});
  }
  const auto plans = lab::plan_taps(builder.topology(), all_links(builder.topology()));
  CHECK(plans.size() == 2);  // b and d
  CHECK(points(plans) == 4);
}

TEST_CASE("a node whose XDP program may drop frames first is not where they are seen") {
  test::LabBuilder builder("xdp");
  const auto center = builder.node("center");
  for (const char* name : {"a", "b"}) {
    builder.link({center, name, {}}, {builder.node(name), "eth0", {}});
  }
  builder.topology().nodes[center.value()].xdp = lab::XdpProgram{.interface = "a", .object = "x.o"};
  const auto plans = lab::plan_taps(builder.topology(), all_links(builder.topology()));
  CHECK(points(plans) == 2);
  CHECK(std::ranges::none_of(plans, [&](const auto& plan) { return plan.node == center; }));
}
