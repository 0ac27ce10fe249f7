// A ring as the engine sets one up, and provided buffers.
#pragma once

#include <liburing.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

namespace warren::test {

struct UringCompletion {
  std::uint64_t user_data = 0;
  int result = 0;
  unsigned flags = 0;
  [[nodiscard]] bool more() const { return (flags & IORING_CQE_F_MORE) != 0; }
  [[nodiscard]] unsigned buffer() const { return flags >> IORING_CQE_BUFFER_SHIFT; }
};

class Uring {
 public:
  Uring() {
    io_uring_params parameters{};
    parameters.flags =
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL;
    REQUIRE(io_uring_queue_init_params(64, &ring_, &parameters) == 0);
  }
  Uring(const Uring&) = delete;
  Uring& operator=(const Uring&) = delete;
  ~Uring() { io_uring_queue_exit(&ring_); }

  [[nodiscard]] io_uring* get() { return &ring_; }
  io_uring_sqe* next(std::uint64_t user_data) {
    io_uring_sqe* const sqe = io_uring_get_sqe(&ring_);
    REQUIRE(sqe != nullptr);
    user_data_ = user_data;
    return sqe;
  }
  /// Gives the operation prepared last its user_data (the preparing functions may clear it).
  void name(io_uring_sqe* sqe) const { sqe->user_data = user_data_; }

  /// Submits and waits for the next completion.
  std::optional<UringCompletion> wait(std::chrono::milliseconds at_most) {
    __kernel_timespec timeout{at_most.count() / 1000, (at_most.count() % 1000) * 1'000'000};
    io_uring_cqe* cqe = nullptr;
    if (io_uring_peek_cqe(&ring_, &cqe) != 0) {
      io_uring_submit_and_wait_timeout(&ring_, &cqe, 1, &timeout, nullptr);
      if (io_uring_peek_cqe(&ring_, &cqe) != 0) return std::nullopt;
    }
    const UringCompletion completion{cqe->user_data, cqe->res, cqe->flags};
    io_uring_cqe_seen(&ring_, cqe);
    return completion;
  }

 private:
  io_uring ring_{};
  std::uint64_t user_data_ = 0;
};

/// A ring of provided buffers, in group 1. It ends before its Uring.
template <unsigned Count, std::size_t Bytes>
class UringBuffers {
 public:
  explicit UringBuffers(Uring& ring) : ring_(ring) {
    entries_ = static_cast<io_uring_buf_ring*>(std::aligned_alloc(4096, 4096));
    io_uring_buf_reg registration{};
    registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries_);
    registration.ring_entries = Count;
    registration.bgid = 1;
    REQUIRE(io_uring_register_buf_ring(ring.get(), &registration, 0) == 0);
    io_uring_buf_ring_init(entries_);
    for (unsigned index = 0; index < Count; ++index) provide(index);
  }
  UringBuffers(const UringBuffers&) = delete;
  UringBuffers& operator=(const UringBuffers&) = delete;
  ~UringBuffers() {
    io_uring_unregister_buf_ring(ring_.get(), 1);
    std::free(entries_);
  }

  void provide(unsigned index) {
    auto& bytes = (*memory_)[index];
    io_uring_buf_ring_add(entries_, bytes.data(), static_cast<unsigned>(bytes.size()),
                          static_cast<unsigned short>(index), io_uring_buf_ring_mask(Count), 0);
    io_uring_buf_ring_advance(entries_, 1);
  }
  [[nodiscard]] std::span<std::byte> bytes(unsigned index) { return (*memory_).at(index); }

 private:
  Uring& ring_;
  io_uring_buf_ring* entries_ = nullptr;
  std::unique_ptr<std::array<std::array<std::byte, Bytes>, Count>> memory_ =
      std::make_unique<std::array<std::array<std::byte, Bytes>, Count>>();
};

}  // namespace warren::test
