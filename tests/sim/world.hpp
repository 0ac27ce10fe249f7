// Virtual time and everything in it: hosts, the network between them, traffic. One seed determines
// a whole run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/protocol/device.hpp>

#include "sim/checker.hpp"
#include "sim/host.hpp"
#include "sim/network.hpp"
#include "sim/random.hpp"
#include "sim/session_watch.hpp"

namespace warren::sim {

/// Packets from one host to another, for as long as flows run.
struct Flow {
  HostId from = 0;
  HostId to = 0;
  Duration min_gap = std::chrono::milliseconds(400);
  Duration max_gap = std::chrono::milliseconds(1000);
  /// Handed over at once, at most; mostly it is one.
  std::size_t max_batch = 4;
};

struct Link {
  /// Of the end behind a NAT, or of both.
  Duration keepalive{0};
  bool preshared_key = false;
};

class World {
 public:
  World(std::uint64_t seed, const protocol::DeviceOptions& options);

  // ---- building
  HostId add_host() { return add_host(options_); }
  HostId add_host(const protocol::DeviceOptions& options);
  /// Behind a NAT of its own that forgets a mapping after `idle`.
  HostId add_host_behind_nat(Duration idle);
  /// Makes them peers of each other; a host behind a NAT has no endpoint that could be configured.
  void connect(HostId a, HostId b, const Link& link = {});
  void add_flow(const Flow& flow);
  void add_flows_both_ways(HostId a, HostId b);
  void start();

  // ---- running
  void run_for(Duration duration);
  /// Runs with the demand that every packet arrives.
  void run_strictly_for(Duration duration);
  void set_flows(bool running);
  void at(Instant when, std::function<void()> action);
  void after(Duration delay, std::function<void()> action) { at(now_ + delay, std::move(action)); }
  /// Gives a host another public address.
  void roam(HostId host);
  /// `batch` leaves `from`; each datagram knows where to.
  void transmit(HostId from, std::vector<Datagram> batch);
  /// A datagram arrives now, whoever sent it.
  void inject(Datagram datagram);
  void send(const Flow& flow);

  /// With WARREN_SIM_TRACE set: handshakes, disturbances and drops, one line each.
  [[nodiscard]] bool tracing() const { return tracing_; }
  void trace(const std::string& what) const;

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Host& host(HostId id) { return *hosts_[id]; }
  [[nodiscard]] std::size_t host_count() const { return hosts_.size(); }
  [[nodiscard]] Checker& checker() { return checker_; }
  [[nodiscard]] Network& network() { return network_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] crypto::Aead& aead() { return aead_; }
  [[nodiscard]] const std::vector<Flow>& flows() const { return flows_; }
  [[nodiscard]] std::uint64_t datagrams_sent();

 private:
  struct Event {
    Instant at;
    std::uint64_t order;
    std::function<void()> action;
  };
  static bool later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }

  base::Endpoint new_address();
  void schedule(const Flow& flow, std::uint64_t generation);
  void arrive(std::vector<Datagram> datagrams);
  /// The pairs of peers between two hosts.
  [[nodiscard]] std::vector<std::pair<HostId, HostId>> legs(HostId from, HostId to) const;
  [[nodiscard]] bool at_risk(const Flow& flow) const;
  [[nodiscard]] std::optional<base::IpAddress> forged_source(const Flow& flow, base::Family family);

  Instant now_{std::chrono::seconds(1)};
  bool tracing_;
  Random random_;
  protocol::DeviceOptions options_;
  crypto::Aead& aead_;
  Checker checker_;
  Network network_;
  SessionWatch watch_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::optional<base::Endpoint>> configured_;  // by host; empty: behind a NAT
  std::vector<Flow> flows_;
  std::uint64_t flows_generation_ = 0;
  bool flows_running_ = false;
  std::uint32_t next_address_ = 1;
  std::uint64_t next_order_ = 0;
  std::vector<Event> events_;  // a heap, the next one in front
};

}  // namespace warren::sim
