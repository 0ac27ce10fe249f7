// Runs a piece of a test in a process of its own that has entered a lab's sandbox: a process can do
// that once, and cannot leave it.
#pragma once

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/lab/sandbox.hpp>

namespace warren::test {

enum class As { self, ordinary_user };

inline void become_ordinary_user() {
  constexpr unsigned kUser = 54321;
  if (::geteuid() != 0) return;
  base::check_system_call(::setgroups(0, nullptr), "dropping", "groups");
  base::check_system_call(::setresgid(kUser, kUser, kUser), "changing", "the group");
  base::check_system_call(::setresuid(kUser, kUser, kUser), "changing", "the user");
  // A change of the user hides /proc/self from its new owner; a program started by that user is
  // not.
  base::check_system_call(::prctl(PR_SET_DUMPABLE, 1), "showing", "/proc/self");
}

/// What `work` returned; "error: …" with the hint when it threw. The process has ended.
inline std::string in_sandbox(const std::function<std::string()>& work, As as = As::self,
                              lab::Claim* claim = nullptr) {
  std::array<int, 2> ends{};
  base::check_system_call(::pipe(ends.data()), "opening", "a pipe");
  base::Fd reading(ends[0]);
  base::Fd writing(ends[1]);
  static_cast<void>(std::fflush(nullptr));
  const pid_t child = base::check_system_call(::fork(), "starting", "a process");
  if (child == 0) {
    reading.reset();
    std::string text;
    try {
      if (as == As::ordinary_user) become_ordinary_user();
      lab::enter_sandbox(claim);
      text = work();
    } catch (const base::Error& error) {
      text = std::string("error: ") + error.what() + "; " + error.hint();
    } catch (const std::exception& error) {
      text = std::string("error: ") + error.what();
    }
    lab::leave_sandbox();
    const auto written = ::write(writing.get(), text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  writing.reset();
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t bytes = 0; (bytes = ::read(reading.get(), piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(bytes));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0 ? text : text + " (the process died)";
}

}  // namespace warren::test
