// Theory of operation. A lab that is up is one process. It claims the lab's name, binds the socket
// where the lab answers, enters the sandbox, and makes the world, the wire, the recorder and the
// services (meanwhile a thread looks for a reason to give up: lab_bring_up.cpp); from then on its
// first thread answers questions, one line of JSON each. It never leaves the machine's network
// namespace and never enters a node: whoever wants to run a command in a node gets the descriptors
// of the node's namespaces and enters them by itself, with its own terminal, environment and exit
// status. When the process ends, in whatever way, the caretaker of the sandbox removes the rest.
#include "lab_session.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/lab/report.hpp>
#include <warren/lab/sandbox.hpp>
#include <warren/system/clock.hpp>

#include "commands.hpp"
#include "lab_bring_up.hpp"

namespace warren::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kRingBytes = std::size_t{16} << 20;
/// A capture shows whole frames, whatever the device's MTU.
constexpr std::uint32_t kSnapBytes = 65550;
/// How soon a capture whose reader is gone is given up.
constexpr int kCaptureCheck_ms = 200;

double ms_since(base::Instant start) {
  return std::chrono::duration<double, std::milli>(system::boot_now() - start).count();
}

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             system::wall_now().time_since_epoch())
      .count();
}

std::string refusal(const base::Error& error) {
  const bool usage = dynamic_cast<const UsageError*>(&error) != nullptr;
  return lab::json_line(
      {{"ok", false}, {"error", error.what()}, {"hint", error.hint()}, {"usage", usage}});
}

}  // namespace

LabSession::LabSession(const lab::Topology& topology, const system::DaemonChild& parent)
    : topology_(topology),
      began_ms_(wall_ms()),
      claim_(topology.name),
      listener_(claim_.socket_path()),
      signals_({SIGTERM, SIGINT}) {
  const auto start = system::boot_now();
  lab::enter_sandbox(&claim_);
  BringUpWatch watch({.signals = &signals_,
                      .parent = parent.fd(),
                      .caretaker = lab::sandbox_namespaces().caretaker,
                      .door = &listener_},
                     stop_);
  world_ = std::make_unique<lab::World>(topology_, lab::WorldOptions{.claim = &claim_});
  const bool wired = std::any_of(topology_.links.begin(), topology_.links.end(),
                                 [](const lab::Link& link) { return link.wired; });
  if (wired) {
    ring_ = std::make_unique<lab::CaptureRing>(kRingBytes, kSnapBytes);
    wire_ = std::make_unique<lab::Wire>(
        world_->take_wire_links(),
        lab::WireOptions{.seed = topology_.seed, .capture = ring_.get()});
  }
  bring_up_ms_ = ms_since(start);
  recorder_ = std::make_unique<lab::Recorder>(
      topology_,
      lab::RecorderOptions{.ring = ring_.get(),
                           .wire_capture =
                               [this](bool on) {
                                 if (wire_) wire_->capture(on);
                               },
                           .netns = [this](lab::NodeId node) { return world_->netns(node); }});
  services_ = std::make_unique<lab::Services>(
      topology_, *world_, stop_,
      lab::ServiceOptions{
          .directory = world_->directory(), .executable = {}, .note = [](const lab::Incident&) {}});
  services_->start();
  for (auto& socket : watch.end()) add_client(std::move(socket));
  if (stop_.requested()) throw base::Error(std::string(stop_.reason()));
  ready_ms_ = ms_since(start);
}

LabSession::~LabSession() = default;

void LabSession::add_client(base::Fd socket) {
  clients_.push_back({.socket = std::move(socket), .reader = {}, .capture = {}});
}

void LabSession::run() {
  while (!ending_) {
    std::vector<pollfd> entries{{listener_.fd(), POLLIN, 0},
                                {signals_.fd(), POLLIN, 0},
                                {lab::sandbox_namespaces().caretaker, POLLIN, 0}};
    for (const auto& client : clients_) entries.push_back({client.socket.get(), POLLIN, 0});
    for (const int fd : services_->watched()) entries.push_back({fd, POLLIN, 0});
    const bool capturing = std::any_of(clients_.begin(), clients_.end(), [](const Client& client) {
      return client.capture.has_value();
    });
    if (::poll(entries.data(), entries.size(), capturing ? kCaptureCheck_ms : -1) < 0) continue;
    // Without its caretaker, which took every program with it, the lab is none any more.
    if (entries[1].revents != 0 || entries[2].revents != 0) return;
    // Before the list of clients changes: they stand in the order of the entries.
    std::size_t position = 3;
    for (auto client = clients_.begin(); client != clients_.end() && !ending_;) {
      const bool ready = entries[position++].revents != 0;
      if (ready) serve(*client);
      client = still_there(*client) ? std::next(client) : clients_.erase(client);
    }
    for (; position < entries.size(); ++position) {
      if (entries[position].revents == 0) continue;
      services_->note_ended();
      break;
    }
    if (entries[0].revents == 0) continue;
    if (auto socket = listener_.accept()) {
      bound_sends(socket.get());
      add_client(std::move(socket));
    }
  }
}

bool LabSession::still_there(const Client& client) const {
  return client.socket && (!client.capture || recorder_->streaming(*client.capture));
}

/// One request per connection. A connection that asked for a capture stays until either side ends
/// it.
void LabSession::serve(Client& client) {
  try {
    if (!client.reader.receive(client.socket.get())) {
      if (client.capture) recorder_->unstream(*client.capture);
      client.socket.reset();
      return;
    }
    if (client.capture || !client.reader.complete()) return;
    LabAnswer answered;
    try {
      answered = answer(client);
    } catch (const base::Error& error) {
      answered = {.line = refusal(error), .fds = {}};
    } catch (const json::exception& error) {
      answered = {.line = refusal(UsageError(fmt::format("not a request: {}", error.what()))),
                  .fds = {}};
    }
    system::send_line(client.socket.get(), answered.line, answered.fds);
    if (!client.capture) client.socket.reset();
  } catch (const base::SystemError&) {
    client.socket.reset();  // it is gone, or does not read
  }
}

}  // namespace warren::cli
