#include "capture_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <tuple>
#include <utility>
#include <vector>

#include <warren/base/error.hpp>

#include "frame_text.hpp"

namespace warren::lab {
namespace {

// Pairs what entered a wired link with what came of it. The first of two copies counts.
class Outcomes {
 public:
  void add(const CaptureRecord& record) {
    entries_.push_back({key(record), {record.when, record.fate.verdict == impair::Verdict::codel}});
  }
  void sort() {
    std::ranges::sort(entries_, {},
                      [](const Entry& entry) { return std::pair(entry.key, entry.outgone.when); });
  }
  [[nodiscard]] std::optional<Outgone> find(const CaptureRecord& record) const {
    const auto at = std::ranges::lower_bound(entries_, key(record), {}, &Entry::key);
    if (at == entries_.end() || at->key != key(record)) return std::nullopt;
    return at->outgone;
  }

 private:
  using Key = std::tuple<std::uint32_t, std::uint8_t, std::uint64_t, std::uint64_t>;
  struct Entry {
    Key key;
    Outgone outgone;
  };
  static Key key(const CaptureRecord& record) {
    return {record.link.value(), record.direction, record.fate.flow, record.fate.number};
  }
  std::vector<Entry> entries_;
};

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path), out_(path, std::ios::binary | std::ios::trunc) {
    check();
  }
  void write(PcapngBuffer& buffer) {
    out_.write(reinterpret_cast<const char*>(buffer.data()),
               static_cast<std::streamsize>(buffer.size()));
    buffer.clear();
    check();
  }
  void close() {
    out_.close();
    check();
  }

 private:
  void check() const {
    if (!out_) throw base::SystemError("writing", path_.string(), errno);
  }
  std::filesystem::path path_;
  std::ofstream out_;
};

constexpr std::size_t kWriteBytes = std::size_t{1} << 20;

bool is_wanted(const CaptureRecord& record, const Topology& topology, bool arrivals) {
  if (!topology.link(record.link).wired) return true;  // recorded once
  if (!arrivals) return record.point == CaptureRecord::Point::sent;
  return record.point == CaptureRecord::Point::received &&
         record.fate.verdict == impair::Verdict::passed;
}

PcapngPacket packet_of(const CaptureRecord& record) {
  PcapngPacket packet;
  packet.interface = record.link.value();
  packet.when = record.when;
  packet.direction =
      record.direction == 0 ? PcapngPacket::Direction::outbound : PcapngPacket::Direction::inbound;
  packet.frame_bytes =
      std::max(record.frame_bytes, static_cast<std::uint32_t>(record.bytes.size()));
  packet.bytes = record.bytes;
  return packet;
}

std::string section_comment(const Topology& topology, const FrameStore& store, bool arrivals) {
  std::string comment =
      fmt::format("lab {}, seed {}; {}", topology.name, topology.seed,
                  arrivals ? "frames when they left their link"
                           : "frames when they entered their link, with their fate; outbound is "
                             "from the first end named");
  if (store.overwritten() != 0) {
    comment += fmt::format("; the newest {} of {} records", store.frames(),
                           store.frames() + store.overwritten());
  }
  return comment;
}

}  // namespace

PcapngBuffer capture_prelude(const Topology& topology, std::uint32_t snap_bytes,
                             std::string_view comment, std::optional<LinkId> only) {
  PcapngBuffer out;
  append_section(out, comment, "warren " WARREN_VERSION);
  for (std::uint32_t i = 0; i < topology.links.size(); ++i) {
    if (only && only->value() != i) continue;
    const Link& link = topology.links[i];
    std::string description =
        link.wired ? fmt::format("wired; {}: {}; {}: {}", end_name(topology, link.ends[0]),
                                 describe(link.settings[0]), end_name(topology, link.ends[1]),
                                 describe(link.settings[1]))
                   : "plain (veth pair)";
    append_interface(out, {.name = interface_name(topology, link),
                           .description = std::move(description),
                           .snap_bytes = snap_bytes,
                           .speed_bps = link.settings[0].rate_bps});
  }
  return out;
}

void write_capture_file(const std::filesystem::path& path, const Topology& topology,
                        const FrameStore& store, const CaptureFileOptions& options) {
  std::vector<CaptureRecord> records;
  Outcomes outcomes;
  base::WallTime last;
  store.for_each([&](const CaptureRecord& record) {
    const bool wired = topology.link(record.link).wired;
    if (wired && record.point == CaptureRecord::Point::received) outcomes.add(record);
    if (is_wanted(record, topology, options.arrivals)) records.push_back(record);
    last = std::max(last, record.when);
  });
  outcomes.sort();
  // By time; what has the same time stays as it was recorded.
  std::vector<std::pair<base::WallTime, std::size_t>> order;
  order.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) order.emplace_back(records[i].when, i);
  std::ranges::sort(order);

  File file(path);
  PcapngBuffer buffer = capture_prelude(topology, options.snap_bytes,
                                        section_comment(topology, store, options.arrivals));
  std::vector<std::uint64_t> per_link(topology.links.size());
  for (const auto& [when, index] : order) {
    const CaptureRecord& record = records[index];
    PcapngPacket packet = packet_of(record);
    std::string comment;
    if (topology.link(record.link).wired) {
      comment = options.arrivals
                    ? fmt::format("flow {:016x} packet {}{}", record.fate.flow, record.fate.number,
                                  record.fate.corrupted ? ", corrupted" : "")
                    : fate_comment(record, outcomes.find(record));
    }
    packet.comment = comment;
    append_packet(buffer, packet);
    ++per_link[record.link.value()];
    if (buffer.size() >= kWriteBytes) file.write(buffer);
  }
  for (std::uint32_t i = 0; i < per_link.size(); ++i) {
    // Which link's frames were missed is not known: the first interface says how many in all.
    append_statistics(buffer, {.interface = i,
                               .when = last,
                               .received = per_link[i],
                               .missed = i == 0 ? options.missed : 0,
                               .comment = {}});
  }
  file.write(buffer);
  file.close();
}

}  // namespace warren::lab
