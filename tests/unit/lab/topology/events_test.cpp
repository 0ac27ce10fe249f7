// [[at]]: in the order of time, each with complete settings.
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <string>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using namespace std::chrono_literals;

namespace {

const std::string kLab =
    "[profile.bad]\nloss = \"10%\"\n"
    "[node.a]\nrun = { name = \"web\", command = \"x\" }\n[node.b]\n"
    "[[link]]\nname = \"l\"\nends = [\"a\", \"b\"]\ndelay = \"10ms\"\nreverse = { delay = \"20ms\" "
    "}\n";

}  // namespace

TEST_CASE("events are sorted by time, and those at the same time stay in the file's order") {
  const Topology topology =
      parse(kLab +
            "[[at]]\nt = \"2s\"\nnode = \"a\"\nrun = \"late\"\n"
            "[[at]]\nt = \"1s\"\nnode = \"a\"\nrun = \"first\"\n"
            "[[at]]\nt = \"1s\"\nnode = \"a\"\nrun = [\"second\", \"arg\"]\n");
  REQUIRE(topology.events.size() == 3);
  const auto command = [&](std::size_t i) {
    return std::get<RunCommand>(topology.events[i].action).command;
  };
  CHECK(command(0) == std::vector<std::string>{"first"});
  CHECK(command(1) == std::vector<std::string>{"second", "arg"});
  CHECK(command(2) == std::vector<std::string>{"late"});
  CHECK(topology.events[0].at == 1s);
  CHECK(topology.events[2].place.line == 11);
}

TEST_CASE("a change keeps what the file and the events before it have set") {
  const Topology topology =
      parse(kLab +
            "[[at]]\nt = \"2s\"\nlink = \"l\"\nset = { up = true }\n"
            "[[at]]\nt = \"1s\"\nlink = \"l\"\nset = { up = false, loss = \"5%\" }\n");
  REQUIRE(topology.events.size() == 2);
  const auto& down = std::get<ChangeLink>(topology.events[0].action);
  const auto& up = std::get<ChangeLink>(topology.events[1].action);
  REQUIRE(down.settings[0].has_value());
  REQUIRE(down.settings[1].has_value());
  CHECK_FALSE(down.settings[0]->up);
  CHECK(down.settings[0]->delay == 10ms);
  CHECK(down.settings[1]->delay == 20ms);
  CHECK(up.settings[0]->up);
  CHECK(std::get<impair::BernoulliLoss>(up.settings[1]->loss).p == 0.05);
}

TEST_CASE("a change can be of one direction, or differ between both") {
  const auto change = [](const std::string& keys) {
    const Topology topology = parse(kLab + "[[at]]\nt = \"1s\"\nlink = \"l\"\n" + keys);
    return std::get<ChangeLink>(topology.events.at(0).action);
  };
  const ChangeLink forward = change("set = { delay = \"1ms\" }\ndirection = \"forward\"\n");
  CHECK(forward.settings[0]->delay == 1ms);
  CHECK_FALSE(forward.settings[1].has_value());
  const ChangeLink reverse = change("set = { delay = \"1ms\" }\ndirection = \"reverse\"\n");
  CHECK_FALSE(reverse.settings[0].has_value());
  CHECK(reverse.settings[1]->delay == 1ms);
  const ChangeLink both = change("set = { delay = \"1ms\" }\nreverse = { delay = \"2ms\" }\n");
  CHECK(both.settings[0]->delay == 1ms);
  CHECK(both.settings[1]->delay == 2ms);
  const ChangeLink only_reverse = change("reverse = { loss = \"1%\" }\n");
  CHECK_FALSE(only_reverse.settings[0].has_value());
  CHECK(only_reverse.settings[1]->delay == 20ms);
}

TEST_CASE("a change can take a profile, and end a rate") {
  const Topology topology =
      parse(kLab +
            "[[at]]\nt = \"1s\"\nlink = \"l\"\nset = { profile = \"bad\", rate = \"1Mbit\" }\n"
            "[[at]]\nt = \"2s\"\nlink = \"l\"\nset = { rate = \"none\", loss = \"0%\" }\n");
  const auto& bad = std::get<ChangeLink>(topology.events[0].action);
  CHECK(bad.settings[0]->delay == 0ms);
  CHECK(bad.settings[0]->rate_bps == 1'000'000);
  CHECK(std::get<impair::BernoulliLoss>(bad.settings[0]->loss).p == 0.1);
  const auto& good = std::get<ChangeLink>(topology.events[1].action);
  CHECK(good.settings[0]->passes_all());
}

TEST_CASE("programs are signalled and started again") {
  const Topology topology =
      parse(kLab +
            "[[at]]\nt = \"1s\"\nnode = \"a\"\nprogram = \"web\"\nsignal = \"KILL\"\n"
            "[[at]]\nt = \"2s\"\nnode = \"a\"\nprogram = \"web\"\nstart = true\n"
            "[[at]]\nt = \"3s\"\nnode = \"a\"\nprogram = \"web\"\nsignal = 10\n");
  CHECK(std::get<SignalProgram>(topology.events[0].action).signal_number == SIGKILL);
  CHECK(std::get<SignalProgram>(topology.events[1].action).signal_number == 0);
  CHECK(std::get<SignalProgram>(topology.events[2].action).signal_number == 10);
  CHECK(std::get<SignalProgram>(topology.events[0].action).program == "web");
}
