// The receiving half of UDP: the sockets of both families, and receives that are always armed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/engine/engine.hpp>
#include <warren/system/udp_socket.hpp>

#include "receive_pool.hpp"
#include "ring.hpp"

namespace warren::engine {

/// One receive: one datagram, or several of equal length (the last may be shorter) from one remote
/// endpoint, joined by the kernel.
struct Received {
  SlotIndex slot;  ///< with one use
  base::Bytes payload;
  base::Path from;
  std::size_t segment_bytes = 0;  ///< length of each datagram, at least 1
  std::uint8_t ecn = 0;
  bool truncated = false;
};

struct UdpPortOptions {
  bool multishot = true;
  bool gro = true;
  std::uint32_t slots = 64;
};

class UdpPort {
 public:
  UdpPort(Ring& ring, system::UdpSockets sockets, Engine::Statistics& statistics,
          const UdpPortOptions& options);

  /// Keeps receives armed and gives slots back to the kernel: once a turn.
  void arm();
  /// Empty when the completion carries no datagram.
  std::optional<Received> on_receive(const Completion& completion);
  void release(SlotIndex slot) noexcept { pool_.drop(slot); }
  [[nodiscard]] ReceivePool& pool() noexcept { return pool_; }

  /// Takes new sockets; receives on the old ones are cancelled and their slots come back.
  void replace(system::UdpSockets sockets);

  /// -1 when this machine lacks the family.
  [[nodiscard]] int fd(base::Family family) const noexcept;
  [[nodiscard]] bool segment(base::Family family) const noexcept;
  [[nodiscard]] std::uint16_t port() const { return sockets_.port(); }
  void set_fwmark(std::uint32_t fwmark);
  void add_features(std::vector<Feature>& features) const;

 private:
  static constexpr unsigned kSingleShots =
      8;  // receives in flight for each socket, without multishot
  // Where the parts of a receive lie in a slot, as multishot receives place them: behind struct
  // io_uring_recvmsg_out come the name and the control data. The payload is aligned for the cipher.
  static constexpr std::size_t kNameBytes = 32;
  static constexpr std::size_t kControlBytes = 144;

  struct SingleShot {
    msghdr message{};
    iovec payload{};
    std::optional<SlotIndex> slot;
    std::uint32_t generation = 0;
  };
  struct Receiver {
    msghdr shape{};
    bool armed = false;
  };

  [[nodiscard]] const system::UdpSocket* socket(base::Family family) const noexcept;
  void arm_family(base::Family family);
  void arm_single(base::Family family, std::uint32_t index);
  std::optional<SlotIndex> finish_single(const Completion& completion);
  std::optional<Received> parse(SlotIndex slot, std::size_t length) noexcept;
  void apply_options();

  Ring& ring_;
  system::UdpSockets sockets_;
  Engine::Statistics& statistics_;
  bool gro_wanted_;
  bool multishot_;
  bool received_before_ = false;
  std::uint32_t generation_ = 0;  // of the sockets
  ReceivePool pool_;
  std::array<Receiver, 2> receivers_;  // by family
  std::array<SingleShot, std::size_t{2} * kSingleShots> singles_;
};

}  // namespace warren::engine
