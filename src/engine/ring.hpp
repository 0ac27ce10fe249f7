// The whole io_uring layer: setting a ring up as well as the kernel allows, submitting operations,
// reaping completions. One thread creates, uses and destroys a Ring.
#pragma once

#include <liburing.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/time.hpp>

namespace warren::engine {

/// Which part of the engine an operation belongs to.
enum class Op : std::uint8_t {
  none,  ///< cancellations and updates: the completion means nothing to anybody
  tun_read,
  tun_write,
  tun_poll,
  tun_watch,
  udp_receive,
  udp_send,
  watch,
  timer,
  frame_read,
  frame_poll,
};

/// What an operation carries through the kernel as its user_data.
struct Tag {
  Op op = Op::none;
  /// Tells an operation from an earlier one with the same index: 24 bits.
  std::uint32_t generation = 0;
  std::uint32_t index = 0;

  [[nodiscard]] std::uint64_t encode() const noexcept {
    return static_cast<std::uint64_t>(op) << 56 |
           static_cast<std::uint64_t>(generation & 0xffffffU) << 32 | index;
  }
  static Tag decode(std::uint64_t user_data) noexcept {
    return {static_cast<Op>(user_data >> 56),
            static_cast<std::uint32_t>(user_data >> 32) & 0xffffffU,
            static_cast<std::uint32_t>(user_data)};
  }
};

struct Completion {
  Tag tag;
  int result = 0;                       ///< bytes, or a negative errno
  bool more = false;                    ///< a multishot operation goes on
  std::optional<std::uint16_t> buffer;  ///< the provided buffer that was used
  /// Of a zero-copy send: the kernel is done with its bytes. `result` is 0 or kZeroCopyCopied.
  bool notification = false;

  /// What was read or written; 0 for an error.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return static_cast<std::size_t>(std::max(result, 0));
  }
};

/// What the notification says when the kernel made a copy after all (IORING_NOTIF_USAGE_ZC_COPIED,
/// the sign bit).
inline constexpr int kZeroCopyCopied = std::numeric_limits<int>::min();

/// What of SENDMSG_ZC this kernel has.
struct ZeroCopySupport {
  bool available = false;   ///< Linux 6.1
  bool reports = false;     ///< says whether it copied: Linux 6.2
  bool registered = false;  ///< from a registered buffer: Linux 6.15
};

/// Asks without sending anything, on a ring and a socket of its own.
ZeroCopySupport probe_zero_copy();

/// The buffers that can be registered.
enum class FixedBuffer : std::uint16_t { tun_reads, transmit };

struct RingOptions {
  unsigned submissions = 512;
  unsigned completions = 4096;
  /// The kernel says in shared memory when it has work for the ring: for submit_and_poll, and where
  /// many operations are in flight.
  bool tells_of_work = false;
};

class Ring {
 public:
  /// Throws base::Error that names seccomp, kernel.io_uring_disabled, the kernel's age or the limit
  /// on locked memory, with a remedy.
  explicit Ring(const RingOptions& options);
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  /// Cancels what is in flight and waits for it; the completions are thrown away. Before buffers
  /// are unmapped, and so that no descriptor stays referenced: the kernel's own clearing up after a
  /// closed ring runs later, and a TUN device would outlive its owner.
  void cancel_all() noexcept;

  [[nodiscard]] bool deferred_taskrun() const noexcept { return deferred_; }
  /// Entries of the completion queue.
  [[nodiscard]] unsigned completions() const noexcept { return ring_.cq.ring_entries; }

  // ---- operations: prepared here, given to the kernel by submit()
  // -----------------------------------
  void read_multishot(int fd, std::uint16_t buffer_group, Tag tag);
  void read(int fd, base::Bytes into, Tag tag);
  /// `into` lies in the registered buffer `buffer`.
  void read_fixed(int fd, base::Bytes into, FixedBuffer buffer, Tag tag);
  /// Instant with `nowait` (EOPNOTSUPP where the file cannot do that). `pieces` and what they point
  /// to stay unchanged until the completion.
  void writev(int fd, std::span<const iovec> pieces, bool nowait, Tag tag);
  /// Instant, with MSG_DONTWAIT. Everything `message` points to stays unchanged until the
  /// completion.
  void sendmsg(int fd, const msghdr& message, Tag tag);
  /// Without copying, with MSG_DONTWAIT. Completes when the kernel has taken the message, and when
  /// that says `more` a second time (`notification`) when it is done with the bytes, which stay
  /// unchanged until then. With `registered` they lie in FixedBuffer::transmit.
  void sendmsg_zero_copy(int fd, const msghdr& message, const ZeroCopySupport& support, Tag tag);
  void recvmsg(int fd, msghdr& message, Tag tag);
  /// `shape` says how many bytes of a buffer are for the name and for control data.
  void recvmsg_multishot(int fd, msghdr& shape, std::uint16_t buffer_group, Tag tag);
  void poll(int fd, short events, Tag tag);
  /// Fires at `when` on CLOCK_BOOTTIME; `when` stays unchanged until submit().
  void timeout_at(__kernel_timespec& when, Tag tag);
  void move_timeout(__kernel_timespec& when, Tag tag);
  /// The operation ends with -ECANCELED, if it did not end otherwise already.
  void cancel(Tag tag);

  bool register_buffer(base::Bytes memory, FixedBuffer as) noexcept;
  /// Takes a ring of provided buffers (see BufferRing); 0 or an errno.
  int register_buffer_ring(io_uring_buf_reg& registration) noexcept;
  void unregister_buffer_ring(std::uint16_t group) noexcept;

  /// Gives what was prepared to the kernel without waiting.
  void submit();
  /// The same; when `sleep` is set, waits until there is a completion. Instant operations that
  /// succeed have none.
  void submit_and_wait(bool sleep);
  /// The same with sleep, but looks for completions for `patience` before it sleeps. The ring was
  /// made for it (RingOptions::tells_of_work).
  void submit_and_poll(base::Duration patience);
  /// The same without sleeping afterwards: looks for completions until `until`.
  void submit_and_look(base::Instant until);

  /// Calls `handle(const Completion&)` for the completions that are there, and for the instant
  /// operations that succeeded (their result is 0).
  template <class Handle>
  void reap(Handle&& handle) {
    io_uring_cqe* cqe = nullptr;
    bool empty = false;
    for (unsigned left = completions(); left > 0; --left) {
      if (io_uring_cq_ready(&ring_) == 0) settle_instant();
      if (io_uring_peek_cqe(&ring_, &cqe) != 0 || cqe == nullptr) {
        empty = true;
        break;
      }
      Completion completion{Tag::decode(cqe->user_data), cqe->res,
                            (cqe->flags & IORING_CQE_F_MORE) != 0, std::nullopt,
                            (cqe->flags & IORING_CQE_F_NOTIF) != 0};
      if ((cqe->flags & IORING_CQE_F_BUFFER) != 0) {
        completion.buffer = static_cast<std::uint16_t>(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
      }
      io_uring_cqe_seen(&ring_, cqe);
      if (!completion.more) finish(completion.tag);
      handle(completion);
    }
    if (!empty || !instant_are_complete()) return;
    for (std::size_t index = 0; index < instant_submitted_; ++index) {
      if (instant_[index].failed) continue;
      --in_flight_;
      handle(Completion{instant_[index].tag, 0, false, std::nullopt, false});
    }
    forget_instant();
  }

 private:
  struct Instant {
    Tag tag;
    bool failed = false;  // its completion came
  };

  io_uring_sqe* next(Tag tag);
  void make_instant(io_uring_sqe* sqe, Tag tag);
  void finish(Tag tag) noexcept;
  [[nodiscard]] bool instant_are_complete() const noexcept;
  void forget_instant() noexcept;
  void settle_instant() noexcept;
  void check(int result) noexcept;
  [[nodiscard]] bool has_work() const noexcept;
  /// Looks for completions until `until`; true when there are some, which may have to be fetched.
  bool look(base::Instant until);

  io_uring ring_{};
  bool deferred_ = false;
  bool skips_success_ = false;
  bool tells_of_work_ = false;
  bool buffer_table_ = false;  // registered buffers can be set one by one
  std::size_t in_flight_ = 0;  // operations whose last completion was not handled yet
  std::vector<Instant> instant_;
  std::size_t instant_submitted_ = 0;  // the first of them, given to the kernel already
  bool unsettled_ = false;             // failures of some may still be in the kernel's list
};

/// Why io_uring_setup failed with `error`, for people, and what to do about it.
struct RingRefusal {
  std::string reason;
  std::string remedy;
};
RingRefusal explain_ring_refusal(int error);

}  // namespace warren::engine
