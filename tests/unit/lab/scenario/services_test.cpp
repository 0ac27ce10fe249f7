// Programs, their readiness, the timeline and the expectations, in labs that are really there. Each
// test is a process of its own: a lab's sandbox is entered once and for all.
#include <fmt/format.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <string>
#include <vector>

#include <warren/lab/runner.hpp>
#include <warren/lab/sandbox.hpp>
#include <warren/lab/scenario.hpp>
#include <warren/lab/services.hpp>
#include <warren/lab/wire.hpp>
#include <warren/lab/world.hpp>
#include <warren/system/clock.hpp>

#include "support/netns.hpp"
#include "support/sandboxed.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

/// What happened, as lines: incidents ("! …" where they are trouble), results, and the error.
std::string run_lab(const std::string& text) {
  return test::in_sandbox([&] {
    const lab::Topology topology = lab::parse_topology(text, "test.toml");
    lab::World world(topology, {});
    std::unique_ptr<lab::Wire> wire;
    if (!topology.links.empty() && topology.links.front().wired) {
      wire = std::make_unique<lab::Wire>(world.take_wire_links(), lab::WireOptions{});
    }
    std::string said;
    lab::Stop stop;
    const auto note = [&](const lab::Incident& incident) {
      said += fmt::format("{}{}\n", incident.trouble ? "! " : "", incident.text);
    };
    try {
      lab::Services services(
          topology, world, stop,
          {.directory = lab::sandbox_directory() / "services", .executable = {}, .note = note});
      services.start();
      const lab::Scene scene{topology, world, wire.get(), services, stop};
      const auto results = lab::run_scenario(scene, {.incident = note, .begins = {}, .ended = {}});
      for (const auto& each : results) {
        said += fmt::format("{} {}{}{}\n", each.name,
                            each.outcome == lab::Outcome::passed ? "passed" : "failed",
                            each.message.empty() ? "" : ": ", each.message);
      }
      services.stop();
    } catch (const lab::NotReady& error) {
      said += fmt::format("line {}: {}\n", error.place.line, error.what());
    }
    return said;
  });
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kOneNode = "[lab]\nname = \"one\"\n[node.a]\n";
const std::string kPair = R"([lab]
name = "pair"
timeout = "20s"
[node.a]
[node.b]
[[link]]
name = "cable"
ends = ["a", "b"]
wired = true
)";

}  // namespace

TEST_CASE("a program is ready when its log says so", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode +
                            "run = [{ name = \"slow\", command = \"echo one; sleep 0.2; echo now "
                            "ready; exec sleep 60\", ready = { log = \"now +ready\" } }]\n");
  CHECK(said == "a: slow is ready\n");
}

TEST_CASE("a program is ready when its file is there, or its command succeeds", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode + R"(run = [
  { name = "file", command = "sleep 0.1; touch /run/warren/made; exec sleep 60", ready = { file = "/run/warren/made" } },
  { name = "command", command = "exec sleep 60", ready = { command = "test -e /run/warren/made" } },
]
)");
  CHECK(said == "a: file is ready\na: command is ready\n");
}

TEST_CASE("a program that ends before it is ready is told with the end of its log", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode +
                            "run = [{ name = \"api\", command = \"echo no licence >&2; exit 3\", "
                            "ready = { tcp = 80 } }]\n");
  CHECK(has(said, "! a: api exited with status 3 before it was ready\n"));
  CHECK(has(said,
            "line 4: a: api exited with status 3 before it was ready; its log ends with\n"
            "    | no licence\n"));
}

TEST_CASE("a program that never becomes ready is told with what is missing", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode +
                            "run = [{ name = \"api\", command = \"sleep 60\", ready = { tcp = 80, "
                            "within = \"200ms\" } }]\n");
  CHECK(has(said, "a: api is not ready after 0.2 s: nobody listens on TCP port 80"));
}

TEST_CASE("a program that ends during the scenario is noticed", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode + R"(run = [{ name = "short", command = "sleep 0.2; exit 5" }]
[[expect]]
name = "time passes"
run = { node = "a", command = "sleep 0.5" }
)");
  CHECK(has(said, "! a: short exited with status 5\n"));
  CHECK(has(said, "time passes passed\n"));
}

TEST_CASE("a link that is taken down and up again is unreachable in between", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kPair + R"([[at]]
t = "300ms"
link = "cable"
set = { up = false }
[[at]]
t = "900ms"
link = "cable"
set = { up = true }
[[expect]]
name = "before"
ping = { from = "a", to = "b", within = "250ms" }
[[expect]]
name = "meanwhile"
after = "400ms"
ping = { from = "a", to = "b", within = "300ms", reachable = false }
[[expect]]
name = "afterwards"
after = "900ms"
ping = { from = "a", to = "b", within = "5s" }
)");
  INFO(said);
  CHECK(has(said, "link cable: down\n"));
  CHECK(has(said, "before passed"));
  CHECK(has(said, "meanwhile passed"));
  CHECK(has(said, "afterwards passed"));
}

TEST_CASE("expectations that say together run at the same time", "[netns]") {
  test::requires_root();
  const auto began = system::boot_now();
  const auto said = run_lab(kOneNode + R"([[expect]]
name = "one"
run = { node = "a", command = "until test -e /run/warren/two; do sleep 0.01; done" }
[[expect]]
name = "two"
together = true
run = { node = "a", command = "touch /run/warren/two" }
)");
  CHECK(has(said, "one passed\ntwo passed\n"));
  CHECK(system::boot_now() - began < 9s);
}

TEST_CASE("the timeout of a scenario fails what runs and what would have come", "[netns]") {
  test::requires_root();
  const auto said = run_lab(R"([lab]
name = "one"
timeout = "300ms"
[node.a]
[[expect]]
name = "long"
run = { node = "a", command = "sleep 60" }
[[expect]]
name = "next"
run = { node = "a", command = "true" }
)");
  CHECK(has(said, "long failed: ended early: the scenario's timeout is over"));
  CHECK(has(said, "next failed: not run: the scenario's timeout is over"));
}

TEST_CASE("a command is tried again until it succeeds", "[netns]") {
  test::requires_root();
  const auto said =
      run_lab(kOneNode + R"(run = [{ name = "later", command = "sleep 0.3; touch /run/warren/x" }]
[[expect]]
name = "again and again"
run = { node = "a", command = "cat /run/warren/x", retry = true, within = "5s" }
[[expect]]
name = "once"
run = { node = "a", command = "cat /run/warren/y", stderr_contains = "y" }
)");
  CHECK(has(said, "again and again passed\n"));
  CHECK(has(said, "once failed: exited with status 1, asked for status 0; it said `cat: "));
}

TEST_CASE("counters, routes and files are looked up in the node", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kPair + R"([[expect]]
name = "ping"
ping = { from = "a", to = "b" }
[[expect]]
name = "passed"
counters = { link = "cable", values = { passed = ">=2", lost = "0" } }
[[expect]]
name = "received"
counters = { node = "b", iface = "eth0", values = { rx_packets = ">=1", rx_errors = "0" } }
[[expect]]
name = "route"
route = { node = "a", to = "b", dev = "eth0" }
[[expect]]
name = "wrong route"
route = { node = "a", to = "b", via = "10.0.0.9" }
[[expect]]
name = "hosts"
file = { node = "a", path = "/etc/hosts", contains = "b" }
)");
  INFO(said);
  CHECK(has(said, "passed passed\n"));
  CHECK(has(said, "received passed\n"));
  CHECK(has(said, "\nroute passed\n"));
  CHECK(has(said, "wrong route failed: the gateway is none (on the link), asked for 10.0.0.9"));
  CHECK(has(said, "hosts passed\n"));
}

TEST_CASE("an event that cannot be applied is a failed result at its place", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode + R"([[at]]
t = "50ms"
node = "a"
run = ["nosuchcommand", "x"]
[[expect]]
name = "time passes"
run = { node = "a", command = "sleep 0.3" }
)");
  INFO(said);
  CHECK(has(said, "time passes passed\n"));
  CHECK(has(said, "\nat 50 ms: a: run `nosuchcommand x` failed: could not be applied: "));
  CHECK(has(said, "! the event of line 4 could not be applied: "));
}

TEST_CASE("a command of an event that fails is told with its text", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode + R"([[at]]
t = "50ms"
node = "a"
run = "exit 7"
[[expect]]
name = "time passes"
run = { node = "a", command = "sleep 0.3" }
)");
  INFO(said);
  CHECK(has(said, "! a: command-1 (`exit 7`) exited with status 7\n"));
}

TEST_CASE("events that have not come when the expectations are over are told", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode + R"([[at]]
t = "50s"
node = "a"
run = "true"
[[expect]]
name = "at once"
run = { node = "a", command = "true" }
)");
  CHECK(said == "! ended before 1 event, first that of line 4 at 50 s\nat once passed\n");
}

TEST_CASE("a scenario without expectations lasts until its last event", "[netns]") {
  test::requires_root();
  const auto began = system::boot_now();
  const auto said = run_lab(kPair + R"([[at]]
t = "100ms"
link = "cable"
set = { up = false }
[[at]]
t = "400ms"
link = "cable"
set = { up = true }
)");
  CHECK(said == "link cable: down\nlink cable: up, unimpaired\n");
  CHECK(system::boot_now() - began >= 400ms);
}

TEST_CASE("a program is signalled and started again by events", "[netns]") {
  test::requires_root();
  const auto said = run_lab(kOneNode + R"(run = [{ name = "api", command = ["sleep", "60"] }]
[[at]]
t = "100ms"
node = "a"
program = "api"
signal = "KILL"
[[at]]
t = "300ms"
node = "a"
program = "api"
start = true
[[expect]]
name = "it is back"
after = "400ms"
run = { node = "a", command = "pgrep -x sleep" }
)");
  INFO(said);
  CHECK(has(said, "a: signal 9 for api\n"));
  CHECK(has(said, "\na: api was killed by signal 9 (Killed)\n"));
  CHECK(has(said, "a: api is started again\n"));
  CHECK(has(said, "it is back passed\n"));
}
