// What a wire counts of its frames, and under which names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <warren/impair/pipeline.hpp>

namespace warren::lab {

/// Of one direction of a link. At any moment `frames` is the sum of `verdicts` and `held_frames`:
/// a frame has passed when it has left. One that was duplicated counts once, with the verdict on
/// the copy that leaves last.
struct WireCounters {
  std::uint64_t frames = 0, bytes = 0;  ///< entered
  /// `overrun`: the limits of this program, and of the sending device's queue; `link_down`: also
  /// what that device dropped for want of a carrier. (Of what a device dropped, its tx_dropped, a
  /// super-packet counts once and without its bytes.)
  std::array<std::uint64_t, impair::kVerdicts> verdicts{};
  std::uint64_t duplicated = 0, corrupted = 0, reordered = 0;  ///< as decided when they entered
  std::uint64_t malformed = 0;  ///< not to be cut into frames, so not among `frames`
  /// Frames that left, but the receiving device did not take them (EIO: it is down).
  std::uint64_t refused = 0;
  std::uint64_t held_frames = 0, queued_bytes = 0;  ///< now
  /// How late frames left, against the emulated moment.
  std::uint64_t late_p50_ns = 0, late_p99_ns = 0, late_max_ns = 0;
};

/// Calls `see(name, count)` for what became of frames: the names that `values` of a lab's file and
/// `warren lab status --json` know.
template <class See>
void each_counter(const WireCounters& counters, See see) {
  see("frames", counters.frames);
  see("bytes", counters.bytes);
  for (std::size_t i = 0; i < impair::kVerdicts; ++i) {
    see(impair::identifier(static_cast<impair::Verdict>(i)), counters.verdicts[i]);
  }
  see("duplicated", counters.duplicated);
  see("corrupted", counters.corrupted);
  see("reordered", counters.reordered);
  see("malformed", counters.malformed);
  see("refused", counters.refused);
}

}  // namespace warren::lab
