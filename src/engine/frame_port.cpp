// Theory of operation
//
// Reading. One multishot read per device (Linux 6.7) fills a slot of the pool, which all devices
// share, per frame. It ends when the slots are out (-ENOBUFS) and is armed again at the end of the
// turn, when all slots are back. Without multishot reads a poll tells that there is something, and
// the frames are then read one by one, without waiting: a read that waits would need a slot of its
// own per device.
//
// A device that is down hands over nothing and the read waits. When a device is deleted its read
// ends with EBADFD, or waits on for ever (see tun_port.cpp): both are as good, as nothing comes.
//
// Writing. One writev per frame or super-packet, at once: the kernel takes the frame through the
// receiving stack in that call, which costs far more than entering the kernel does, and the caller
// has its memory back.
#include "frame_port.hpp"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <warren/base/assert.hpp>

namespace warren::engine {

void FramePort::arm() {
  if (armed_ || gone_) return;
  if (pool_->provided() && !polls_) {
    if (pool_->arena().count(SlotState::kernel_receiving) == 0) return;
    ring_->read_multishot(tun_->fd(), pool_->group(), {Op::frame_read, 0, device_.value()});
  } else {
    ring_->poll(tun_->fd(), POLLIN, {Op::frame_poll, 0, device_.value()});
  }
  armed_ = true;
}

std::optional<SlotIndex> FramePort::on_read(const Completion& completion) {
  if (!completion.more) armed_ = false;
  std::optional<SlotIndex> slot;
  if (completion.buffer) slot = pool_->received(*completion.buffer, completion.bytes());
  if (slot && completion.result > 0) {
    read_before_ = true;
    return slot;
  }
  if (slot) pool_->drop(*slot);
  switch (-completion.result) {
    case 0:
    case ENOBUFS:
    case EAGAIN:
    case EINTR:
    case ECANCELED:
      break;
    case EBADFD:
    case ENODEV:
      gone_ = true;
      break;
    default:
      // Not supported, or unknown trouble: a poll never spins, and read_now() finds out.
      polls_ = true;
  }
  return std::nullopt;
}

void FramePort::on_poll(const Completion& completion) {
  armed_ = false;
  const bool failed = completion.result < 0 || (completion.result & (POLLERR | POLLNVAL)) != 0;
  if (failed && !tun_->exists()) gone_ = true;
}

std::size_t FramePort::read_now(base::Bytes into) noexcept {
  const auto bytes = ::read(tun_->fd(), into.data(), into.size());
  if (bytes < 0 && (errno == EBADFD || errno == ENODEV)) gone_ = true;
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

int FramePort::write(const packet::VirtioHeader& header,
                     std::span<const base::ConstBytes> pieces) noexcept {
  WARREN_ASSERT(!pieces.empty() && pieces.size() <= FrameLoop::kMaxPieces, "pieces={}",
                pieces.size());
  std::array<std::byte, packet::kVirtioHeaderBytes> header_bytes;
  std::array<iovec, FrameLoop::kMaxPieces + 1> vector;
  std::size_t used = 0;
  if (tun_->header_bytes() != 0) {
    header.write(header_bytes.data());
    vector[used++] = {header_bytes.data(), header_bytes.size()};
  }
  for (const auto piece : pieces) {
    // The kernel only reads what a write points to.
    vector[used++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  }
  return ::writev(tun_->fd(), vector.data(), static_cast<int>(used)) < 0 ? errno : 0;
}

}  // namespace warren::engine
