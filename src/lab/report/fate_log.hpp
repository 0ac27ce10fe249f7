// What was decided about the frames of the wired links, to be applied again by `--replay`.
#pragma once

#include <cstddef>
#include <deque>
#include <filesystem>

#include <warren/lab/capture.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

class FateLog {
 public:
  /// Every frame up to this many; with frames that passed untouched the file stays exact where a
  /// queue decides, but they are the many.
  static constexpr std::size_t kAllMost = 250'000;
  /// Then only those that did not just pass, up to this many.
  static constexpr std::size_t kMost = 1'000'000;

  void add(const CaptureRecord& record);
  void clear();
  /// Lines as impair::Recording reads them. Throws base::SystemError.
  void write(const std::filesystem::path& file, const Topology& topology) const;

 private:
  struct Entry {
    LinkId link;
    std::uint8_t direction;
    impair::Fate fate;
  };
  std::deque<Entry> entries_;
  std::size_t unwritten_ = 0;  // that did not just pass, beyond kMost
};

}  // namespace warren::lab
