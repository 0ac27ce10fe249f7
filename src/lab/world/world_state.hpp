// What a World holds: world.cpp gives it its life, world_apply.cpp fills it from a plan.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/lab/world.hpp>
#include <warren/system/netlink_batch.hpp>
#include <warren/system/tun_device.hpp>

#include "node_mounts.hpp"

namespace warren::lab {

struct NodeState {
  base::Fd netns;
  std::map<std::string, std::uint32_t> indices;  ///< of its devices
  /// Only while the plan is applied.
  std::unique_ptr<system::NetlinkBatch> netlink;
  /// Made when they are asked for.
  std::unique_ptr<NodeMounts> mounts;
};

struct WireEnds {
  LinkId link;
  std::array<std::unique_ptr<system::TunDevice>, 2> taps;
};

struct WorldState {
  WorldState(const Topology& the_topology, const WorldOptions& the_options);
  WorldState(const WorldState&) = delete;
  WorldState& operator=(const WorldState&) = delete;
  /// Undoes everything, in whatever stage of being made it is.
  ~WorldState();

  /// All of these go from namespace to namespace: in a thread that run_in_own_thread started.
  void create_namespaces();
  void apply(const std::vector<Step>& steps);
  void wait_until_ready(base::Duration within);

  void make_directory();
  void bind_hosts();
  void bind_names();
  void unbind_names() noexcept;
  const NodeMounts& mounts(NodeId node);
  NodeState& node(NodeId id) { return nodes.at(id.value()); }

  const Topology& topology;
  Claim* claim;
  std::filesystem::path directory;
  std::filesystem::path work_directory;  ///< where the lab's file is
  bool made_directory = false;
  bool bound_hosts = false;
  std::vector<std::string> bound_names;
  std::vector<NodeState> nodes;
  std::vector<WireEnds> wires;
  std::mutex mutex;  ///< of `mounts`
};

}  // namespace warren::lab
