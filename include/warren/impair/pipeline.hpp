// One direction of an impaired link: frames go in, and come out later, changed or not at all. Pure:
// time, seed and bytes are arguments. What happens to a frame is a function of (seed, link,
// direction, flow, number of the frame in its flow), so that unrelated traffic does not shift the
// dice.
//
// The owner keeps the frames; the pipeline holds a handle of each and gives it back. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <warren/base/bytes.hpp>
#include <warren/base/strong_id.hpp>
#include <warren/base/time.hpp>
#include <warren/impair/settings.hpp>

namespace warren::impair {

class Recording;

struct FrameHandleTag;
/// Names a frame that the owner keeps.
using FrameHandle = base::StrongId<FrameHandleTag, std::uint32_t>;

enum class Verdict : std::uint8_t {
  passed,
  lost,      ///< the loss model
  selected,  ///< `drop` named this very frame
  too_big,   ///< larger than the MTU
  link_down,
  queue_full,  ///< the byte queue of the rate
  codel,       ///< dropped by CoDel
  overrun,     ///< our own limits: neither emulated nor forgiven
};
inline constexpr std::size_t kVerdicts = 8;
/// "lost", "queue full", …
std::string_view describe(Verdict verdict) noexcept;
/// "lost", "queue_full", …: as keys of files and of JSON name it.
std::string_view identifier(Verdict verdict) noexcept;

/// Which dice: two pipelines with equal keys decide alike.
struct StreamKey {
  std::uint64_t seed = 0;
  std::string_view link;       ///< the link's name
  std::uint8_t direction = 0;  ///< 0: from its first end to its second
};

/// What was decided about a frame on its arrival. Of one that does not pass only verdict, flow and
/// number say something.
struct Fate {
  Verdict verdict = Verdict::passed;
  bool duplicated = false;
  bool corrupted = false;
  bool reordered = false;
  std::uint64_t flow = 0;        ///< identifies the flow, the same in every run
  std::uint64_t number = 0;      ///< of the frame in its flow, from 1
  base::Duration jitter{};       ///< added to the delay, before the sum is kept from being negative
  base::Duration copy_jitter{};  ///< that of the copy, when duplicated
  std::uint32_t corrupted_bit = 0;  ///< counts from the frame's first bit, which is 0
};

/// A frame that leaves the pipeline.
struct Departure {
  FrameHandle frame;
  Verdict verdict = Verdict::passed;  ///< passed, or codel: dropped after all
  bool last = true;   ///< false: the first of two copies, the handle is used once more
  base::Instant due;  ///< when it should have left: the emulated moment
};

/// Bounds what a pipeline may hold. The memory is reserved at once and takes room only as it is
/// used.
struct Limits {
  std::uint32_t frames = 65536;
  std::uint32_t flows = 65536;  ///< beyond it the flow unused for longest is forgotten
};

class Pipeline {
 public:
  /// `replay`: verdicts to apply instead of the dice, to the frames that it lists. A trace starts
  /// at `now`.
  Pipeline(const StreamKey& key, const Settings& settings, const Limits& limits, base::Instant now,
           std::shared_ptr<const Recording> replay = nullptr);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  /// Frames that are still held are not given back.
  ~Pipeline();

  /// New settings for frames that arrive from now on; those on their way keep what was decided,
  /// those in the rate's queue leave at the new rate. Taking the link down loses nothing that is on
  /// its way.
  void change(const Settings& settings, base::Instant now);
  [[nodiscard]] const Settings& settings() const noexcept;

  /// The largest frame that admit() takes.
  static constexpr std::size_t kMaxFrameBytes = 1 << 20;

  /// A whole Ethernet frame arrives, without FCS. Flips a bit of it where corruption is decided.
  /// With Verdict::passed the handle is held until pop() has given it back (with `last`); otherwise
  /// it is not kept. Time does not go back: an earlier `now` counts as the latest one seen.
  /// Allocates nothing.
  Fate admit(base::Instant now, base::Bytes frame, FrameHandle handle) noexcept;

  /// When pop() has something next; empty: never.
  [[nodiscard]] std::optional<base::Instant> next_due() const noexcept;
  /// The next frame due at or before `now`; empty when there is none. Allocates nothing.
  std::optional<Departure> pop(base::Instant now) noexcept;

  /// Frames held, and bytes that wait for the rate; what is just being sent waits no more.
  [[nodiscard]] std::uint32_t held() const noexcept;
  /// As of the latest moment that admit(), pop() or change() was told.
  [[nodiscard]] std::uint64_t queued_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::impair
