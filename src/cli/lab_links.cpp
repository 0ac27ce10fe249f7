// warren lab set and capture: the links of a lab that is up.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/lab/claim.hpp>
#include <warren/system/signals.hpp>

#include "commands.hpp"
#include "lab_client.hpp"
#include "lab_sessions.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;

struct SetOptions {
  std::string name, link;
  std::vector<std::string> assignments;
  std::string direction = "both";
};

void set(const SetOptions& options) {
  std::vector<std::uint8_t> directions;
  if (options.direction != "reverse") directions.push_back(0);
  if (options.direction != "forward") directions.push_back(1);
  const auto link = ask_lab(options.name, {{"command", "set"},
                                           {"link", options.link},
                                           {"assignments", options.assignments},
                                           {"directions", directions}})
                        .answer.at("link");
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const std::string settings = link.at("directions").at(i).at("settings");
    fmt::print("{} > {}: {}\n", link.at("ends").at(i).get<std::string>(),
               link.at("ends").at(1 - i).get<std::string>(),
               settings.empty() ? "nothing impaired" : settings);
  }
}

struct CaptureOptions {
  std::string name, link;
  std::string file;
};

std::string file_for(const CaptureOptions& options) {
  return options.file.empty() ? fmt::format("{}-{}.pcapng", options.name, options.link)
                              : options.file;
}

struct Output {
  base::Fd file;
  bool is_new = false;
};

/// What it holds stays: the lab empties it once it knows what to write.
Output open_output(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC;
  if (base::Fd file(::open(path.c_str(), kFlags | O_EXCL, 0666)); file) {
    return {std::move(file), true};
  }
  base::Fd file(::open(path.c_str(), kFlags, 0666));
  if (!file) throw base::SystemError("opening", path, errno);
  return {std::move(file), false};
}

void capture(const CaptureOptions& options) {
  const bool to_output = options.file == "-";
  if (to_output && ::isatty(STDOUT_FILENO) == 1) {
    throw UsageError("a capture is no text for a terminal",
                     "`warren lab capture NAME LINK -w - | tshark -r -`, or -w FILE");
  }
  const auto path = file_for(options);
  const Output output =
      to_output ? Output{base::Fd(::dup(STDOUT_FILENO)), false} : open_output(path);
  const std::array<int, 1> out{output.file.get()};
  // Before the capture begins, so that an interrupt at any moment ends it in order.
  system::SignalFd signals({SIGINT, SIGTERM});
  LabReply reply;
  try {
    reply = ask_lab(options.name,
                    {{"command", "capture"}, {"link", options.link}, {"replace", !to_output}}, out);
  } catch (const base::Error&) {
    if (output.is_new) ::unlink(path.c_str());
    throw;
  }
  if (!to_output) fmt::print(stderr, "warren: writing {} until interrupted\n", path);
  // The lab ends the connection when the reader is gone, or with itself.
  std::array<pollfd, 2> entries{{{signals.fd(), POLLIN, 0}, {reply.connection.get(), POLLIN, 0}}};
  while (::poll(entries.data(), entries.size(), -1) < 0 && errno == EINTR) {
  }
  signals.drain();
}

}  // namespace

void register_lab_set(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("set", "Change what a link of a lab that is up does");
  const auto options = std::make_shared<SetOptions>();
  command->add_option("NAME", options->name, "the lab's name")->required();
  command->add_option("LINK", options->link, "the link's name")->required();
  command->add_option("SETTING", options->assignments, "KEY=VALUE as in the file; or `reset`")
      ->required();
  command->add_option("--direction", options->direction, "forward is from the first end")
      ->check(CLI::IsMember({"both", "forward", "reverse"}))
      ->capture_default_str();
  command->footer(
      "What is not named stays. The link has to be a wired one.\n\n"
      "Example:\n"
      "  warren lab set two-hosts wan delay=80ms loss=2%\n"
      "  warren lab set two-hosts wan up=false --direction forward");
  command->callback([options] {
    lab::clean_stale();
    set(*options);
  });
}

void register_lab_capture(CLI::App& lab) {
  CLI::App* command = lab.add_subcommand("capture", "Capture the frames of a link as pcapng");
  const auto options = std::make_shared<CaptureOptions>();
  command->add_option("NAME", options->name, "the lab's name")->required();
  command->add_option("LINK", options->link, "the link's name")->required();
  command->add_option("-w,--write", options->file,
                      "where to; - is standard output; NAME-LINK.pcapng without it");
  command->footer(
      "Until interrupted, or until the reader ends. Wired links have a comment per frame: what "
      "became\n"
      "of it.\n\n"
      "Example:\n"
      "  warren lab capture two-hosts wan -w - | tshark -r -");
  command->callback([options] {
    lab::clean_stale();
    capture(*options);
  });
}

}  // namespace warren::cli
