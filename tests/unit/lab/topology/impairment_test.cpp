// What links do to packets: profiles, keys of the link itself, the other direction, and which links
// go through the wire.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <warren/impair/trace.hpp>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using namespace std::chrono_literals;

namespace {

Link link_with(const std::string& keys, const std::string& before = {},
               const std::string& after = {}) {
  return parse(before + "[node.a]\n[node.b]\n[[link]]\nname = \"l\"\nends = [\"a\", \"b\"]\n" +
               keys + "\n" + after)
      .links.at(0);
}

impair::Settings forward(const std::string& keys) {
  return link_with(keys).settings[0];
}

}  // namespace

TEST_CASE("every impairment is read") {
  const impair::Settings settings = forward(R"(
up = false
delay = "35ms"
jitter = { amount = "8ms", distribution = "normal" }
loss = { model = "gilbert", p = "1%", r = "30%", loss_bad = "90%", loss_good = "0.1%" }
duplicate = "0.1%"
reorder = { p = "5%", ahead = "10ms" }
corrupt = "0.01%"
rate = "20Mbit"
queue = { discipline = "codel", bytes = "128KiB", target = "10ms", interval = "200ms" }
drop = ["udp#3", "tcp.syn#1"]
)");
  CHECK_FALSE(settings.up);
  CHECK(settings.delay == 35ms);
  CHECK(settings.jitter == impair::Jitter{8ms, impair::Distribution::normal});
  CHECK(std::get<impair::GilbertElliottLoss>(settings.loss) ==
        impair::GilbertElliottLoss{.p = 0.01, .r = 0.3, .loss_bad = 0.9, .loss_good = 0.001});
  CHECK(settings.duplicate == 0.001);
  CHECK(settings.reorder == impair::Reordering{.p = 0.05, .ahead = 10ms});
  CHECK(settings.corrupt == 0.0001);
  CHECK(settings.rate_bps == 20'000'000);
  CHECK(settings.queue == impair::Queue{.discipline = impair::Discipline::codel,
                                        .bytes = 131072,
                                        .target = 10ms,
                                        .interval = 200ms});
  REQUIRE(settings.drop.size() == 2);
  CHECK(settings.drop[1] == impair::Selector{impair::Selector::Kind::tcp_syn, 1});
}

TEST_CASE("short forms are strings") {
  const impair::Settings settings = forward(
      "delay = \"10ms\"\njitter = \"2ms\"\nloss = \"1%\"\nreorder = \"5%\"\n"
      "rate = \"1Mbit\"\nqueue = \"codel\"\ndrop = \"any#1\"");
  CHECK(settings.jitter == impair::Jitter{2ms, impair::Distribution::uniform});
  CHECK(std::get<impair::BernoulliLoss>(settings.loss).p == 0.01);
  CHECK(settings.reorder == impair::Reordering{.p = 0.05, .ahead = {}});
  CHECK(settings.queue.discipline == impair::Discipline::codel);
  CHECK_FALSE(settings.queue.bytes.has_value());
  CHECK(settings.drop.size() == 1);
}

TEST_CASE("defaults of tables are those of the settings") {
  const impair::Settings settings = forward(
      "delay = \"1ms\"\njitter = { amount = \"1ms\" }\nloss = { p = \"2%\" }\n"
      "rate = \"1Mbit\"\nqueue = { bytes = \"auto\" }");
  CHECK(settings.jitter->distribution == impair::Distribution::uniform);
  CHECK(std::get<impair::BernoulliLoss>(settings.loss).p == 0.02);
  CHECK(settings.queue == impair::Queue{});
  const impair::Settings burst = forward("loss = { model = \"gilbert\", p = \"1%\", r = \"50%\" }");
  CHECK(std::get<impair::GilbertElliottLoss>(burst.loss) ==
        impair::GilbertElliottLoss{.p = 0.01, .r = 0.5});
}

TEST_CASE("values that impair nothing leave a link as it is") {
  const Link link = link_with("delay = \"0\"\njitter = \"0s\"\nloss = \"0%\"\nreorder = \"0%\"");
  CHECK(link.settings[0].passes_all());
  CHECK_FALSE(link.wired);
}

TEST_CASE("a link's own keys override its profile's") {
  const Link link = link_with("profile = \"lte\"\ndelay = \"50ms\"\nloss = \"2%\"",
                              "[profile.lte]\ndelay = \"35ms\"\nrate = \"20Mbit\"\nmtu = 1400\n");
  CHECK(link.settings[0].delay == 50ms);
  CHECK(link.settings[0].rate_bps == 20'000'000);
  CHECK(link.settings[0].mtu == 1400);
  CHECK(std::get<impair::BernoulliLoss>(link.settings[0].loss).p == 0.02);
  CHECK(link.settings[1].delay == 50ms);
  CHECK(link.wired);
}

TEST_CASE("`reverse` is complete in itself") {
  const Link link = link_with("delay = \"10ms\"\nloss = \"1%\"\nreverse = { rate = \"5Mbit\" }");
  CHECK(link.settings[0].delay == 10ms);
  CHECK(link.settings[1].delay == 0ms);
  CHECK(std::holds_alternative<std::monostate>(link.settings[1].loss));
  CHECK(link.settings[1].rate_bps == 5'000'000);
  const Link by_profile =
      link_with("reverse = { profile = \"p\", mtu = 1300 }", "[profile.p]\ndelay = \"7ms\"\n");
  CHECK(by_profile.settings[0].passes_all());
  CHECK(by_profile.settings[1].delay == 7ms);
  CHECK(by_profile.settings[1].mtu == 1300);
  CHECK(by_profile.wired);
}

TEST_CASE("a profile's queue needs a rate only where the profile is used") {
  const Link link =
      link_with("profile = \"q\"\nrate = \"1Mbit\"", "[profile.q]\nqueue = \"codel\"\n");
  CHECK(link.settings[0].queue.discipline == impair::Discipline::codel);
}

TEST_CASE("a link goes through the wire where frames have to be looked at") {
  CHECK_FALSE(link_with("").wired);
  CHECK_FALSE(link_with("mtu = 1400").wired);
  CHECK(link_with("wired = true").wired);
  CHECK_FALSE(link_with("wired = false").wired);
  CHECK(link_with("delay = \"1ms\"").wired);
  CHECK(link_with("drop = \"udp#1\"").wired);
  CHECK(link_with("reverse = { loss = \"1%\" }").wired);
  CHECK(link_with("", "", "[[at]]\nt = \"1s\"\nlink = \"l\"\nset = { up = false }\n").wired);
  CHECK(
      link_with("", "", "[[expect]]\ncounters = { link = \"l\", values = { lost = 0 } }\n").wired);
  CHECK(link_with("", "",
                  "[[expect]]\nno_plaintext = { link = \"l\", marker = \"CANARY-1\", "
                  "sent = { from = \"a\", to = \"b\" } }\n")
            .wired);
}

TEST_CASE("a trace is read from a file beside the lab's, and takes the place of a rate") {
  const std::filesystem::path file =
      std::filesystem::path(WARREN_SOURCE_DIR) / "configs/lab/test.toml";
  const std::string text =
      "[profile.p]\nrate = \"1Mbit\"\n[node.a]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\n"
      "profile = \"p\"\ntrace = \"traces/cellular.down\"\nqueue = { bytes = \"64KiB\" }\n";
  const Topology topology = parse_topology(text, file);
  const impair::Settings& settings = topology.links.at(0).settings[0];
  REQUIRE(settings.trace != nullptr);
  CHECK(settings.trace->size() > 1000);
  CHECK(settings.rate_bps == 0);
  CHECK(topology.links.at(0).wired);
}
