#include "lab_client.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <chrono>

#include <warren/base/error.hpp>
#include <warren/lab/claim.hpp>
#include <warren/lab/report.hpp>
#include <warren/system/fd_passing.hpp>
#include <warren/system/unix_socket.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;

/// A lab that comes up answers when its programs are ready.
constexpr auto kPatience = std::chrono::seconds(60);

base::Fd connect_to(const std::string& name) {
  try {
    return system::connect_unix(lab::lab_socket(name), kPatience);
  } catch (const base::SystemError& error) {
    if (error.error_number() != ENOENT && error.error_number() != ECONNREFUSED) throw;
    const auto names = lab::running_labs();
    throw UsageError(fmt::format("no lab {} is up", name),
                     names.empty() ? "none is: `warren lab up FILE` brings one up"
                                   : fmt::format("`warren lab list` shows those that are: {}",
                                                 fmt::join(names, ", ")));
  }
}

/// Throws base::Error when it does not come.
system::LineReader read_answer(const base::Fd& connection, const std::string& name) {
  system::LineReader reader;
  try {
    while (!reader.complete()) {
      if (!reader.receive(connection.get())) {
        throw base::Error(fmt::format("the lab {} ended before it answered", name));
      }
    }
  } catch (const base::SystemError& error) {
    if (error.error_number() == ECONNRESET) {
      throw base::Error(fmt::format("the lab {} ended before it answered", name));
    }
    if (error.error_number() != EAGAIN) throw;
    throw base::Error(
        fmt::format("the lab {} has not answered within {} seconds", name, kPatience.count()),
        fmt::format("it may still be coming up; `warren lab down {}` ends it", name));
  }
  return reader;
}

}  // namespace

LabReply ask_lab(const std::string& name, const json& request, std::span<const int> fds) {
  LabReply reply;
  reply.connection = connect_to(name);
  system::send_line(reply.connection.get(), lab::json_line(request), fds);
  auto reader = read_answer(reply.connection, name);
  reply.answer = json::parse(reader.line());
  reply.fds = reader.take_fds();
  if (reply.answer.value("ok", false)) return reply;
  const auto error = reply.answer.value("error", "the request failed");
  const auto hint = reply.answer.value("hint", "");
  if (reply.answer.value("usage", false)) throw UsageError(error, hint);
  throw base::Error(error, hint);
}

}  // namespace warren::cli
