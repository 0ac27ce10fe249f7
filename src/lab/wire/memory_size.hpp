// How much the wire may hold: an explicit sum over what the links are set to do.
#pragma once

#include <cstdint>
#include <span>

#include <warren/impair/pipeline.hpp>
#include <warren/impair/settings.hpp>

namespace warren::lab {

/// Bytes that one direction may have on its way and waiting: rate x (delay + jitter), twice for
/// what is changed while it runs and for the room that short frames waste, and its queue.
std::uint64_t bytes_on_the_way(const impair::Settings& settings) noexcept;

/// Memory for the frames of all `directions`: the sum, at least kLeastMemoryBytes and at most
/// `most_bytes`. It is address space; what is never used takes no memory.
std::uint64_t memory_bytes(std::span<const impair::Settings> directions,
                           std::uint64_t most_bytes) noexcept;
inline constexpr std::uint64_t kLeastMemoryBytes = std::uint64_t{64} << 20;
/// A quarter of the machine's memory, 4 GiB at the most.
std::uint64_t most_memory_bytes() noexcept;

/// What each of so many pipelines may hold.
impair::Limits pipeline_limits(std::size_t directions) noexcept;

}  // namespace warren::lab
