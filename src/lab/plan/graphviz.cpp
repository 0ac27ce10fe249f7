// DOT to SVG. The one file of this part that is not pure: it runs a program. Graphviz's library
// would save the process, and cost everybody who never draws anything a dozen shared libraries.
#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/base/text.hpp>

#include "picture.hpp"

namespace warren::lab {
namespace {

constexpr const char* kRemedy =
    "install Graphviz (Debian: `apt-get install graphviz`), or draw with `--format dot` or "
    "`--format mermaid`, which need nothing";

/// A file in memory: written and read without the other side, so nothing can wait for nothing.
base::Fd memory_file(const char* name) {
  return base::Fd(base::check_system_call(::memfd_create(name, MFD_CLOEXEC),
                                          "making a file in memory for", name));
}

std::string text_of(const base::Fd& file) {
  std::string text;
  if (!base::read_whole_file(file.get(), text)) {
    throw base::SystemError("reading", "what dot printed", errno);
  }
  return text;
}

class FileActions {
 public:
  FileActions() { check(::posix_spawn_file_actions_init(&actions_)); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  void dup(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions_, from, to)); }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  static void check(int error) {
    if (error != 0) throw base::SystemError("preparing to run", "dot", error);
  }
  posix_spawn_file_actions_t actions_{};
};

/// The wait status.
int run_dot(int in, int out, int errors) {
  FileActions actions;
  actions.dup(in, STDIN_FILENO);
  actions.dup(out, STDOUT_FILENO);
  actions.dup(errors, STDERR_FILENO);
  std::string program = "dot";
  std::string format = "-Tsvg";
  std::array<char*, 3> arguments{program.data(), format.data(), nullptr};
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, program.c_str(), actions.get(), nullptr, arguments.data(), environ);
  if (error != 0) throw base::SystemError("running", "dot, which draws the SVG", error, kRemedy);
  return base::check_system_call(base::wait_for_child(pid), "waiting for", "dot");
}

}  // namespace

std::string svg_from_dot(const std::string& dot) {
  const base::Fd in = memory_file("graph");
  const base::Fd out = memory_file("svg");
  const base::Fd errors = memory_file("messages");
  if (!base::write_all(in.get(), dot)) throw base::SystemError("writing", "the graph", errno);
  base::check_system_call(static_cast<int>(::lseek(in.get(), 0, SEEK_SET)), "rewinding",
                          "the graph");
  const int status = run_dot(in.get(), out.get(), errors.get());
  const std::string svg = text_of(out);
  // Behind the prolog, whose document type and comments have no place inside a page.
  const std::size_t begin = svg.find("<svg");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || begin == std::string::npos) {
    throw base::SystemError(
        fmt::format("drawing the SVG: dot failed: {}", base::printable(text_of(errors))), EIO,
        kRemedy);
  }
  return svg.substr(begin);
}

}  // namespace warren::lab
