// What is said when the kernel refuses a ring: a seccomp filter in a child process does the
// refusing.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <cstddef>
#include <string>

#include <warren/engine/engine.hpp>

#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

/// Lets io_uring_setup fail with `error` in this process from now on.
bool refuse_rings(int error) {
  const std::array<sock_filter, 4> program{
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{program.size(), const_cast<sock_filter*>(program.data())};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/// What `work` returns in a child in which io_uring_setup fails with `error`.
template <class Work>
std::string with_refusal(int error, Work&& work) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string text = refuse_rings(error) ? work() : "no seccomp";
    const auto written = ::write(ends[1], text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  return text;
}

std::string refusal_of_probe() {
  const auto support = engine::probe_ring();
  return support.available ? "available" : support.unavailable_reason + "\n" + support.remedy;
}

std::string refusal_of_engine() {
  try {
    crypto::Aead aead(crypto::available_backends().front());
    protocol::Device device({}, aead, crypto::system_random());
    system::TunDevice tun({.name = "wrprobe%d"});
    engine::Engine engine({}, device, tun);
    return "available";
  } catch (const base::Error& error) {
    return std::string(error.what()) + "\n" + error.hint();
  }
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the probe finds what this kernel has, and finds the same again") {
  const auto first = engine::probe_ring();
  const auto second = engine::probe_ring();
  if (!first.available) SKIP(first.unavailable_reason);
  CHECK(first.provided_buffer_rings == second.provided_buffer_rings);
  CHECK(first.read_multishot == second.read_multishot);
  CHECK(first.recvmsg_multishot == second.recvmsg_multishot);
  CHECK((!first.read_multishot || first.provided_buffer_rings));
  CHECK(first.unavailable_reason.empty());
}

TEST_CASE("io_uring forbidden by seccomp is refused with that reason and a remedy") {
  const auto text = with_refusal(EPERM, refusal_of_probe);
  CHECK(contains(text, "seccomp"));
  CHECK(contains(text, "io_uring_disabled is 0"));
  CHECK(contains(text, "--security-opt"));
}

TEST_CASE("a kernel without io_uring is refused with the kernel that is needed") {
  const auto text = with_refusal(ENOSYS, refusal_of_probe);
  CHECK(contains(text, "has no io_uring"));
  CHECK(contains(text, "6.1 or newer"));
}

TEST_CASE("too little locked memory is refused with the limit's name") {
  const auto text = with_refusal(ENOMEM, refusal_of_probe);
  CHECK(contains(text, "RLIMIT_MEMLOCK"));
  CHECK(contains(text, "ulimit -l"));
}

TEST_CASE("an engine that gets no ring throws the probe's words") {
  requires_root();
  for (const int error : {EPERM, ENOSYS, ENOMEM}) {
    const auto probed = with_refusal(error, refusal_of_probe);
    CHECK(with_refusal(error, refusal_of_engine) == "setting up io_uring: " + probed);
  }
}
