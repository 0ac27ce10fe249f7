// Worlds in the kernel. Each test's world lives in a process of its own; what it saw comes back as
// text.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include <warren/lab/world.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/netlink.hpp>

#include "support/lab_topologies.hpp"
#include "support/netns.hpp"
#include "support/sandboxed.hpp"
#include "unit/lab/world/probe.hpp"

using namespace warren;
using namespace std::chrono_literals;
using test::As;
using test::in_sandbox;
using test::LabBuilder;

namespace fs = std::filesystem;

namespace {

lab::Topology two_hosts(bool wired = false) {
  LabBuilder builder("pair");
  const auto alice = builder.node("alice");
  const auto bob = builder.node("bob");
  builder.link({alice, "eth0", {"10.0.0.1/24", "fd00::1/64"}, 1400},
               {bob, "eth0", {"10.0.0.2/24"}, 1400}, wired);
  return std::move(builder.topology());
}

constexpr lab::NodeId kAlice(0);
constexpr lab::NodeId kBob(1);

/// Runs a command in the node and returns what it printed, with its exit status behind.
std::string output_of(lab::World& world, lab::NodeId node, std::vector<std::string> command) {
  std::array<int, 2> ends{};
  base::check_system_call(::pipe2(ends.data(), O_CLOEXEC), "opening", "a pipe");
  const base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  auto process = world.spawn(node, {.command = std::move(command), .standard_output = ends[1]});
  writing.reset();
  std::string text;
  std::array<char, 512> piece{};
  for (ssize_t n = 0; (n = ::read(reading.get(), piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
  const auto status = process.wait(10s);
  return text + fmt::format("[{}]", status ? WEXITSTATUS(*status) : -1);
}

}  // namespace

TEST_CASE("a device has the address, the MTU and the name that the plan gave it") {
  test::requires_root();
  const auto topology = two_hosts();
  const auto seen = in_sandbox([&] {
    const lab::World world(topology, {});
    system::Netlink netlink(world.netns(kAlice));
    const auto link = netlink.find_link("eth0");
    std::string text = fmt::format("{} {} {}\n", link->mac->to_string(), link->mtu,
                                   link->up && link->running ? "running" : "off");
    for (const auto& address : netlink.addresses(link->index)) text += address.to_string() + '\n';
    return text;
  });
  CHECK(seen.starts_with("02:00:00:00:00:01 1400 running\n"));
  CHECK(seen.contains("\n10.0.0.1/24\n"));
  CHECK(seen.contains("\nfd00::1/64\n"));
}

TEST_CASE("hosts on a switch reach each other as soon as the world is there") {
  test::requires_root();
  const auto topology = LabBuilder::star(3, false);
  const auto seen = in_sandbox([&] {
    const lab::World world(topology, {});
    return test::ask(world.netns(lab::NodeId(3)), world.netns(lab::NodeId(1)), "10.0.0.2");
  });
  CHECK(seen == "10.0.0.4");
}

TEST_CASE("what leaves a node that hides others has its outside address") {
  test::requires_root();
  LabBuilder builder("nat");
  const auto inside = builder.node("inside");
  const auto gate = builder.node("gate", lab::NodeKind::nat);
  const auto outside = builder.node("outside");
  builder.topology().nodes[gate.value()].outside = "wan";
  builder.link({inside, "eth0", {"192.168.0.2/24"}}, {gate, "lan", {"192.168.0.1/24"}});
  builder.link({gate, "wan", {"10.0.0.1/24"}}, {outside, "eth0", {"10.0.0.2/24"}});
  builder.route(inside, "0.0.0.0/0", "192.168.0.1", "eth0");
  const auto seen = in_sandbox([&] {
    const lab::World world(builder.topology(), {});
    return test::ask(world.netns(inside), world.netns(outside), "10.0.0.2");
  });
  CHECK(seen == "10.0.0.1");
}

TEST_CASE("an ordinary user gets the same world in a user namespace") {
  const auto topology = two_hosts();
  const auto seen = in_sandbox(
      [&] {
        const lab::World world(topology, {});
        return fmt::format("{} {}", lab::rootless(),
                           test::ask(world.netns(kAlice), world.netns(kBob), "10.0.0.2"));
      },
      As::ordinary_user);
  if (seen.starts_with("error: ") && seen.contains("user namespace")) SKIP(seen);
  CHECK(seen == "true 10.0.0.1");
}

TEST_CASE("a wired link is a pair of TAP devices for the wire") {
  test::requires_root();
  const auto topology = two_hosts(true);
  const auto seen = in_sandbox([&] {
    lab::World world(topology, {});
    const auto links = world.take_wire_links();
    return fmt::format("{} {} {} {} {} {}", links.size(), links.at(0).name,
                       links[0].taps[0]->name(),
                       system::same_netns(links[0].taps[0]->netns().get(), world.netns(kAlice)),
                       system::same_netns(links[0].taps[1]->netns().get(), world.netns(kBob)),
                       links[0].taps[1]->header_bytes());
  });
  CHECK(seen == "1 alice-bob eth0 true true 10");
}

TEST_CASE("a process in a node knows the others by name, and sees only the lab's processes") {
  test::requires_root();
  const auto topology = two_hosts();
  const auto seen = in_sandbox([&] {
    lab::World world(topology, {});
    auto text =
        output_of(world, kAlice, {"getent ahostsv4 bob | head -n 1; hostname; ls /run/warren"});
    text += output_of(world, kAlice, {"sh", "-c", "cat /proc/1/comm; ls /sys/class/net"});
    return text;
  });
  INFO(seen);
  CHECK(seen.contains("10.0.0.2"));
  CHECK(seen.contains("alice\n[0]"));
  CHECK(seen.contains("warren-lab-care\neth0\nlo\n[0]"));
}

TEST_CASE("a node's /run has what the machine's has, and places of its own for tunnels") {
  test::requires_root();
  const auto topology = two_hosts();
  const fs::path mark = fmt::format("/run/warren-test-{}", ::getpid());
  fs::create_directories(mark / "inside");
  const auto seen = in_sandbox([&] {
    lab::World world(topology, {});
    return output_of(
        world, kAlice,
        {"sh", "-c",
         fmt::format("ls {}; touch /run/warren/x; ls /run/warren /run/wireguard", mark.native())});
  });
  fs::remove_all(mark);
  CHECK(seen == "inside\n/run/warren:\nx\n\n/run/wireguard:\n[0]");
  CHECK_FALSE(fs::exists("/run/warren/x"));
}

TEST_CASE("a program that does not exist is named in the error") {
  test::requires_root();
  const auto topology = two_hosts();
  const auto seen = in_sandbox([&] {
    lab::World world(topology, {});
    const auto process = world.spawn(kAlice, {.command = {"/no/such/program", "x"}});
    return std::string("started");
  });
  CHECK(seen.starts_with("error: starting /no/such/program: No such file"));
}

TEST_CASE("a process's children go with it") {
  test::requires_root();
  const auto topology = two_hosts();
  const auto seen = in_sandbox([&] {
    lab::World world(topology, {});
    {
      // Ends at once, and leaves one behind.
      auto process = world.spawn(kAlice, {.command = {"sleep 1000 & exit 3"}});
      const auto status = process.wait(10s);
      if (!status || WEXITSTATUS(*status) != 3) return std::string("no status");
    }
    for (int i = 0; i < 500; ++i) {
      if (output_of(world, kAlice, {"pidof sleep"}) == "[1]") return std::string("gone");
      std::this_thread::sleep_for(10ms);
    }
    return std::string("still there");
  });
  CHECK(seen == "gone");
}

TEST_CASE("a world that cannot be made leaves nothing behind") {
  test::requires_root();
  auto topology = two_hosts();
  topology.nodes[1].xdp = lab::XdpProgram{.interface = "eth0", .object = "/no/such.o"};
  const auto seen = in_sandbox([&] {
    try {
      const lab::World world(topology, {});
    } catch (const base::Error& error) {
      return fmt::format("{}; folder {}", error.what(),
                         std::filesystem::exists(lab::sandbox_directory() / "pair"));
    }
    return std::string("made");
  });
  CHECK(seen.starts_with("opening the BPF object /no/such.o: No such file"));
  CHECK(seen.ends_with("folder false"));
}

TEST_CASE("every process of a lab ends with the lab's process, however that dies") {
  test::requires_root();
  const auto topology = two_hosts();
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    lab::enter_sandbox();
    auto* world = new lab::World(topology, {});
    // Its own process group and session: out of reach for everything but the caretaker. The stream
    // is how we learn of its end: nobody else has it open then.
    auto* process = new lab::Process(
        world->spawn(kAlice, {.command = {"setsid sleep 1000 & echo started; exec sleep 1000"},
                              .standard_output = writing.get()}));
    static_cast<void>(process);
    ::pause();
  }
  writing.reset();
  std::array<char, 64> text{};
  REQUIRE(::read(reading.get(), text.data(), text.size()) == 8);
  REQUIRE(::kill(child, SIGKILL) == 0);
  CHECK(::read(reading.get(), text.data(), text.size()) == 0);
  ::waitpid(child, nullptr, 0);
}
