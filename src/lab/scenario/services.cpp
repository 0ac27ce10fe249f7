#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <warren/crypto/random.hpp>
#include <warren/lab/services.hpp>
#include <warren/system/clock.hpp>

#include "process_text.hpp"
#include "readiness.hpp"
#include "tunnel_config.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

using namespace std::chrono_literals;
using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr base::Duration kTunnelReadyWithin = 10s;
constexpr base::Duration kEndWithin = 2s;

/// One that runs, or ran.
struct Service {
  NodeId node;
  std::string name;
  Incident::Kind kind = Incident::Kind::program;
  std::vector<std::string> command;
  Environment environment;
  std::filesystem::path log;
  std::optional<Process> process;
  std::string shown = {};  // in messages; empty: the name
  bool noted = false;      // its end is known
  bool expected = false;   // and wanted
};

/// Where a daemon says that it is ready (sd_notify(3)).
class NotifySocket {
 public:
  explicit NotifySocket(std::filesystem::path path) : path_(std::move(path)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.native().size() >= sizeof address.sun_path) {
      throw base::Error(fmt::format("{} is too long for a socket's name", path_.native()));
    }
    path_.native().copy(address.sun_path, path_.native().size());
    fd_.reset(base::check_system_call(
        ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "making", "a socket"));
    ::unlink(path_.c_str());
    base::check_system_call(
        ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), "binding",
        path_.native());
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Whether it has been said by now.
  [[nodiscard]] bool ready() const {
    std::array<char, 512> text;
    while (true) {
      const ssize_t got = ::recv(fd_.get(), text.data(), text.size(), 0);
      if (got < 0) return false;
      const std::string_view said(text.data(), static_cast<std::size_t>(got));
      if (said.find("READY=1") != std::string_view::npos) return true;
    }
  }

 private:
  std::filesystem::path path_;
  base::Fd fd_;
};

void write_secret_file(const std::filesystem::path& path, const std::string& text) {
  ::unlink(path.c_str());
  const base::Fd file(
      base::check_system_call(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                              "making", path.native()));
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw base::SystemError("writing", path.native(), errno);
  }
}

std::string own_executable() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  // A binary that was replaced meanwhile reads "… (deleted)"; the link itself still works.
  return error || !std::filesystem::exists(path, error) ? "/proc/self/exe" : path.native();
}

std::string file_name(std::string_view node, std::string_view name, std::string_view suffix) {
  std::string text = fmt::format("{}.{}{}", node, name, suffix);
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

}  // namespace

struct Services::State {
  State(const Topology& the_topology, World& the_world, const Stop& the_stop,
        ServiceOptions the_options)
      : topology(the_topology),
        world(the_world),
        stop(the_stop),
        options(std::move(the_options)),
        executable(options.executable.empty() ? own_executable() : options.executable.native()) {
    std::filesystem::create_directories(options.directory);
  }

  [[nodiscard]] std::string display(const Service& service) const {
    return fmt::format("{}: {}", topology.node(service.node).name,
                       service.shown.empty() ? service.name : service.shown);
  }
  void note(const Service& service, std::string text, bool trouble) const {
    if (!options.note) return;
    options.note({.text = std::move(text), .kind = service.kind, .trouble = trouble});
  }

  Service& add(std::vector<Service>& to, Service service) {
    service.log =
        options.directory / file_name(topology.node(service.node).name, service.name, ".log");
    const std::scoped_lock lock(logs_mutex);
    log_files.push_back({topology.node(service.node).name, service.name, service.log});
    to.push_back(std::move(service));
    return to.back();
  }

  void spawn(Service& service) {
    const base::Fd log(base::check_system_call(
        ::open(service.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), "making",
        service.log.native()));
    service.process.emplace(world.spawn(service.node, {.command = service.command,
                                                       .environment = service.environment,
                                                       .directory = {},
                                                       .standard_output = log.get(),
                                                       .standard_error = log.get()}));
    service.noted = false;
    service.expected = false;
  }

  [[noreturn]] void fail(const Service& service, const std::string& why, Place place) {
    note(service, fmt::format("{} {}", display(service), why), true);
    std::string text = fmt::format("{} {}", display(service), why);
    if (const std::string tail = log_tail(service.log); !tail.empty()) {
      text += fmt::format("; its log ends with\n{}", tail);
      text.pop_back();
    }
    throw NotReady(text, place);
  }
  void fail_if_stopped() const {
    if (stop.requested()) throw base::Error(std::string(stop.reason()));
  }

  // ---- tunnels

  struct Daemon {
    Place place;
    std::unique_ptr<NotifySocket> notify;
  };

  void start_tunnels() {
    for (const Tunnel& tunnel : topology.tunnels) {
      std::vector<crypto::SecretKey> keys;
      keys.reserve(tunnel.ends.size());
      for (std::size_t i = 0; i < tunnel.ends.size(); ++i) {
        keys.push_back(crypto::generate_secret_key(crypto::system_random()));
      }
      for (std::size_t i = 0; i < tunnel.ends.size(); ++i) start_daemon(tunnel, i, keys);
    }
    for (std::size_t i = 0; i < daemons.size(); ++i) await(tunnels[i], daemons[i]);
  }

  void start_daemon(const Tunnel& tunnel, std::size_t end,
                    std::span<const crypto::SecretKey> keys) {
    const std::string& node = topology.node(tunnel.ends[end].node).name;
    const auto config = options.directory / file_name(node, tunnel.name, ".toml");
    write_secret_file(config, tunnel_config(topology, tunnel, end, keys));
    auto notify =
        std::make_unique<NotifySocket>(options.directory / file_name(node, tunnel.name, ".ready"));
    Service& service = add(tunnels, {.node = tunnel.ends[end].node,
                                     .name = tunnel.name,
                                     .kind = Incident::Kind::tunnel,
                                     .command = {executable, "up", config.native()},
                                     .environment = {{"NOTIFY_SOCKET", notify->path().native()},
                                                     {"WARREN_RUNTIME_DIR", "/run/warren"}},
                                     .log = {},
                                     .process = {}});
    daemons.push_back({tunnel.place, std::move(notify)});
    spawn(service);
  }

  void await(Service& service, const Daemon& daemon) {
    const base::Instant began = system::boot_now();
    while (!daemon.notify->ready()) {
      if (const auto status = service.process->wait({})) {
        fail(service, describe_end(*status), daemon.place);
      }
      std::array<pollfd, 2> polls{
          {{daemon.notify->fd(), POLLIN, 0}, {service.process->pidfd(), POLLIN, 0}}};
      if (wait_for(polls, began + kTunnelReadyWithin, stop) == Woken::timeout) {
        fail(service, fmt::format("is not ready after {}", format_seconds(kTunnelReadyWithin)),
             daemon.place);
      }
      fail_if_stopped();
    }
    note(service, fmt::format("{} is up", display(service)), false);
  }

  // ---- programs

  void start_programs() {
    struct Pending {
      const Program* program;
      std::size_t index;
      base::Instant began;
      std::unique_ptr<Condition> ready;
    };
    std::vector<Pending> pending;
    for (std::uint32_t i = 0; i < topology.nodes.size(); ++i) {
      for (const Program& each : topology.nodes[i].programs) {
        Service& service =
            add(programs, {.node = NodeId(i),
                           .name = each.name,
                           .command = each.command,
                           .environment = {each.environment.begin(), each.environment.end()},
                           .log = {},
                           .process = {}});
        // Before the program starts, so that nothing of its log is missed.
        auto ready = make_condition(world, NodeId(i), each.ready, service.log, stop);
        spawn(service);
        pending.push_back({&each, programs.size() - 1, system::boot_now(), std::move(ready)});
      }
    }
    for (const Pending& each : pending) {
      await(programs[each.index], *each.program, *each.ready, each.began);
    }
  }

  void await(Service& service, const Program& program, Condition& ready, base::Instant began) {
    const base::Instant deadline = began + program.ready.within;
    base::Duration pause = 1ms;
    while (!ready.is_met()) {
      fail_if_stopped();
      // One that ended well may have left the work to a child.
      const auto status = service.process->wait({});
      if (status && !(WIFEXITED(*status) && WEXITSTATUS(*status) == 0)) {
        fail(service, describe_end(*status) + " before it was ready", program.place);
      }
      const base::Instant now = system::boot_now();
      if (now >= deadline) {
        fail(service,
             fmt::format("is not ready after {}: {}", format_seconds(program.ready.within),
                         describe_missing(program.ready)),
             program.place);
      }
      pause = std::min<base::Duration>(pause * 2, 50ms);
      wait_for(status ? -1 : service.process->pidfd(), POLLIN, std::min(now + pause, deadline),
               stop);
    }
    note(service, fmt::format("{} is ready", display(service)), false);
  }

  static std::string format_seconds(base::Duration time) {
    return fmt::format("{:g} s", std::chrono::duration<double>(time).count());
  }

  Service& find(NodeId node, const std::string& name) {
    for (std::vector<Service>* list : {&programs, &tunnels}) {
      for (Service& each : *list) {
        if (each.node == node && each.name == name) return each;
      }
    }
    throw base::Error(fmt::format("{} has no program {}", topology.node(node).name, name));
  }

  /// All of a kind at once.
  static void end(std::vector<Service>& list) noexcept {
    for (auto each = list.rbegin(); each != list.rend(); ++each) {
      each->expected = true;
      if (each->process) each->process->signal(SIGTERM);
    }
    const base::Instant deadline = system::boot_now() + kEndWithin;
    for (Service& each : list) {
      if (each.process) {
        each.process->wait(std::max(deadline - system::boot_now(), base::Duration::zero()));
      }
    }
    for (auto each = list.rbegin(); each != list.rend(); ++each) each->process.reset();
  }

  template <class Work>
  void for_all(Work work) {
    for (std::vector<Service>* list : {&tunnels, &programs, &commands}) {
      for (Service& each : *list) work(each);
    }
  }

  const Topology& topology;
  World& world;
  const Stop& stop;
  ServiceOptions options;
  std::string executable;
  std::vector<Service> tunnels, programs, commands;
  std::vector<Daemon> daemons;  // one per entry of `tunnels`
  mutable std::mutex logs_mutex;
  std::vector<LogFile> log_files;
};

Services::Services(const Topology& topology, World& world, const Stop& stop, ServiceOptions options)
    : state_(std::make_unique<State>(topology, world, stop, std::move(options))) {}

Services::~Services() {
  stop();
}

void Services::start() {
  state_->start_tunnels();
  state_->start_programs();
}

void Services::signal(NodeId node, const std::string& program, int signal_number) {
  Service& service = state_->find(node, program);
  service.expected = true;
  if (signal_number != 0) {
    if (service.process) service.process->signal(signal_number);
    return;
  }
  if (service.process) {
    service.process->signal(SIGTERM);
    service.process->wait(kEndWithin);
    service.process.reset();
  }
  state_->spawn(service);
}

void Services::launch(NodeId node, const std::vector<std::string>& command) {
  const std::string name = fmt::format("command-{}", state_->commands.size() + 1);
  Service& service = state_->add(state_->commands,
                                 {.node = node,
                                  .name = name,
                                  .command = command,
                                  .environment = {},
                                  .log = {},
                                  .process = {},
                                  .shown = fmt::format("{} (`{}`)", name, join_command(command))});
  state_->spawn(service);
}

std::vector<int> Services::watched() const {
  std::vector<int> descriptors;
  state_->for_all([&](const Service& each) {
    if (each.process && !each.noted) descriptors.push_back(each.process->pidfd());
  });
  return descriptors;
}

void Services::note_ended() {
  state_->for_all([&](Service& each) {
    if (!each.process || each.noted) return;
    const auto status = each.process->wait({});
    if (!status) return;
    each.noted = true;
    const bool well = WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
    state_->note(each, fmt::format("{} {}", state_->display(each), describe_end(*status)),
                 !well && !each.expected);
  });
}

std::vector<LogFile> Services::logs() const {
  const std::scoped_lock lock(state_->logs_mutex);
  return state_->log_files;
}

const std::string& Services::executable() const noexcept {
  return state_->executable;
}

void Services::stop() noexcept {
  State::end(state_->commands);
  State::end(state_->programs);
  State::end(state_->tunnels);
}

}  // namespace warren::lab
