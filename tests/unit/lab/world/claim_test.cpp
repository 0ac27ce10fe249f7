#include <fmt/core.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include <warren/lab/claim.hpp>
#include <warren/lab/world.hpp>
#include <warren/system/namespaces.hpp>

#include "support/lab_topologies.hpp"
#include "support/netns.hpp"
#include "support/sandboxed.hpp"

using namespace warren;
namespace fs = std::filesystem;

namespace {

/// Tests of several programs run side by side.
std::string unique_name(const char* what) {
  return fmt::format("{}-{}", what, ::getpid());
}

lab::Topology one_host(const std::string& name) {
  test::LabBuilder builder(name);
  builder.node("alice");
  return std::move(builder.topology());
}

}  // namespace

TEST_CASE("a lab's namespaces have names while it is up, and none afterwards") {
  test::requires_root();
  const auto topology = one_host(unique_name("named"));
  const auto path = fs::path("/run/netns") / (topology.name + "-alice");
  lab::Claim claim(topology.name);
  const auto seen = test::in_sandbox(
      [&] {
        const lab::World world(topology, {.claim = &claim});
        // As somebody outside of the sandbox sees it.
        std::string text;
        system::run_in_own_thread([&] {
          ::unshare(CLONE_FS);
          ::setns(lab::sandbox_namespaces().host_mount, CLONE_NEWNS);
          const auto named = system::open_netns(path.native());
          text = fmt::format("{}", system::same_netns(named.get(), world.netns(lab::NodeId(0))));
        });
        return text;
      },
      test::As::self, &claim);
  CHECK(seen == "true");
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a namespace that somebody else has named is left alone") {
  test::requires_root();
  const auto topology = one_host(unique_name("clash"));
  const auto path = fs::path("/run/netns") / (topology.name + "-alice");
  const test::TestNetns theirs;
  fs::create_directories(path.parent_path());
  base::Fd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0)).reset();
  REQUIRE(::mount(fmt::format("/proc/self/fd/{}", theirs.fd()).c_str(), path.c_str(), nullptr,
                  MS_BIND, nullptr) == 0);
  std::string seen;
  {
    lab::Claim claim(topology.name);
    seen = test::in_sandbox(
        [&] {
          const lab::World world(topology, {.claim = &claim});
          return std::string("made");
        },
        test::As::self, &claim);
  }
  CHECK(seen.contains("File exists"));
  CHECK(system::same_netns(system::open_netns(path.native()).get(), theirs.fd()));
  ::umount2(path.c_str(), MNT_DETACH);
  fs::remove(path);
}

TEST_CASE("what a lab leaves whose caretaker died, too, is removed by the next command") {
  test::requires_root();
  const auto topology = one_host(unique_name("stale"));
  const auto path = fs::path("/run/netns") / (topology.name + "-alice");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    {
      auto* claim = new lab::Claim(topology.name);
      // No caretaker: as if both had been killed at once.
      claim->hand_over();
      const auto netns = system::current_netns();
      claim->record({{topology.name + "-alice", netns.get()}});
      fs::create_directories(path.parent_path());
      base::Fd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0)).reset();
      ::mount("/proc/self/ns/net", path.c_str(), nullptr, MS_BIND, nullptr);
    }
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  REQUIRE(fs::exists(path));
  const auto removed = lab::clean_stale();
  CHECK(std::ranges::find(removed, topology.name) != removed.end());
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(fs::exists(lab::registry() / topology.name));
}

TEST_CASE("a lab that is up is not cleaned away") {
  const auto name = unique_name("alive");
  const lab::Claim claim(name);
  const auto removed = lab::clean_stale();
  CHECK(std::ranges::find(removed, name) == removed.end());
  CHECK(fs::exists(claim.socket_path().parent_path()));
}
