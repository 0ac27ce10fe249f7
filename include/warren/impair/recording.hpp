// Verdicts that were written down, to be applied again: one line of text per frame. What a pipeline
// finds in a recording replaces its dice, and spares or drops the frame in its queue as recorded;
// other frames fall back to the dice.
//
//   wan 0 6f1c2a90b3d4e5f6 12 lost
//   wan 0 6f1c2a90b3d4e5f6 13 passed jitter=-1250000 corrupted=403 duplicated=880000 reordered
//
// link, direction, flow, number of the frame in its flow, verdict, and what else was decided:
// jitter and that of the copy in nanoseconds, the flipped bit. An empty line and one that begins
// with # say nothing. Of several lines for one frame the last counts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <warren/impair/pipeline.hpp>
#include <warren/impair/text_error.hpp>

namespace warren::impair {

class Recording {
 public:
  /// Frames that one recording may list: some 250 MB of memory.
  static constexpr std::size_t kMaxFrames = 4'000'000;

  static std::expected<Recording, TextError> parse(std::string_view text);
  /// The line for one frame, with its newline. The link's name is not empty and
  /// may hold any byte.
  static std::string line(std::string_view link, std::uint8_t direction, const Fate& fate);

  /// The frames of one direction of one link.
  class Stream {
   public:
    /// Null when it is not listed. Allocates nothing.
    [[nodiscard]] const Fate* find(std::uint64_t flow, std::uint64_t number) const noexcept;

   private:
    friend class Recording;
    struct Listed {
      Fate fate;
      std::size_t line = 0;
    };
    void add(const Fate& fate, std::size_t line);
    void finish();
    std::vector<Listed> frames_;  // sorted by flow and number
  };
  /// Null when nothing of it is listed. Valid as long as the recording.
  [[nodiscard]] const Stream* stream(std::string_view link, std::uint8_t direction) const noexcept;
  /// Frames listed.
  [[nodiscard]] std::size_t size() const noexcept;

 private:
  std::array<std::map<std::string, Stream, std::less<>>, 2> directions_;  // by link
};

}  // namespace warren::impair
