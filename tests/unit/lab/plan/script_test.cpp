// The script's text. That it makes the same network as Warren is for tests/lab/plan_script.sh.
#include <sys/wait.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <warren/lab/plan.hpp>

#include "builder.hpp"
#include "support/temp_dir.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string script_of(const Topology& topology) {
  return shell_script(topology, plan(topology));
}

/// A lab with every kind of step, in which everything that can have a name is called `odd`.
Topology named(const std::string& odd) {
  Builder lab(odd);
  const NodeId gate = lab.node(odd, NodeKind::nat);
  const NodeId host = lab.node(odd + "2");
  const LinkId link = lab.link(odd, {gate, odd, {"10.0.0.1/24"}}, {host, odd + "2"}, true);
  lab.at(link).settings[0].up = false;
  lab.at(gate).outside = odd;
  lab.link("plain", {host, "lan", {"fd00::1/64"}}, {lab.node("core", NodeKind::bridge), odd});
  lab.at(host).routes.push_back(
      {*base::IpNetwork::parse("fd01::/64"), base::IpAddress::parse("fd00::2"), odd, 7});
  lab.at(host).sysctls = {{"net.ipv4.tcp_sack", odd}};
  lab.at(host).xdp = XdpProgram{odd, odd, odd};
  lab.topology().file = odd;
  return lab.topology();
}

/// The exit status of a shell command in `folder`.
int run(const warren::test::TempDir& folder, const std::string& command) {
  const int status = std::system(("cd '" + folder.path().string() + "' && " + command).c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("names that the shell would take for commands stay names") {
  const warren::test::TempDir folder;
  std::ofstream(folder.path() / "script")
      << script_of(named("a'; touch OWNED; '$(touch OWNED)`touch OWNED`\ntouch OWNED\n#\""));
  // Programs that only write down what they are called with.
  std::filesystem::create_directory(folder.path() / "bin");
  for (const char* tool : {"ip", "nft"}) {
    std::ofstream(folder.path() / "bin" / tool)
        << "#!/bin/sh\n[ \"$1\" = netns ] && [ \"$2\" = pids ] && exit 0\necho \"$0\" >>calls\n";
    std::filesystem::permissions(folder.path() / "bin" / tool, std::filesystem::perms::owner_all);
  }
  CHECK(run(folder, "PATH=\"$PWD/bin:$PATH\" sh script up") == 0);
  CHECK(std::filesystem::file_size(folder.path() / "calls") > 50);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "OWNED"));
}

TEST_CASE("the script says first what it is, and tells a wrong call how to call it") {
  Builder lab("demo");
  lab.link("a-b", {lab.node("a"), "eth0"}, {lab.node("b"), "eth0"});
  const std::string script = script_of(lab.topology());
  CHECK(script.starts_with(
      "#!/bin/sh\n# The network of the lab demo, made with ip(8) and nft(8).\n"));
  const warren::test::TempDir folder;
  std::ofstream(folder.path() / "script") << script;
  CHECK(run(folder, "sh script 2>usage") == 2);
  CHECK(run(folder, "grep -qx 'usage: script up|down' usage") == 0);
}

TEST_CASE("a part that fails ends the script, which fails") {
  Builder lab("demo");
  lab.link("a-b", {lab.node("a"), "eth0"}, {lab.node("b"), "eth0"});
  const warren::test::TempDir folder;
  std::ofstream(folder.path() / "script") << script_of(lab.topology());
  std::filesystem::create_directory(folder.path() / "bin");
  // An `ip` that refuses to make veth pairs.
  std::ofstream(folder.path() / "bin/ip")
      << "#!/bin/sh\necho \"$*\" >>calls\ncase $* in *veth*) exit 7 ;; esac\n";
  std::filesystem::permissions(folder.path() / "bin/ip", std::filesystem::perms::owner_all);
  CHECK(run(folder, "PATH=\"$PWD/bin:$PATH\" sh script up") != 0);
  CHECK(run(folder, "tail -n 1 calls | grep -q veth") == 0);
}

TEST_CASE("a wired link is a pair with a comment on what the wire would do") {
  Builder lab("demo");
  const LinkId link = lab.link("wan", {lab.node("a"), "eth0"}, {lab.node("b"), "eth0"}, true);
  lab.at(link).settings[0].delay = std::chrono::milliseconds(35);
  const std::string script = script_of(lab.topology());
  CHECK(contains(script, "  # Wired in Warren: `wan`, here without impairment.\n  #   a to b: 35"));
  CHECK(contains(script, "  #   b to a: as it is\n"));
  CHECK(contains(script, "type veth"));
}

TEST_CASE("shellcheck has nothing to say about a script") {
  if (std::system("command -v shellcheck >/dev/null") != 0) SKIP("shellcheck is not installed");
  const warren::test::TempDir folder;
  std::ofstream(folder.path() / "script") << script_of(named("it's an odd \"name\""));
  CHECK(run(folder, "shellcheck script") == 0);
}
