// The TUN or TAP side of the engine: reads that are always armed, and writes of packets and
// super-packets.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <warren/base/drop.hpp>
#include <warren/base/time.hpp>
#include <warren/engine/engine.hpp>
#include <warren/packet/coalescer.hpp>
#include <warren/system/tun_device.hpp>

#include "receive_pool.hpp"
#include "ring.hpp"

namespace warren::engine {

struct TunPortOptions {
  bool multishot = true;
  bool registered_buffers = true;
  std::uint32_t slots = 64;
  std::uint32_t writes = 256;
};

class TunPort {
 public:
  /// `inward` holds the pieces of the packets to write. All are borrowed.
  TunPort(Ring& ring, system::TunDevice& tun, ReceivePool& inward, base::DropCounters& drops,
          Engine::Statistics& statistics, const TunPortOptions& options);

  /// One packet with its virtio header (if the device has one). The slot has one use.
  struct Read {
    SlotIndex slot;
    std::uint32_t length = 0;
  };
  std::optional<Read> on_read(const Completion& completion);
  [[nodiscard]] base::Bytes bytes(const Read& read) noexcept {
    return pool_.arena().bytes(read.slot).first(read.length);
  }
  /// What a read turned out to be.
  void count_read(std::size_t packets, std::size_t bytes) noexcept {
    statistics_.tun_read_packets += packets;
    statistics_.tun_read_bytes += bytes;
  }
  void release(SlotIndex slot) noexcept { pool_.drop(slot); }
  void on_poll(const Completion& completion);
  void on_watch(const Completion& completion, base::Instant now);
  /// Watches for the device's deletion while it is quiet: once a turn, and no later than
  /// look_again().
  void watch_when_quiet(base::Instant now);
  /// Empty when nothing but the device's own doings matter.
  [[nodiscard]] std::optional<base::Instant> look_again() const noexcept {
    return watching_ || gone_ ? std::nullopt : std::optional(look_at_);
  }
  /// Gives slots back to the kernel and keeps a read armed: once a turn.
  void arm();

  [[nodiscard]] std::size_t writes_free() const noexcept { return free_writes_.size(); }
  /// Needs a free write. The slots of `packet`'s pieces are held until the write is complete.
  void write(const packet::CoalescedPacket& packet) noexcept;
  void on_write(const Completion& completion);
  /// Writes an IP packet of our own, at once: for rare ones. Borrows `packet` for the call only.
  void write_now(base::ConstBytes packet) noexcept;

  /// The device was deleted: nothing is read or written any more.
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  /// Counts the times that offloads were turned down after refused writes.
  [[nodiscard]] unsigned step_downs() const noexcept { return step_downs_; }
  [[nodiscard]] packet::Framing framing() const noexcept { return framing_; }
  [[nodiscard]] const system::TunDevice& device() const noexcept { return tun_; }
  [[nodiscard]] std::size_t header_bytes() const noexcept { return header_bytes_; }
  void add_features(std::vector<Feature>& features) const;

 private:
  enum class Mode : std::uint8_t { multishot, registered, plain };
  struct Write {
    std::array<std::byte, packet::kVirtioHeaderBytes> header_bytes;
    packet::VirtioHeader header;
    std::uint32_t piece_count = 0;  // in `pieces`, the virtio header's included
    std::uint32_t bytes = 0;        // of the packet, without the virtio header
    std::array<iovec, packet::Coalescer::kMaxPieces + 1> pieces;
  };

  void start_single_shot();
  void read_next();
  void release_pieces(const Write& write) noexcept;
  void write_again(const Write& write) noexcept;
  void write_apart(const Write& write) noexcept;
  bool step_down(int error) noexcept;

  Ring& ring_;
  system::TunDevice& tun_;
  ReceivePool& inward_;
  base::DropCounters& drops_;
  Engine::Statistics& statistics_;
  packet::Framing framing_;
  std::size_t header_bytes_;
  bool use_registered_;
  ReceivePool pool_;
  Mode mode_ = Mode::multishot;
  bool armed_ = false;
  bool polling_ = false;
  bool watching_ = false;         // for the device's deletion
  base::Instant look_at_{};       // not watching: when to look whether packets were read since
  std::uint64_t reads_seen_ = 0;  // by the last look
  bool gone_ = false;
  bool write_nowait_ = true;
  bool read_before_ = false;  // a multishot read worked: an error is not for want of support
  std::optional<SlotIndex> reading_;  // the slot of the single-shot read
  std::string last_refusal_;
  unsigned step_downs_ = 0;
  std::vector<Write> writes_;
  std::vector<std::uint32_t> free_writes_;
  // A refused super-packet is made whole in the first and cut into the second.
  std::unique_ptr<std::byte[]> whole_;
  std::unique_ptr<std::byte[]> segment_;
};

}  // namespace warren::engine
