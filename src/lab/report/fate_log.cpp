#include "fate_log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>

#include <warren/base/error.hpp>
#include <warren/impair/recording.hpp>

namespace warren::lab {

void FateLog::clear() {
  entries_.clear();
  unwritten_ = 0;
}

void FateLog::add(const CaptureRecord& record) {
  const impair::Fate& fate = record.fate;
  const bool passed = fate.verdict == impair::Verdict::passed;
  if (record.point == CaptureRecord::Point::received && passed) return;  // said when it was sent
  const bool plain = passed && !fate.duplicated && !fate.corrupted && !fate.reordered;
  if (plain && entries_.size() >= kAllMost) return;
  if (entries_.size() >= kMost) {
    ++unwritten_;
    return;
  }
  entries_.push_back({record.link, record.direction, fate});
}

void FateLog::write(const std::filesystem::path& file, const Topology& topology) const {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << fmt::format("# verdicts of lab {}, seed {}\n", topology.name, topology.seed)
      << "# link direction flow number verdict\n";
  if (entries_.size() > kAllMost) {
    out << fmt::format("# behind the first {} frames only those that did not just pass\n",
                       kAllMost);
  }
  if (unwritten_ != 0) out << fmt::format("# {} more are not listed\n", unwritten_);
  for (const Entry& entry : entries_) {
    out << impair::Recording::line(topology.link(entry.link).name, entry.direction, entry.fate);
  }
  out.close();
  if (!out) throw base::SystemError("writing", file.string(), errno);
}

}  // namespace warren::lab
