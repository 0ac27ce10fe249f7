// Theory of operation
//
// Reading. One multishot read (Linux 6.7) fills one slot of 64 KiB and more per packet, in order.
// It ends when the slots are out (-ENOBUFS) and is armed again at the end of a turn in which some
// came back: that is the back-pressure, as slots come back only when their packets found transmit
// buffers. Without multishot one read is in flight at a time, into a registered buffer where
// RLIMIT_MEMLOCK allows it: several at once might complete out of order.
//
// An interface that is down hands over nothing and the read waits; writes fail with EIO. When the
// interface is deleted, reads and writes end with EBADFD; the loop then tells its owner. A read
// that waits cannot be relied on to notice: the kernel wakes it before it takes the queue away, and
// when it looks in between it finds an empty queue, waits on, and is woken no more
// (tun_detach_all). A poll reports the error from before that wake-up on (tun_chr_poll). But each
// packet completes a poll that waits, ahead of the read, which costs a turn and another poll: so
// one is there only while the device is quiet, and begins again when nothing was read for
// kQuiet.
//
// Writing. One writev per packet or super-packet: the virtio header from the write's own record,
// then pieces that lie in the slots of the UDP receives. A slot returns to the kernel with the last
// write that refers to it.
//
// Kernels that refuse super-packets (6.6.44 and some vendor kernels: EINVAL) get smaller ones: USO
// is turned off, then TSO; each refused super-packet is cut apart again by the segmenter and
// written packet by packet, synchronously, since it happens a handful of times in the life of a
// process.
#include "tun_port.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/packet/segmenter.hpp>

namespace warren::engine {
namespace {

constexpr std::uint16_t kTunBufferGroup = 1;
// The wake-up that a deletion makes is that of a packet (sock_def_readable). It names POLLRDBAND,
// which io_uring passes on without asking the device.
// (POLLERR alone, and POLLPRI, io_uring does not look for in a wake-up.)
constexpr short kWatchedEvents = POLLRDBAND;
// Longer than what regularly sends one packet a second keeps silent, so that its packets find no
// poll in their way.
constexpr base::Duration kQuiet = std::chrono::seconds(2);
// A virtio header, an Ethernet header, and the longest packet; a whole number of pages.
constexpr std::size_t kTunSlotBytes = std::size_t{68} * 1024;
static_assert(kTunSlotBytes >= packet::kVirtioHeaderBytes + 14 + 4 + 65535);

const char* offload_text(system::TunOffload offload) {
  switch (offload) {
    case system::TunOffload::none:
      return "none";
    case system::TunOffload::checksum:
      return "checksum";
    case system::TunOffload::tso:
      return "tso";
    case system::TunOffload::uso:
      return "tso+uso";
  }
  return "?";
}

bool is_unsupported(int error) {
  return error == EINVAL || error == EOPNOTSUPP;
}

}  // namespace

TunPort::TunPort(Ring& ring, system::TunDevice& tun, ReceivePool& inward, base::DropCounters& drops,
                 Engine::Statistics& statistics, const TunPortOptions& options)
    : ring_(ring),
      tun_(tun),
      inward_(inward),
      drops_(drops),
      statistics_(statistics),
      framing_(tun.kind() == system::TunKind::tap ? packet::Framing::ethernet
                                                  : packet::Framing::ip),
      header_bytes_(tun.header_bytes()),
      use_registered_(options.registered_buffers),
      pool_(ring, kTunBufferGroup, options.slots, kTunSlotBytes, options.multishot),
      writes_(options.writes),
      whole_(std::make_unique_for_overwrite<std::byte[]>(kTunSlotBytes)),
      segment_(std::make_unique_for_overwrite<std::byte[]>(kTunSlotBytes)) {
  WARREN_ASSERT(header_bytes_ == 0 || header_bytes_ == packet::kVirtioHeaderBytes, "bytes={}",
                header_bytes_);
  free_writes_.reserve(options.writes);
  for (std::uint32_t index = options.writes; index > 0; --index) free_writes_.push_back(index - 1);
  if (!pool_.provided()) start_single_shot();
}

void TunPort::start_single_shot() {
  pool_.withdraw();
  mode_ = use_registered_ && ring_.register_buffer(pool_.arena().memory(), FixedBuffer::tun_reads)
              ? Mode::registered
              : Mode::plain;
}

void TunPort::arm() {
  pool_.publish();
  if (gone_ || armed_ || polling_) return;
  read_next();
}

void TunPort::watch_when_quiet(base::Instant now) {
  if (watching_ || gone_ || now < look_at_) return;
  if (statistics_.tun_reads != reads_seen_) {
    reads_seen_ = statistics_.tun_reads;
    look_at_ = now + kQuiet;
    return;
  }
  ring_.poll(tun_.fd(), kWatchedEvents, {Op::tun_watch, 0, 0});
  watching_ = true;
}

void TunPort::read_next() {
  if (mode_ == Mode::multishot) {
    if (pool_.arena().count(SlotState::kernel_receiving) == 0) return;
    ring_.read_multishot(tun_.fd(), pool_.group(), {Op::tun_read, 0, 0});
  } else {
    const auto slot = pool_.arena().take();
    if (!slot) return;
    pool_.arena().give_to_receive(*slot);
    reading_ = slot;
    const auto into = pool_.arena().bytes(*slot);
    if (mode_ == Mode::registered) {
      ring_.read_fixed(tun_.fd(), into, FixedBuffer::tun_reads, {Op::tun_read, 0, slot->value()});
    } else {
      ring_.read(tun_.fd(), into, {Op::tun_read, 0, slot->value()});
    }
  }
  armed_ = true;
}

std::optional<TunPort::Read> TunPort::on_read(const Completion& completion) {
  if (!completion.more) armed_ = false;
  std::optional<SlotIndex> slot;
  if (completion.buffer) {
    slot = pool_.received(*completion.buffer, completion.bytes());
  } else if (reading_) {
    slot = std::exchange(reading_, std::nullopt);
    pool_.arena().received(*slot);
  }
  if (slot && completion.result > 0) {
    read_before_ = true;
    ++statistics_.tun_reads;
    return Read{*slot, static_cast<std::uint32_t>(completion.result)};
  }
  if (slot) pool_.drop(*slot);
  const int error = -completion.result;
  if (error == EBADFD || error == ENODEV) {
    gone_ = true;
  } else if (mode_ == Mode::multishot && !read_before_ && is_unsupported(error)) {
    start_single_shot();
  } else if (mode_ == Mode::registered && !read_before_ && is_unsupported(error)) {
    mode_ = Mode::plain;
  } else if (error > 0 && error != ENOBUFS && error != EAGAIN && error != EINTR &&
             error != ECANCELED) {
    // Unknown trouble: read again when the device says that there is something to read.
    polling_ = true;
    ring_.poll(tun_.fd(), POLLIN, {Op::tun_poll, 0, 0});
  }
  return std::nullopt;
}

void TunPort::on_poll(const Completion& completion) {
  polling_ = false;
  const bool failed = completion.result < 0 || (completion.result & (POLLERR | POLLNVAL)) != 0;
  if (failed && !tun_.exists()) gone_ = true;
}

void TunPort::on_watch(const Completion&, base::Instant now) {
  watching_ = false;
  look_at_ = now + kQuiet;
  // Was it a packet? What completed the poll does not tell: the device has to be asked.
  pollfd asked{tun_.fd(), 0, 0};
  if (::poll(&asked, 1, 0) == 1 && (asked.revents & POLLERR) != 0) gone_ = true;
}

void TunPort::write(const packet::CoalescedPacket& packet) noexcept {
  WARREN_ASSERT(!free_writes_.empty() && packet.pieces.size() < Write{}.pieces.size(),
                "free={} pieces={}", free_writes_.size(), packet.pieces.size());
  const std::uint32_t index = free_writes_.back();
  free_writes_.pop_back();
  Write& write = writes_[index];
  write.header = packet.header;
  write.bytes = static_cast<std::uint32_t>(packet.bytes);
  write.piece_count = 1;
  packet.header.write(write.header_bytes.data());
  write.pieces[0] = {write.header_bytes.data(), header_bytes_};
  std::optional<SlotIndex> held;
  for (const auto piece : packet.pieces) {
    // The kernel only reads what a write points to.
    write.pieces[write.piece_count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    const SlotIndex slot = inward_.arena().slot_of(piece.data());
    if (slot != held) inward_.arena().hold_for_sending(slot);
    held = slot;
  }
  std::span<const iovec> pieces(write.pieces.data(), write.piece_count);
  if (header_bytes_ == 0) pieces = pieces.subspan(1);
  ring_.writev(tun_.fd(), pieces, write_nowait_, {Op::tun_write, 0, index});
  ++statistics_.tun_writes;
  statistics_.tun_write_packets += packet.pieces.size();
  statistics_.tun_write_bytes += packet.bytes;
}

void TunPort::release_pieces(const Write& write) noexcept {
  std::optional<SlotIndex> held;
  for (std::uint32_t index = 1; index < write.piece_count; ++index) {
    const SlotIndex slot = inward_.arena().slot_of(write.pieces[index].iov_base);
    if (slot != held) inward_.drop(slot);
    held = slot;
  }
}

void TunPort::on_write(const Completion& completion) {
  const Write& write = writes_[completion.tag.index];
  const int error = -completion.result;
  const bool joined = write.piece_count > 2;
  if (error > 0) {
    if (error == EBADFD) gone_ = true;
    if (error == EOPNOTSUPP && write_nowait_) write_nowait_ = false;  // before Linux 6.4
    if (error == EOPNOTSUPP) {
      write_again(write);
    } else if (joined && error == EINVAL && step_down(error)) {
      write_apart(write);
    } else {
      drops_.add(base::Drop::in_write_failed, write.piece_count - 1);
    }
  }
  release_pieces(write);
  free_writes_.push_back(completion.tag.index);
}

void TunPort::write_again(const Write& write) noexcept {
  const unsigned skipped = header_bytes_ == 0 ? 1 : 0;
  if (::writev(tun_.fd(), &write.pieces[skipped], static_cast<int>(write.piece_count - skipped)) <
      0) {
    drops_.add(base::Drop::in_write_failed, write.piece_count - 1);
  }
}

void TunPort::write_now(base::ConstBytes packet) noexcept {
  std::array<std::byte, packet::kVirtioHeaderBytes> header;
  packet::VirtioHeader{}.write(header.data());
  // The kernel only reads what a write points to.
  const std::array<iovec, 2> pieces{
      {{header.data(), header_bytes_}, {const_cast<std::byte*>(packet.data()), packet.size()}}};
  if (::writev(tun_.fd(), pieces.data(), static_cast<int>(pieces.size())) < 0) {
    drops_.add(base::Drop::in_write_failed);
  }
}

bool TunPort::step_down(int error) noexcept {
  using system::TunOffload;
  const auto now = tun_.offload();
  // Several super-packets may have been in flight when the first was refused: those after it find
  // the offload turned down already and need only be cut apart.
  const auto refused_offload = now == TunOffload::uso ? TunOffload::tso : TunOffload::checksum;
  if (now == TunOffload::uso || now == TunOffload::tso) {
    try {
      tun_.set_offload(refused_offload);
      last_refusal_ = fmt::format("{} refused: {}", offload_text(now), base::errno_text(error));
      ++step_downs_;
    } catch (const base::Error&) {
      return false;
    }
  }
  return true;
}

void TunPort::write_apart(const Write& write) noexcept {
  std::size_t length = 0;
  for (std::uint32_t index = 1; index < write.piece_count; ++index) {
    const iovec& piece = write.pieces[index];
    WARREN_ASSERT(length + piece.iov_len <= kTunSlotBytes, "length={}", length);
    std::memcpy(whole_.get() + length, piece.iov_base, piece.iov_len);
    length += piece.iov_len;
  }
  const auto segmenter = packet::Segmenter::create(write.header, {whole_.get(), length}, framing_);
  WARREN_ASSERT(segmenter.has_value(), "bytes={} gso_type={}", length, write.header.gso_type);
  packet::VirtioHeader{}.write(segment_.get());
  for (std::size_t index = 0; index < segmenter->count(); ++index) {
    segmenter->write(index, segment_.get() + header_bytes_);
    const auto bytes = header_bytes_ + segmenter->length(index);
    if (::write(tun_.fd(), segment_.get(), bytes) < 0) drops_.add(base::Drop::in_write_failed);
  }
}

void TunPort::add_features(std::vector<Feature>& features) const {
  const char* state = mode_ == Mode::multishot    ? "multishot"
                      : mode_ == Mode::registered ? "single-shot, registered buffers"
                                                  : "single-shot";
  features.push_back({"tun read", state, mode_ != Mode::multishot});
  const auto offload = tun_.offload();
  std::string text = offload_text(offload);
  if (!last_refusal_.empty()) text += fmt::format(" ({})", last_refusal_);
  const auto wanted = tun_.wanted();
  features.push_back({"tun offload", text, offload != wanted, wanted != system::TunOffload::uso});
}

}  // namespace warren::engine
