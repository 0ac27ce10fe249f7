// warren import FILE.conf: a wg-quick configuration as Warren's TOML.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/system_calls.hpp>
#include <warren/config/model.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

void write_text(int fd, std::string_view text, const std::string& name) {
  if (!base::write_all(fd, text)) throw base::SystemError("write", name, errno);
}

/// The file holds private keys: it is born readable by its owner alone, and an existing file is
/// never overwritten, for the same reason.
void write_new_file(const std::string& name, std::string_view text) {
  base::Fd fd(open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) {
    const int error = errno;
    if (error == EEXIST) {
      throw UsageError(fmt::format("create {}: it exists already", name),
                       "choose another name, or remove the file first");
    }
    throw base::SystemError("create", name, error);
  }
  try {
    write_text(fd.get(), text, name);
    base::check_system_call(fsync(fd.get()), "write", name);
  } catch (...) {
    unlink(name.c_str());
    throw;
  }
}

struct Arguments {
  std::string input;
  std::string output;
};

void import(const Arguments& arguments) {
  const std::string toml =
      config::import_wg_quick(config::read_text_file(arguments.input), arguments.input);
  if (!arguments.output.empty()) {
    write_new_file(arguments.output, toml);
  } else {
    write_text(STDOUT_FILENO, toml, "standard output");
  }
}

}  // namespace

void register_import(CLI::App& app, int&) {
  CLI::App* command =
      app.add_subcommand("import", "Convert a wg-quick configuration to Warren's TOML");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("FILE", arguments->input, "wg-quick configuration (.conf)")->required();
  command->add_option("-o,--output", arguments->output,
                      "file to create, with mode 0600 (default: standard output)");
  command->footer(
      "What has no equivalent (hooks, DNS, routing tables) becomes a comment in the result.\n\n"
      "Example:\n"
      "  warren import /etc/wireguard/wg0.conf -o /etc/warren/wg0.toml");
  command->callback([arguments] { import(*arguments); });
}

}  // namespace warren::cli
