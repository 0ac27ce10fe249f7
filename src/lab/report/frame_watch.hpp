// Two who look at the frames of one link as they pass: a search for a text, and a stream of pcapng
// to a reader.
#pragma once

#include <optional>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/lab/pcapng.hpp>
#include <warren/lab/recorder.hpp>

#include "plain_taps.hpp"

namespace warren::lab {

struct FrameWatch {
  LinkId link;
  std::string marker;
  WatchReport report;
  std::uint64_t ring_missed_before = 0;
  std::optional<PlainTap> tap;  ///< of a plain link: whole frames

  void see(const CaptureRecord& record);
};

class FrameStream {
 public:
  /// What waits for a slow reader, at most.
  static constexpr std::size_t kPendingBytesMost = std::size_t{4} << 20;

  FrameStream(LinkId link, base::Fd out, PcapngBuffer prelude);
  [[nodiscard]] LinkId link() const noexcept { return link_; }
  /// -1 once the reader is gone.
  [[nodiscard]] int fd() const noexcept { return out_.get(); }
  [[nodiscard]] bool wants_to_write() const noexcept { return out_ && written_ < pending_.size(); }
  void see(const CaptureRecord& record, bool wired);
  /// Writes what the reader takes without waiting.
  void flush();
  void hang_up() noexcept { out_.reset(); }
  /// The last block, and a moment for the reader to take what is pending.
  void finish();

  std::optional<PlainTap> tap;  ///< of a plain link

 private:
  LinkId link_;
  base::Fd out_;
  PcapngBuffer pending_;
  std::size_t written_ = 0;
  std::uint64_t frames_ = 0, missed_ = 0;
  base::WallTime last_;
};

}  // namespace warren::lab
