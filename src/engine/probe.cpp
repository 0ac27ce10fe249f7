// Tries what the engine would like to use, on a pipe and a socket pair: no option of a kernel's
// configuration and no seccomp filter can be wrong about that.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/engine/engine.hpp>

#include "receive_pool.hpp"
#include "ring.hpp"

namespace warren::engine {
namespace {

constexpr std::size_t kProbeSlotBytes = 4096;

/// The first completion of what was prepared, waiting for at most one.
std::optional<Completion> first_completion(Ring& ring) {
  std::optional<Completion> first;
  ring.submit_and_wait(true);
  ring.reap([&](const Completion& completion) {
    if (!first) first = completion;
  });
  return first;
}

bool read_multishot_works(Ring& ring, ReceivePool& pool) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return false;
  const base::Fd reader(ends[0]);
  const base::Fd writer(ends[1]);
  if (::write(writer.get(), "x", 1) != 1) return false;
  ring.read_multishot(reader.get(), pool.group(), {Op::tun_read, 0, 0});
  const auto completion = first_completion(ring);
  ring.cancel_all();
  return completion && completion->result == 1 && completion->buffer;
}

bool recvmsg_multishot_works(Ring& ring, ReceivePool& pool) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends.data()) != 0) return false;
  const base::Fd reader(ends[0]);
  const base::Fd writer(ends[1]);
  if (::write(writer.get(), "x", 1) != 1) return false;
  msghdr shape{};
  ring.recvmsg_multishot(reader.get(), shape, pool.group(), {Op::udp_receive, 0, 0});
  const auto completion = first_completion(ring);
  ring.cancel_all();
  return completion && completion->result > 0 && completion->buffer;
}

/// Whether the kernel takes a zero-copy send of this kind. A socket without a destination refuses
/// the message when all else was understood: EDESTADDRREQ.
bool zero_copy_works(Ring& ring, const base::Fd& socket, const ZeroCopySupport& kind,
                     base::Bytes bytes) {
  iovec piece{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  ring.sendmsg_zero_copy(socket.get(), message, kind, {Op::udp_send, 0, 0});
  const auto completion = first_completion(ring);
  ring.cancel_all();
  return completion && completion->result == -EDESTADDRREQ;
}

}  // namespace

ZeroCopySupport probe_zero_copy() {
  ZeroCopySupport support;
  base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) socket.reset(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return support;
  Ring ring(RingOptions{8, 64});
  const BufferArena arena(1, kProbeSlotBytes);
  const auto bytes = arena.memory();
  const auto works = [&](const ZeroCopySupport& kind) {
    return zero_copy_works(ring, socket, kind, bytes);
  };
  support.available = works({.available = true});
  support.reports = support.available && works({.available = true, .reports = true});
  support.registered = support.available && ring.register_buffer(bytes, FixedBuffer::transmit) &&
                       works({.available = true, .registered = true});
  return support;
}

RingSupport probe_ring() {
  RingSupport support;
  io_uring_params parameters{};
  io_uring trial{};
  if (const int result = io_uring_queue_init_params(8, &trial, &parameters); result < 0) {
    auto [reason, remedy] = explain_ring_refusal(-result);
    support.unavailable_reason = std::move(reason);
    support.remedy = std::move(remedy);
    return support;
  }
  io_uring_queue_exit(&trial);
  support.available = true;
  try {
    Ring ring(RingOptions{8, 64});
    support.defer_taskrun = ring.deferred_taskrun();
    {
      ReceivePool pool(ring, 1, 4, kProbeSlotBytes, true);
      support.provided_buffer_rings = pool.provided();
      if (pool.provided()) {
        support.read_multishot = read_multishot_works(ring, pool);
        support.recvmsg_multishot = recvmsg_multishot_works(ring, pool);
      }
    }
    const BufferArena arena(1, kProbeSlotBytes);
    support.registered_buffers = ring.register_buffer(arena.memory(), FixedBuffer::tun_reads);
    support.send_zero_copy = probe_zero_copy().available;
  } catch (const base::Error& error) {
    support.unavailable_reason = error.what();
    support.remedy = error.hint();
    support.available = false;
  }
  return support;
}

}  // namespace warren::engine
