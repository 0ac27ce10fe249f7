#include "frame_text.hpp"

#include <fmt/format.h>

#include <warren/base/units.hpp>

namespace warren::lab {
namespace {

std::string_view phrase(impair::Verdict verdict) noexcept {
  using enum impair::Verdict;
  switch (verdict) {
    case passed:
      return "passed";
    case lost:
      return "lost by the loss model";
    case selected:
      return "dropped, named by `drop`";
    case too_big:
      return "dropped, larger than the MTU";
    case link_down:
      return "dropped, the link is down";
    case queue_full:
      return "dropped, the queue is full";
    case codel:
      return "dropped by CoDel";
    case overrun:
      return "dropped by Warren's own limits (overrun)";
  }
  return "?";
}

}  // namespace

std::string end_name(const Topology& topology, const LinkEnd& end) {
  return fmt::format("{}:{}", topology.node(end.node).name, topology.interface(end).name);
}

std::string interface_name(const Topology& topology, const Link& link) {
  return fmt::format("{} ({} - {})", link.name, end_name(topology, link.ends[0]),
                     end_name(topology, link.ends[1]));
}

std::string fate_comment(const CaptureRecord& record, const std::optional<Outgone>& outgone) {
  const impair::Fate& fate = record.fate;
  std::string text;
  if (fate.verdict != impair::Verdict::passed) {
    text = phrase(fate.verdict);
  } else if (outgone && outgone->codel) {
    text = fmt::format("{} after {} in the queue", phrase(impair::Verdict::codel),
                       base::format_interval(outgone->when - record.when));
  } else if (outgone) {
    text = fmt::format("delayed {}", base::format_interval(outgone->when - record.when));
  } else {
    text = "passed";
  }
  if (fate.duplicated) text += ", duplicated";
  if (fate.corrupted) text += ", corrupted";
  if (fate.reordered) text += ", reordered";
  return text + fmt::format(", flow {:016x} packet {}", fate.flow, fate.number);
}

}  // namespace warren::lab
