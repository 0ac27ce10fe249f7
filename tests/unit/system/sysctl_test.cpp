#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <fstream>
#include <string>

#include <warren/base/error.hpp>
#include <warren/system/sysctl.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"

using namespace warren;
using system::write_sysctl;

namespace {

/// In the calling thread's network namespace.
std::string read_setting(const std::string& path) {
  std::string value;
  std::ifstream("/proc/sys/" + path) >> value;
  return value;
}

struct Refusal {
  int error_number = 0;
  std::string what, hint;
};

/// How the calling thread is refused it; without an error when it is not.
Refusal refusal(const std::string& key, const std::string& value) {
  try {
    write_sysctl(key, value);
  } catch (const base::SystemError& error) {
    return {error.error_number(), error.what(), error.hint()};
  } catch (const base::Error& error) {
    return {-1, error.what(), error.hint()};
  }
  return {};
}
Refusal refusal(const test::TestNetns& netns, const std::string& key, const std::string& value) {
  return netns.run([&] { return refusal(key, value); });
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a setting is that of the thread's network namespace") {
  test::requires_root();
  const test::TestNetns one;
  const test::TestNetns other;
  const auto forwards = [] { return read_setting("net/ipv4/ip_forward"); };
  for (const std::string value : {"1", "0", "1"}) {
    one.run([&] { write_sysctl("net.ipv4.ip_forward", value); });
    CHECK(one.run(forwards) == value);
    CHECK(other.run(forwards) == "0");
  }
}

TEST_CASE("slashes and dots both separate, and the other one is a part of a name") {
  test::requires_root();
  const test::TestNetns netns;
  const auto tap =
      netns.run([] { return system::TunDevice({.name = "eth0.1", .kind = system::TunKind::tap}); });
  const auto value = [&] {
    return netns.run([] { return read_setting("net/ipv4/conf/eth0.1/forwarding"); });
  };
  REQUIRE(value() == "0");
  netns.run([] { write_sysctl("net/ipv4/conf/eth0.1/forwarding", "1"); });
  CHECK(value() == "1");
  netns.run([] { write_sysctl("net.ipv4.conf.eth0/1.forwarding", "0"); });
  CHECK(value() == "0");
}

TEST_CASE("a setting of several words is taken whole") {
  test::requires_root();
  const test::TestNetns netns;
  netns.run([] { write_sysctl("net.ipv4.ip_local_port_range", "2000 3000"); });
  CHECK(netns.run([] {
    int low = 0, high = 0;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low >> high;
    return low == 2000 && high == 3000;
  }));
}

TEST_CASE("a setting that the kernel does not have is told as that") {
  test::requires_root();
  const test::TestNetns netns;
  const auto refused = refusal(netns, "net.ipv4.ip_foreward", "1");
  CHECK(refused.error_number == ENOENT);
  CHECK(holds(refused.what, "setting net.ipv4.ip_foreward"));
  CHECK(holds(refused.hint, "no such setting"));
  CHECK(refusal(netns, "net.ipv4.conf.eth7.forwarding", "1").error_number == ENOENT);
}

TEST_CASE("a value that the kernel does not take is told with the setting, and changes nothing") {
  test::requires_root();
  const test::TestNetns netns;
  const auto refused = refusal(netns, "net.ipv4.ip_local_port_range", "3000 2000");
  CHECK(refused.error_number == EINVAL);
  CHECK(holds(refused.what, "setting net.ipv4.ip_local_port_range to 3000 2000"));
  CHECK(netns.run([] { return read_setting("net/ipv4/ip_local_port_range"); }) != "3000");
}

TEST_CASE("what leads out of /proc/sys is no setting") {
  test::requires_root();
  const test::TestNetns netns;
  for (const char* key : {"../sysrq-trigger", "net/../../sysrq-trigger", "..", "net.ipv4..x"}) {
    CAPTURE(key);
    const auto refused = refusal(netns, key, "h");
    CHECK(refused.error_number == -1);
    CHECK(holds(refused.what, "not the name of a setting"));
  }
}

TEST_CASE("where /proc/sys is read-only, as in a container, the remedy is told") {
  test::requires_root();
  const test::TestNetns netns;
  const auto refused = netns.run([&]() -> Refusal {
    // A mount namespace of this thread, which has an end with it.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr) != 0 ||
        ::mount("none", "/proc/sys", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
      return {errno, "cannot prepare", ""};
    }
    return refusal("net.ipv4.ip_forward", "1");
  });
  CHECK(refused.error_number == EROFS);
  CHECK(holds(refused.hint, "read-only"));
  CHECK(holds(refused.hint, "--privileged"));
}

TEST_CASE("a setting that is not the user's to change is told as that") {
  test::requires_root();
  const test::TestNetns netns;
  const auto refused = netns.run([&]() -> Refusal {
    // Capabilities of this thread only: it belongs to another user from here on.
    if (::syscall(SYS_setresuid, 54321, 54321, 54321) != 0) return {errno, "cannot prepare", ""};
    return refusal("net.core.somaxconn", "1");
  });
  CHECK(refused.error_number == EACCES);
  CHECK(holds(refused.hint, "needs root"));
}
