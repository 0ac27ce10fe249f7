// From UDP to the TUN: datagrams are opened in place, joined into super-packets and written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <warren/packet/coalescer.hpp>
#include <warren/protocol/device.hpp>

#include "outward.hpp"
#include "tun_port.hpp"
#include "udp_port.hpp"

namespace warren::engine {

class Inward {
 public:
  Inward(TunPort& tun, UdpPort& udp, Outward& outward, protocol::Device& device,
         Engine::Statistics& statistics);

  /// Takes a receive; it waits its turn.
  void add(const Received& received) noexcept;
  /// Opens up to kTurnBytes of what waits and writes it to the TUN, as long as there are free
  /// writes.
  /// Returns the bytes worked on.
  std::size_t process(base::Now now) noexcept;
  [[nodiscard]] bool backlog() const noexcept { return waiting_ > 0; }
  /// After the TUN's offloads were turned down.
  void renew_coalescer();

 private:
  static constexpr std::size_t kMaxDatagrams = 64;   // opened in one call
  static constexpr std::size_t kMaxCoalesced = 128;  // between two flushes

  std::size_t open(base::Now now, Received& received) noexcept;
  void deliver(base::Now now, const protocol::OpenItem& item, SlotIndex slot) noexcept;
  void join(base::Bytes packet, SlotIndex slot) noexcept;
  void flush() noexcept;

  TunPort& tun_;
  UdpPort& udp_;
  Outward& outward_;
  protocol::Device& device_;
  Engine::Statistics& statistics_;
  std::unique_ptr<packet::Coalescer> coalescer_;
  std::vector<Received> queue_;  // a ring of fixed size
  std::size_t first_ = 0;
  std::size_t waiting_ = 0;
  std::vector<SlotIndex> held_;  // slots with packets in the coalescer
  std::size_t joined_ = 0;       // packets in the coalescer
  std::array<protocol::OpenItem, kMaxDatagrams> items_;
};

}  // namespace warren::engine
