// Theory of operation. One thread makes the whole network; it goes from namespace to namespace with
// setns(2), which is cheap, while a thread or a process per command is not. Each node has a netlink
// socket that was opened in its namespace, so that most steps need no change of namespace at all;
// requests are gathered per node and sent in batches. The kernel does what one socket asks for in
// order; between sockets the order matters in one place only: a device must have come into being
// before another node's socket speaks of it, since a pair is made through the first end's socket.
// So the batches that create devices are sent before the first step of another kind.
//
// Namespaces are made first, by as many threads as there are processors: that is the most expensive
// part, and the only one that the kernel does in parallel.
#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <thread>
#include <variant>

#include <warren/base/error.hpp>
#include <warren/system/link_monitor.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/nat.hpp>
#include <warren/system/sysctl.hpp>
#include <warren/system/xdp.hpp>

#include "world_state.hpp"

namespace warren::lab {
namespace {

using Clock = std::chrono::steady_clock;

class Applier {
 public:
  explicit Applier(WorldState& state) : state_(state) {}

  void apply(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (!std::holds_alternative<CreateVeth>(step)) flush(creators_);
      std::visit([this](const auto& one) { apply_one(one); }, step);
    }
    flush_all();
  }

 private:
  system::NetlinkBatch& netlink(NodeId node) { return *state_.node(node).netlink; }

  void enter(NodeId node) {
    if (where_ == node) return;
    system::enter_netns(state_.node(node).netns.get());
    where_ = node;
  }

  void flush(std::vector<NodeId>& nodes) {
    for (const NodeId node : nodes) netlink(node).flush();
    nodes.clear();
  }

  void flush_all() {
    flush(creators_);
    for (auto& node : state_.nodes) node.netlink->flush();
  }

  std::uint32_t index(NodeId node, const std::string& device) {
    const auto& indices = state_.node(node).indices;
    const auto found = indices.find(device);
    if (found != indices.end()) return found->second;
    throw base::SystemError(fmt::format("finding {} in", device), state_.topology.node(node).name,
                            ENODEV);
  }

  void apply_one(const CreateNamespace&) {}  // made before the others

  void apply_one(const SetSysctl& step) {
    // One of a device that was asked for but not made yet.
    netlink(step.node).flush();
    enter(step.node);
    try {
      system::write_sysctl(step.key, step.value);
    } catch (const base::SystemError& error) {
      const bool no_ipv6 = error.error_number() == ENOENT && step.key.ends_with("disable_ipv6");
      if (!no_ipv6) throw;
    }
  }

  void apply_one(const CreateBridge& step) {
    netlink(step.node).create_bridge(step.name, step.index);
    state_.node(step.node).indices[step.name] = step.index;
  }

  system::VethEnd end_of(const Device& device) {
    state_.node(device.node).indices[device.name] = device.index;
    return {.netns = state_.node(device.node).netns.get(),
            .name = device.name,
            .mac = device.mac,
            .mtu = device.mtu,
            .index = device.index};
  }

  void apply_one(const CreateVeth& step) {
    netlink(step.first.node).create_veth(end_of(step.first), end_of(step.second));
    creators_.push_back(step.first.node);
  }

  void apply_one(const CreateTap& step) {
    const Device& device = step.device;
    const auto& program = state_.topology.node(device.node).xdp;
    const bool has_xdp = program && program->interface == device.name;
    enter(device.node);
    auto tap = std::make_unique<system::TunDevice>(system::TunOptions{
        .name = device.name,
        .kind = system::TunKind::tap,
        // A program sees frames one by one: neither joined by us nor cut by the driver for it.
        .offload = has_xdp ? system::TunOffload::checksum : system::TunOffload::uso,
        .queue_packets = kTapQueuePackets,
        .index = device.index,
        .persistent = true});
    if (state_.wires.empty() || state_.wires.back().link != step.link) {
      state_.wires.push_back({.link = step.link, .taps = {}});
    }
    state_.wires.back().taps.at(step.end) = std::move(tap);
    state_.node(device.node).indices[device.name] = device.index;
    netlink(device.node).configure(device.name, device.mac, device.mtu);
  }

  void apply_one(const JoinBridge& step) {
    netlink(step.node).join_bridge(step.device, index(step.node, step.bridge));
  }

  void apply_one(const AddAddress& step) {
    netlink(step.node).add_address(index(step.node, step.device), step.address);
  }

  void apply_one(const SetUp& step) { netlink(step.node).set_up(step.device); }

  void apply_one(const AddRoute& step) {
    netlink(step.node).add_route({.network = step.route.network,
                                  .interface_index = index(step.node, step.route.interface),
                                  .gateway = step.route.gateway,
                                  .metric = step.route.metric});
  }

  void apply_one(const AddMasquerade& step) {
    enter(step.node);
    system::add_masquerade(step.outside);
  }

  void apply_one(const AttachXdp& step) {
    flush_all();
    enter(step.node);
    system::attach_xdp(index(step.node, step.program.interface), step.program.object,
                       step.program.section);
  }

  WorldState& state_;
  std::optional<NodeId> where_;
  std::vector<NodeId> creators_;  // their batches make devices
};

/// A device that has no carrier yet, or none whose carrier has been noticed: packets would be
/// dropped. Empty: none.
std::string not_ready(const WorldState& state, std::uint32_t node) {
  const auto links = state.nodes[node].netlink->links();
  for (const auto& link : links) {
    if (state.nodes[node].indices.contains(link.name) && !(link.up && link.running)) {
      return link.name;
    }
  }
  return {};
}

void wait_for_change(const system::LinkMonitor& monitor, Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  pollfd entry{monitor.fd(), POLLIN, 0};
  ::poll(&entry, 1, static_cast<int>(std::max(left.count(), std::int64_t{0})));
}

}  // namespace

void WorldState::create_namespaces() {
  const auto processors = std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex failing;
  const auto make_some = [&] {
    try {
      for (std::size_t i = next++; i < nodes.size(); i = next++) {
        nodes[i].netns = system::create_netns();
        nodes[i].netlink = std::make_unique<system::NetlinkBatch>();
        nodes[i].netlink->set_up("lo");
        nodes[i].netlink->flush();
      }
    } catch (...) {
      const std::lock_guard lock(failing);
      failure = std::current_exception();
    }
  };
  std::vector<std::jthread> threads;
  threads.reserve(processors);
  for (unsigned i = 0; i < processors; ++i) threads.emplace_back(make_some);
  threads.clear();
  if (failure) std::rethrow_exception(failure);
}

void WorldState::apply(const std::vector<Step>& steps) {
  Applier(*this).apply(steps);
}

void WorldState::wait_until_ready(base::Duration within) {
  const auto end = Clock::now() + within;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (not_ready(*this, i).empty()) continue;
    // From before the question on, so that no change falls between the two.
    system::LinkMonitor monitor(nodes[i].netns.get());
    for (auto device = not_ready(*this, i); !device.empty(); device = not_ready(*this, i)) {
      if (Clock::now() >= end) {
        throw base::Error(
            fmt::format("{}:{} has no carrier", topology.nodes[i].name, device),
            "its other end is down, or the machine is too busy to bring it up in time");
      }
      wait_for_change(monitor, end);
      monitor.drain();
    }
  }
  for (auto& node : nodes) node.netlink.reset();
}

}  // namespace warren::lab
