// A lab that failed, made by hand: three nodes, a wired and a plain link, an outage that did not
// heal. What reports are tested with.
#pragma once

#include <chrono>

#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>

namespace warren::test {

inline lab::Topology sample_topology() {
  using namespace lab;
  Topology topology;
  topology.file = "configs/lab/failover.toml";
  topology.name = "failover";
  topology.seed = 42;
  const auto node = [&](const char* name, NodeKind kind, std::vector<Interface> interfaces) {
    Node made;
    made.name = name;
    made.kind = kind;
    made.interfaces = std::move(interfaces);
    topology.nodes.push_back(std::move(made));
  };
  const auto interface = [](const char* name, std::uint32_t link, std::uint8_t end,
                            const char* address) {
    Interface made;
    made.name = name;
    made.link = LinkId(link);
    made.end = end;
    made.addresses = {*base::InterfaceAddress::parse(address)};
    return made;
  };
  node("alice", NodeKind::host, {interface("eth0", 0, 0, "10.0.0.1/24")});
  node("core", NodeKind::router,
       {interface("lan", 0, 1, "10.0.0.2/24"), interface("wan", 1, 0, "10.0.1.1/24")});
  node("bob", NodeKind::host, {interface("eth0", 1, 1, "10.0.1.2/24")});
  Link plain;
  plain.name = "access";
  plain.ends = {LinkEnd{NodeId(0), 0}, LinkEnd{NodeId(1), 0}};
  Link wired;
  wired.name = "wan";
  wired.ends = {LinkEnd{NodeId(1), 1}, LinkEnd{NodeId(2), 0}};
  wired.wired = true;
  wired.settings[0].delay = std::chrono::milliseconds(35);
  wired.settings[0].rate_bps = 20'000'000;
  topology.links = {plain, wired};
  return topology;
}

inline lab::LinkReport sample_wan() {
  using namespace std::chrono_literals;
  lab::LinkReport wan;
  wan.name = "wan";
  wan.ends = {"core:wan", "bob:eth0"};
  wan.wired = true;
  wan.settings = {"35 ms ± 8 ms normal, 20 Mbit/s codel", ""};
  wan.counters[0].frames = 520;
  wan.counters[0].bytes = 60'000;
  wan.counters[0].verdicts = {470, 8, 1, 0, 40, 0, 1, 0};
  wan.counters[0].late_p50_ns = 12'000;
  wan.counters[0].late_p99_ns = 90'000;
  wan.counters[0].late_max_ns = 400'000;
  wan.counters[1].frames = wan.counters[1].verdicts[0] = 470;
  wan.counters[1].bytes = 58'000;
  wan.series.began = -200ms;
  wan.series.slice = 20ms;
  for (std::size_t i = 0; i < 330; ++i) {
    lab::SeriesSlice slice;
    const bool down = i >= 110 && i < 280;
    slice.sent = i % 3 == 0 ? 4 : 1;
    if (down)
      slice.verdicts[4] = i % 4 == 0 ? 1 : 0;
    else
      slice.verdicts[0] = slice.sent;
    if (i % 40 == 7) slice.verdicts[1] = 1;
    if (i == 90) slice.verdicts[6] = 1;
    slice.in_flight = down ? 0 : static_cast<std::uint32_t>(i % 7);
    slice.arrived_bytes = std::uint64_t{100} * slice.verdicts[0];
    wan.series.directions[0].push_back(slice);
    lab::SeriesSlice back;
    back.sent = back.verdicts[0] = down ? 0 : slice.sent;
    wan.series.directions[1].push_back(back);
  }
  return wan;
}

inline lab::LinkReport sample_access() {
  lab::LinkReport access;
  access.name = "access";
  access.ends = {"alice:eth0", "core:lan"};
  access.series = sample_wan().series;
  for (auto& direction : access.series.directions) {
    for (lab::SeriesSlice& slice : direction) {
      slice.verdicts = {};
      slice.verdicts[0] = slice.sent;
      slice.in_flight = 0;
    }
  }
  return access;
}

inline lab::LabResult sample_result() {
  using namespace std::chrono_literals;
  using lab::Incident;
  using lab::Outcome;
  lab::LabResult result;
  result.file = "configs/lab/failover.toml";
  result.name = "failover";
  result.seed = 42;
  result.outcome = Outcome::failed;
  result.machine = "Linux 6.18, 2 processors, root";
  result.began = base::WallTime(1'763'803'200s);
  result.scenario_began = result.began + 48ms;
  result.bring_up = 48ms;
  result.scenario = 6400ms;
  result.tear_down = 21ms;
  const auto expect = [&](const char* name, const char* kind, const char* asked, Outcome outcome,
                          base::Duration began, base::Duration took, std::uint32_t line) {
    lab::ExpectationResult one;
    one.name = name;
    one.kind = kind;
    one.asked = asked;
    one.outcome = outcome;
    one.began = began;
    one.took = took;
    one.place = {line, 1};
    result.expectations.push_back(one);
  };
  expect("reachable through the tunnel", "ping", "ping from alice to bob@wr0 within 1 s",
         Outcome::passed, 0ms, 80ms, 8);
  expect("round trip as configured", "rtt", "200 echoes from alice to bob, p50 70ms±4ms",
         Outcome::failed, 100ms, 2100ms, 12);
  result.expectations.back().message = "p50 is 92.1 ms, asked 70ms±4ms";
  result.expectations.back().figures = {{"p50", 0.0921, "s", "70ms±4ms", false},
                                        {"p99", 0.1304, "s", std::nullopt, true},
                                        {"lost", 0.02, "share", "<=5%", true}};
  expect("recovers after the outage", "ping", "ping from alice to bob@wr0 within 3 s",
         Outcome::failed, 3s, 3s, 16);
  result.expectations.back().message = "no reply from 10.99.0.2 within 3 s";
  result.expectations.back().detail = "31 requests sent, 0 replies\n";
  expect("nothing readable <on> the wire", "no_plaintext", "", Outcome::skipped, 6s, 0ms, 21);
  result.expectations.back().message = "not run: the time of the scenario was over";
  result.incidents = {
      {-20ms, "program api of bob is ready", Incident::Kind::program, false},
      {0ms, "tunnel wr0 is up", Incident::Kind::tunnel, false},
      {2s, "wan: up=false", Incident::Kind::event, false},
      {4500ms, "program api of bob ended with status 1", Incident::Kind::program, true},
      {5400ms, "wan: up=true", Incident::Kind::event, false},
  };
  result.links = {sample_access(), sample_wan()};
  result.nodes = {
      {"alice", "2: eth0 10.0.0.1/24", "10.0.1.0/24 via 10.0.0.2 dev eth0", "eth0 rx 1", ""},
      {"bob", "2: eth0 10.0.1.2/24", "10.0.1.0/24 dev eth0", "eth0 rx 7", "tcp 127.0.0.1:8080"}};
  result.capture_missed = 3;
  return result;
}

inline const char* sample_file() {
  return "[lab]\nname = \"failover\"\nseed = 42\n\n[node.alice]\n[node.bob]\n\n"
         "[[expect]]\nname = \"reachable through the tunnel\"\n"
         "ping = { from = \"alice\", to = \"bob@wr0\" }\n\n"
         "[[expect]]\nname = \"round trip as configured\"\n"
         "rtt = { from = \"alice\", to = \"bob\", p50 = \"70ms±4ms\" }\n\n"
         "[[expect]]\nname = \"recovers after the outage\"\nafter = \"3s\"\n"
         "ping = { from = \"alice\", to = \"bob@wr0\", within = \"3s\" }\n\n"
         "[[expect]]\nname = \"nothing readable <on> the wire\"\n";
}

}  // namespace warren::test
