// The source that datagrams for a peer leave from is remembered from what the peer sent. When an
// uplink loses its carrier, its address stays and so would the source, and datagrams would go on
// leaving by a dead interface. So the sources are asked about whenever routes change, and those whose
// interface is no longer the way to their peer are forgotten: the kernel then chooses.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/engine/engine.hpp>
#include <warren/protocol/device.hpp>
#include <warren/protocol/ids.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/route_monitor.hpp>

namespace warren::cli {

/// When which peers are looked at after a change: all of them once, a slice in each turn of the loop,
/// so that packets pass in between; and then a pause that grows with their number, so that neither
/// many peers nor a routing daemon that changes something all the time can occupy the thread.
class LookRounds {
 public:
  /// Changes come in bursts (a routing daemon, our own routes at start-up): one look for all of them.
  static constexpr base::Duration kGathering = std::chrono::milliseconds(20);
  static constexpr std::size_t kSlice = 64;
  /// After a round, kGathering for each of its slices, and no more than this.
  static constexpr base::Duration kMaxPause = std::chrono::seconds(1);

  struct Hooks {
    std::function<base::Instant()> now;
    std::function<void(base::Instant, std::function<void()>)> call_at;
    std::function<std::vector<protocol::PeerId>()> peers;
    /// May meet a peer that is gone. False ends the round.
    std::function<bool(protocol::PeerId)> look_at;
  };

  explicit LookRounds(Hooks hooks) : hooks_(std::move(hooks)) {}
  LookRounds(const LookRounds&) = delete;
  LookRounds& operator=(const LookRounds&) = delete;

  /// Something has changed: who was looked at before has to be again.
  void changed();

 private:
  enum class State { idle, waiting, looking };

  void begin();
  void look_at_slice();
  void end();

  Hooks hooks_;
  State state_ = State::idle;
  bool changed_meanwhile_ = false;  // while looking
  std::vector<protocol::PeerId> peers_;
  std::size_t next_ = 0;  // of peers_
  base::Instant not_before_{};
};

class SourceKeeper {
 public:
  /// Borrows all three; the UDP sockets are in the calling thread's network namespace, as `netlink` is.
  SourceKeeper(engine::Engine& engine, protocol::Device& device, system::Netlink& netlink);
  SourceKeeper(const SourceKeeper&) = delete;
  SourceKeeper& operator=(const SourceKeeper&) = delete;
  ~SourceKeeper();

 private:
  bool check(protocol::PeerId peer);

  engine::Engine& engine_;
  protocol::Device& device_;
  system::Netlink& netlink_;
  system::RouteMonitor monitor_;
  LookRounds rounds_;
  engine::WatchId watch_;
};

}  // namespace warren::cli
