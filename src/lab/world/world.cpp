#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/spawn.hpp>

#include "hosts.hpp"
#include "world_state.hpp"

namespace warren::lab {
namespace {

constexpr const char* kHosts = "/etc/hosts";
constexpr const char* kNames = "/run/netns";

/// In the machine's own mount namespace, where others can see what is bound.
void run_outside(const std::function<void()>& work) {
  system::run_in_own_thread([&] {
    base::check_system_call(::unshare(CLONE_FS), "leaving", "the shared working directory");
    base::check_system_call(::setns(sandbox_namespaces().host_mount, CLONE_NEWNS), "entering",
                            "the machine's mount namespace");
    work();
  });
}

void unbind(const std::string& path) noexcept {
  ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
  ::unlink(path.c_str());
}

void bind_name(const std::string& path, int netns) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
  if (!file) {
    const int error = errno;
    throw base::SystemError("naming the namespace", path, error,
                            error == EEXIST ? "somebody else's namespace has this name: `ip netns "
                                              "delete` removes it; or give the lab another name"
                                            : "");
  }
  const auto source = fmt::format("/proc/self/fd/{}", netns);
  if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0) return;
  const int error = errno;
  ::unlink(path.c_str());
  throw base::SystemError("binding the namespace at", path, error);
}

}  // namespace

WorldState::WorldState(const Topology& the_topology, const WorldOptions& options)
    : topology(the_topology), claim(options.claim), directory(options.directory) {
  std::error_code ignored;
  work_directory = std::filesystem::absolute(topology.file, ignored).parent_path();
  if (directory.empty()) directory = sandbox_directory() / topology.name;
  nodes.resize(topology.nodes.size());
}

WorldState::~WorldState() {
  unbind_names();
  if (bound_hosts) ::umount2(kHosts, MNT_DETACH);
  std::error_code ignored;
  if (made_directory) std::filesystem::remove_all(directory, ignored);
}

void WorldState::make_directory() {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw base::SystemError("making the folder", directory, error.value());
  made_directory = true;
}

void WorldState::bind_hosts() {
  if (::access(kHosts, F_OK) != 0) return;  // a machine without has no use for it
  const auto path = directory / "hosts";
  std::ofstream file(path);
  file << hosts_text(topology);
  file.close();
  if (!file) throw base::SystemError("writing", path, EIO);
  base::check_system_call(::mount(path.c_str(), kHosts, nullptr, MS_BIND, nullptr), "binding",
                          kHosts);
  bound_hosts = true;
}

void WorldState::bind_names() {
  std::vector<NamedNamespace> named;
  named.reserve(nodes.size());
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    named.push_back({namespace_name(topology, NodeId(i)), nodes[i].netns.get()});
  }
  claim->record(named);
  run_outside([&] {
    if (::mkdir(kNames, 0755) < 0 && errno != EEXIST) {
      throw base::SystemError("making the folder", kNames, errno);
    }
    for (const auto& [name, netns] : named) {
      const auto path = fmt::format("{}/{}", kNames, name);
      bind_name(path, netns);
      bound_names.push_back(path);
    }
  });
}

void WorldState::unbind_names() noexcept {
  if (bound_names.empty()) return;
  try {
    run_outside([&] { std::for_each(bound_names.begin(), bound_names.end(), unbind); });
  } catch (const std::exception&) {
    return;  // the caretaker has them on its list, and so has the next lab command
  }
}

const NodeMounts& WorldState::mounts(NodeId id) {
  const std::lock_guard lock(mutex);
  NodeState& state = node(id);
  if (!state.mounts) {
    state.mounts =
        std::make_unique<NodeMounts>(make_node_mounts(state.netns.get(), topology.node(id).name));
  }
  return *state.mounts;
}

World::World(const Topology& topology, const WorldOptions& options)
    : state_(std::make_unique<WorldState>(topology, options)) {
  const auto steps = plan(topology);
  state_->make_directory();
  state_->bind_hosts();
  state_->create_namespaces();
  if (options.claim != nullptr && !rootless()) state_->bind_names();
  system::run_in_own_thread([&] {
    state_->apply(steps);
    state_->wait_until_ready(options.ready_within);
  });
}

World::~World() = default;

const std::filesystem::path& World::directory() const noexcept {
  return state_->directory;
}

int World::netns(NodeId node) const {
  return state_->node(node).netns.get();
}

int World::mount_namespace(NodeId node) const {
  return state_->mounts(node).mount.get();
}

int World::uts_namespace(NodeId node) const {
  return state_->mounts(node).uts.get();
}

std::vector<WireLink> World::take_wire_links() {
  std::vector<WireLink> links;
  for (auto& [id, taps] : std::exchange(state_->wires, {})) {
    const Link& link = state_->topology.link(id);
    links.push_back(
        {.id = id, .name = link.name, .taps = std::move(taps), .settings = link.settings});
  }
  return links;
}

Process World::spawn(NodeId node, const SpawnOptions& options) {
  WARREN_ASSERT(!options.command.empty(), "node={}", node.value());
  const NodeMounts& mounts = state_->mounts(node);
  system::SpawnRequest request{
      .arguments = options.command,
      .environment = options.environment,
      .directory = options.directory.empty() ? state_->work_directory : options.directory,
      .place = {.net = netns(node),
                .mount = mounts.mount.get(),
                .uts = mounts.uts.get(),
                .pid = sandbox_namespaces().pid},
      .standard_input = options.standard_input,
      .standard_output = options.standard_output,
      .standard_error = options.standard_error};
  if (request.arguments.size() == 1) {
    request.arguments = {"/bin/sh", "-c", options.command.front()};
  }
  request.environment.emplace_back("WARREN_LAB", state_->topology.name);
  request.environment.emplace_back("WARREN_NODE", state_->topology.node(node).name);
  auto spawned = system::spawn(request);
  return Process(std::move(spawned.pidfd), spawned.pid);
}

}  // namespace warren::lab
