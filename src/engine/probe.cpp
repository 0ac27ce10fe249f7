// Tries what the engine would like to use, on a pipe and a socket pair: no option of a kernel's
// configuration and no seccomp filter can be wrong about that.
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
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

// Linux 6.0 and 6.1, in this order behind those of liburing 2.3.
constexpr int kOpSendZeroCopy = IORING_OP_SEND_ZC;
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

bool knows(int operation) {
  const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(io_uring_get_probe(),
                                                                              &io_uring_free_probe);
  return probe && io_uring_opcode_supported(probe.get(), operation) != 0;
}

}  // namespace

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
    support.registered_buffers = ring.register_buffer(arena.memory());
  } catch (const base::Error& error) {
    support.unavailable_reason = error.what();
    support.remedy = error.hint();
    support.available = false;
  }
  support.send_zero_copy = knows(kOpSendZeroCopy);
  return support;
}

}  // namespace warren::engine
