// The source that datagrams for a peer leave from is remembered from what the peer sent. When an
// uplink loses its carrier, its address stays and so would the source, and datagrams would go on
// leaving by a dead interface. So the sources are asked about whenever routes change, and those whose
// interface is no longer the way to their peer are forgotten: the kernel then chooses.
#pragma once

#include <warren/engine/engine.hpp>
#include <warren/protocol/device.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/route_monitor.hpp>

namespace warren::cli {

class SourceKeeper {
 public:
  /// Borrows all three; the UDP sockets are in the calling thread's network namespace, as `netlink` is.
  SourceKeeper(engine::Engine& engine, protocol::Device& device, system::Netlink& netlink);
  SourceKeeper(const SourceKeeper&) = delete;
  SourceKeeper& operator=(const SourceKeeper&) = delete;
  ~SourceKeeper();

 private:
  void check();

  engine::Engine& engine_;
  protocol::Device& device_;
  system::Netlink& netlink_;
  system::RouteMonitor monitor_;
  engine::WatchId watch_;
  bool due_ = false;
};

}  // namespace warren::cli
