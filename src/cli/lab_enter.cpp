// warren lab exec and shell: a command in a node of a lab that is up, with the caller's terminal,
// environment, directory and exit status. This process enters the node's namespaces by descriptors
// that the lab hands it; the command is its child, since a process itself cannot change its process
// namespace.
#include <fmt/core.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/lab/claim.hpp>

#include "commands.hpp"
#include "lab_client.hpp"
#include "lab_sessions.hpp"

namespace warren::cli {
namespace {

constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

struct EnterOptions {
  std::string name, node;
  std::vector<std::string> command;
};

int kind_of(const std::string& name) {
  if (name == "user") return CLONE_NEWUSER;
  if (name == "net") return CLONE_NEWNET;
  if (name == "uts") return CLONE_NEWUTS;
  if (name == "mnt") return CLONE_NEWNS;
  if (name == "pid") return CLONE_NEWPID;
  throw base::Error(fmt::format("the lab speaks of a namespace of the kind {}", name));
}

/// In the order that the lab gives: the user namespace first, which gives the right to the others.
void enter(const LabReply& reply) {
  const auto& names = reply.answer.at("namespaces");
  if (names.size() != reply.fds.size()) throw base::Error("the lab sent half an answer");
  for (std::size_t i = 0; i < reply.fds.size(); ++i) {
    const auto name = names.at(i).get<std::string>();
    base::check_system_call(::setns(reply.fds[i].get(), kind_of(name)), "entering the node's",
                            name + " namespace");
  }
}

[[noreturn]] void run_command(const EnterOptions& options, const std::string& directory) {
  // The node has the machine's files, but for a few.
  if (::chdir(directory.c_str()) != 0) static_cast<void>(::chdir("/"));
  ::setenv("WARREN_LAB", options.name.c_str(), 1);
  ::setenv("WARREN_NODE", options.node.c_str(), 1);
  for (const int signal : {SIGINT, SIGQUIT}) static_cast<void>(::signal(signal, SIG_DFL));
  std::vector<char*> arguments;
  arguments.reserve(options.command.size() + 1);
  for (const auto& word : options.command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  fmt::print(stderr, "warren: running {}: {}\n", options.command.front(), base::errno_text(error));
  static_cast<void>(std::fflush(stderr));
  ::_exit(error == ENOENT ? kNotFound : kNotExecutable);
}

volatile pid_t running_child = -1;

void forward(int signal) {
  if (running_child > 0) ::kill(running_child, signal);
}

/// The terminal sends its signals to the command as well: they are not for this process.
int wait_for(pid_t child) {
  running_child = child;
  for (const int signal : {SIGTERM, SIGHUP}) static_cast<void>(::signal(signal, forward));
  const int status = base::wait_for_child(child);
  running_child = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// An interactive shell makes its own process group the terminal's, and cannot name ours, which its
/// process namespace does not have, to give it back.
void take_terminal_back() {
  if (::isatty(STDIN_FILENO) != 1) return;
  static_cast<void>(::signal(SIGTTOU, SIG_IGN));
  ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
}

int run_in_node(const EnterOptions& options) {
  const auto reply = ask_lab(options.name, {{"command", "enter"}, {"node", options.node}});
  std::error_code ignored;
  const auto directory = std::filesystem::current_path(ignored).native();
  enter(reply);
  for (const int signal : {SIGINT, SIGQUIT}) static_cast<void>(::signal(signal, SIG_IGN));
  static_cast<void>(std::fflush(nullptr));
  const pid_t child = base::check_system_call(::fork(), "starting", options.command.front());
  if (child == 0) run_command(options, directory);
  const int status = wait_for(child);
  take_terminal_back();
  return status;
}

std::string users_shell() {
  const char* shell = std::getenv("SHELL");
  return shell != nullptr && ::access(shell, X_OK) == 0 ? shell : "/bin/sh";
}

}  // namespace

void register_lab_exec(CLI::App& lab, int& exit_code) {
  CLI::App* command = lab.add_subcommand("exec", "Run a command in a node of a lab that is up");
  const auto options = std::make_shared<EnterOptions>();
  command->add_option("NAME", options->name, "the lab's name")->required();
  command->add_option("NODE", options->node, "the node's name")->required();
  command->add_option("COMMAND", options->command, "and its arguments")->required();
  command->positionals_at_end();  // the command's own options are not ours
  command->footer(
      "Its exit status is the command's; 128 and the signal's number when one ended it, 127 when\n"
      "there is no such command.\n\n"
      "Example:\n"
      "  warren lab exec two-hosts alice -- ping -c 3 bob");
  command->callback([options, &exit_code] {
    lab::clean_stale();
    if (options->command.front() == "--") options->command.erase(options->command.begin());
    if (options->command.empty()) throw UsageError("there is no command behind `--`");
    exit_code = run_in_node(*options);
  });
}

void register_lab_shell(CLI::App& lab, int& exit_code) {
  CLI::App* command = lab.add_subcommand("shell", "Open a shell in a node of a lab that is up");
  const auto options = std::make_shared<EnterOptions>();
  command->add_option("NAME", options->name, "the lab's name")->required();
  command->add_option("NODE", options->node, "the node's name")->required();
  command->footer(
      "The one that SHELL names.\n\n"
      "Example:\n"
      "  warren lab shell two-hosts alice");
  command->callback([options, &exit_code] {
    lab::clean_stale();
    options->command = {users_shell()};
    exit_code = run_in_node(*options);
  });
}

}  // namespace warren::cli
