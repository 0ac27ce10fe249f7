// Theory of operation
//
// A ring is set up with SINGLE_ISSUER and DEFER_TASKRUN where the kernel has them (6.1), so that
// completions are worked on only when the loop enters the kernel, in batches and on its own CPU;
// then with COOP_TASKRUN (5.19); then plainly. Everything else is the same for all three.
//
// Instant operations. A send with MSG_DONTWAIT and a write with RWF_NOWAIT are over when their
// submission returns. A completion for each would end the wait that goes with the submission, and
// every burst would cost two system calls; so they ask for a completion only when they fail
// (CQE_SKIP, 5.17). Those for which none is there after their submission have succeeded, and reap()
// says so. A failure ends the wait and is dealt with at once.
//
// The completion of a failed write comes as task work: in the same system call when that asks for
// events, but no more than 20 pieces of work are done in one (since 6.13). Others wait longer only
// when one of those 20 was a failure too, or when as many other operations are in flight; then
// events are asked for again, until all work that can have been in the list was done.
//
// Looking for completions before sleeping (busy polling) costs no system call: with TASKRUN_FLAG
// the kernel says in shared memory that it has task work for the ring, and only then is it entered.
// Where hundreds of operations are in flight all the time the same word says when asking for events
// again is over.
//
// The completion queue is sized for the worst turn. Should it overflow all the same, the kernel
// keeps the excess, ends multishot operations, and hands the rest over on the next entry, which
// always asks for events.
#include "ring.hpp"

#include <fmt/core.h>
#include <sys/utsname.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/clock.hpp>

namespace warren::engine {
namespace {

// Linux 6.7; the header of liburing 2.3 stops before it.
constexpr std::uint8_t kOpReadMultishot = 49;

// IO_LOCAL_TW_DEFAULT_MAX: how much task work one system call does at least.
constexpr std::size_t kWorkPerCall = 20;

// More than there are messages and writes, so that the list never grows under traffic.
constexpr std::size_t kInstantReserve = 2048;

int setup(io_uring& ring, const RingOptions& options, unsigned flags) {
  io_uring_params parameters{};
  // SUBMIT_ALL (5.18): an operation that is refused does not keep back those behind it.
  parameters.flags =
      flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | (flags != 0 ? IORING_SETUP_SUBMIT_ALL : 0);
  parameters.cq_entries = options.completions;
  return io_uring_queue_init_params(options.submissions, &ring, &parameters);
}

// Linux 6.2; not in every header that has IORING_OP_SENDMSG_ZC.
constexpr std::uint16_t kZeroCopyReportUsage = 1U << 3;

void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int io_uring_disabled_sysctl() {
  std::ifstream file("/proc/sys/kernel/io_uring_disabled");
  int value = 0;
  return file >> value ? value : 0;
}

}  // namespace

RingRefusal explain_ring_refusal(int error) {
  utsname kernel{};
  ::uname(&kernel);
  switch (error) {
    case ENOSYS:
      return {fmt::format("this kernel ({}) has no io_uring, or a seccomp filter hides it "
                          "(ENOSYS)",
                          kernel.release),
              "Linux 6.1 or newer is needed, built with CONFIG_IO_URING; in a container allow "
              "io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile, e.g. "
              "`--security-opt seccomp=…`"};
    case EPERM:
    case EACCES:
      if (const int disabled = io_uring_disabled_sysctl(); disabled != 0) {
        return {fmt::format("kernel.io_uring_disabled is {}: io_uring is off {}", disabled,
                            disabled == 1 ? "for processes without CAP_SYS_ADMIN that are not in "
                                            "the group kernel.io_uring_group"
                                          : "for everybody"),
                "set it back with `sysctl -w kernel.io_uring_disabled=0`"};
      }
      return {
          "a seccomp filter or security module forbids io_uring (EPERM); "
          "kernel.io_uring_disabled is 0",
          "container runtimes do that by default: allow io_uring_setup, io_uring_enter and "
          "io_uring_register in the seccomp profile, e.g. `--security-opt seccomp=…`"};
    case ENOMEM:
      return {
          "not enough memory for the rings, or the limit on locked memory (RLIMIT_MEMLOCK) is "
          "too low (ENOMEM)",
          "raise it, e.g. with `ulimit -l unlimited` or LimitMEMLOCK=infinity"};
    case EMFILE:
    case ENFILE:
      return {"too many open files", "raise the limit, e.g. with `ulimit -n`"};
    default:
      return {base::errno_text(error), {}};
  }
}

Ring::Ring(const RingOptions& options) {
  const unsigned flag = options.tells_of_work ? IORING_SETUP_TASKRUN_FLAG : 0;
  int result =
      setup(ring_, options, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | flag);
  deferred_ = result == 0;
  if (result == -EINVAL) result = setup(ring_, options, IORING_SETUP_COOP_TASKRUN | flag);
  if (result == -EINVAL) result = setup(ring_, options, 0);
  if (result < 0) {
    auto [reason, remedy] = explain_ring_refusal(-result);
    throw base::SystemError(fmt::format("setting up io_uring: {}", reason), -result,
                            std::move(remedy));
  }
  tells_of_work_ = options.tells_of_work && (ring_.flags & IORING_SETUP_TASKRUN_FLAG) != 0;
  skips_success_ = (ring_.features & IORING_FEAT_CQE_SKIP) != 0;
  instant_.reserve(kInstantReserve);
  // Saves the kernel a look-up of the descriptor on each entry; of no consequence where it fails.
  io_uring_register_ring_fd(&ring_);
}

Ring::~Ring() {
  io_uring_queue_exit(&ring_);
}

void Ring::cancel_all() noexcept {
  // A tag of its own: with that of the instant cancellations its completion would count for the
  // failure of one of them, whose success would then be waited for in vain.
  constexpr Tag kTag{Op::none, 1, 0};
  io_uring_sqe* sqe = next(kTag);
  io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
  sqe->user_data = kTag.encode();
  // Cancelled operations end at once; the bound is for an operation that cannot be cancelled.
  for (int round = 0; round < 20 && in_flight_ > 0; ++round) {
    __kernel_timespec timeout{0, 50'000'000};
    io_uring_cqe* cqe = nullptr;
    io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &timeout, nullptr);
    instant_submitted_ = instant_.size();
    reap([](const Completion&) {});
  }
}

io_uring_sqe* Ring::next(Tag tag) {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  // The preparing functions of liburing 2.3 leave user_data alone; newer ones set it to zero: it is
  // set again after them.
  sqe->user_data = tag.encode();
  ++in_flight_;
  return sqe;
}

void Ring::read_multishot(int fd, std::uint16_t buffer_group, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_rw(kOpReadMultishot, sqe, fd, nullptr, 0, 0);
  sqe->buf_group = buffer_group;
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->user_data = tag.encode();
}

void Ring::read(int fd, base::Bytes into, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_read(sqe, fd, into.data(), static_cast<unsigned>(into.size()), 0);
  sqe->user_data = tag.encode();
}

void Ring::read_fixed(int fd, base::Bytes into, FixedBuffer buffer, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_read_fixed(sqe, fd, into.data(), static_cast<unsigned>(into.size()), 0,
                           static_cast<int>(buffer));
  sqe->user_data = tag.encode();
}

void Ring::writev(int fd, std::span<const iovec> pieces, bool nowait, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_writev(sqe, fd, pieces.data(), static_cast<unsigned>(pieces.size()), 0);
  if (nowait) sqe->rw_flags = RWF_NOWAIT;
  sqe->user_data = tag.encode();
  if (nowait) make_instant(sqe, tag);
}

void Ring::sendmsg(int fd, const msghdr& message, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_sendmsg(sqe, fd, &message, MSG_DONTWAIT);
  sqe->user_data = tag.encode();
  make_instant(sqe, tag);
}

void Ring::sendmsg_zero_copy(int fd, const msghdr& message, const ZeroCopySupport& support,
                             Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_sendmsg_zc(sqe, fd, &message, MSG_DONTWAIT);
  if (support.reports) sqe->ioprio |= kZeroCopyReportUsage;
  if (support.registered) {
    sqe->ioprio |= IORING_RECVSEND_FIXED_BUF;
    sqe->buf_index = static_cast<std::uint16_t>(FixedBuffer::transmit);
  }
  sqe->user_data = tag.encode();
}

void Ring::recvmsg(int fd, msghdr& message, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_recvmsg(sqe, fd, &message, 0);
  sqe->user_data = tag.encode();
}

void Ring::recvmsg_multishot(int fd, msghdr& shape, std::uint16_t buffer_group, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_recvmsg_multishot(sqe, fd, &shape, 0);
  sqe->buf_group = buffer_group;
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->user_data = tag.encode();
}

void Ring::poll(int fd, short events, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_poll_add(sqe, fd, static_cast<unsigned short>(events));
  sqe->user_data = tag.encode();
}

void Ring::timeout_at(__kernel_timespec& when, Tag tag) {
  io_uring_sqe* sqe = next(tag);
  io_uring_prep_timeout(sqe, &when, 0, IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME);
  sqe->user_data = tag.encode();
}

void Ring::move_timeout(__kernel_timespec& when, Tag tag) {
  io_uring_sqe* sqe = next({});
  io_uring_prep_timeout_update(sqe, &when, tag.encode(), IORING_TIMEOUT_ABS);
  sqe->user_data = Tag{}.encode();
  make_instant(sqe, {});
}

void Ring::cancel(Tag tag) {
  io_uring_sqe* sqe = next({});
  io_uring_prep_cancel64(sqe, tag.encode(), 0);
  sqe->user_data = Tag{}.encode();
  make_instant(sqe, {});
}

bool Ring::register_buffer(base::Bytes memory, FixedBuffer as) noexcept {
  constexpr unsigned kBuffers = 2;
  const iovec piece{memory.data(), memory.size()};
  // A table with empty places: Linux 5.19. Before, all buffers have to be named at once.
  if (!buffer_table_) buffer_table_ = io_uring_register_buffers_sparse(&ring_, kBuffers) == 0;
  if (!buffer_table_) {
    return as == FixedBuffer::tun_reads && io_uring_register_buffers(&ring_, &piece, 1) == 0;
  }
  const __u64 no_tag = 0;
  return io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(as), &piece, &no_tag,
                                              1) == 1;
}

int Ring::register_buffer_ring(io_uring_buf_reg& registration) noexcept {
  return -io_uring_register_buf_ring(&ring_, &registration, 0);
}

void Ring::unregister_buffer_ring(std::uint16_t group) noexcept {
  io_uring_unregister_buf_ring(&ring_, group);
}

void Ring::make_instant(io_uring_sqe* sqe, Tag tag) {
  if (!skips_success_) return;
  sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
  instant_.push_back({tag, false});
}

void Ring::finish(Tag tag) noexcept {
  --in_flight_;
  const bool may_be_instant =
      tag.op == Op::udp_send || tag.op == Op::tun_write || tag.op == Op::none;
  if (!may_be_instant) return;
  for (Instant& instant : instant_) {
    if (instant.failed || instant.tag.encode() != tag.encode()) continue;
    instant.failed = true;
    unsettled_ = true;
    return;
  }
}

/// Whether every completion of the submitted ones is known: none waits in the queue, and the kernel
/// keeps none back for want of space in it.
bool Ring::instant_are_complete() const noexcept {
  return instant_submitted_ > 0 && io_uring_cq_ready(&ring_) == 0 &&
         !io_uring_cq_has_overflow(&ring_);
}

void Ring::forget_instant() noexcept {
  instant_.erase(instant_.begin(),
                 instant_.begin() + static_cast<std::ptrdiff_t>(instant_submitted_));
  instant_submitted_ = 0;
}

/// Has the kernel do all task work that was in its list: each operation in flight is there once at
/// most.
void Ring::settle_instant() noexcept {
  if (instant_submitted_ == 0) return;
  if (tells_of_work_) {
    for (std::size_t done = 0; done < in_flight_ && has_work(); done += kWorkPerCall) {
      io_uring_get_events(&ring_);
    }
    return;
  }
  if (!std::exchange(unsettled_, false) && in_flight_ - instant_.size() < kWorkPerCall) return;
  for (std::size_t done = 0; done < in_flight_; done += kWorkPerCall) {
    io_uring_get_events(&ring_);
  }
}

void Ring::check(int result) noexcept {
  // EINTR: a signal came. EBUSY, EAGAIN: the completion queue must be reaped first.
  WARREN_ASSERT(result >= 0 || result == -EINTR || result == -EBUSY || result == -EAGAIN,
                "io_uring_enter: {}", base::errno_text(-result));
  if (io_uring_sq_ready(&ring_) == 0) instant_submitted_ = instant_.size();
}

void Ring::submit() {
  check(io_uring_submit_and_get_events(&ring_));
}

/// Whether the kernel has something for the ring that only a system call brings.
bool Ring::has_work() const noexcept {
  const unsigned flags = __atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED);
  return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

bool Ring::look(base::Instant until) {
  if (io_uring_sq_ready(&ring_) != 0) submit();
  constexpr int kLooksPerClock = 16;
  do {
    for (int looks = 0; looks < kLooksPerClock; ++looks) {
      if (has_work()) {
        submit();
        return true;
      }
      if (io_uring_cq_ready(&ring_) != 0) return true;
      relax();
    }
  } while (system::boot_now() < until);
  return false;
}

void Ring::submit_and_poll(base::Duration patience) {
  if (!look(system::boot_now() + patience)) submit_and_wait(true);
}

void Ring::submit_and_look(base::Instant until) {
  look(until);
}

void Ring::submit_and_wait(bool sleep) {
  check(sleep ? io_uring_submit_and_wait(&ring_, 1) : io_uring_submit_and_get_events(&ring_));
}

}  // namespace warren::engine
