// Sees the frames of a lab as they pass: those of wired links through the wire's capture ring,
// those of plain links through packet sockets in the namespace of the link's first end. Keeps the
// newest of them for a pcapng file, counts them over time, looks for a text in them, and hands
// those of one link on while they pass. One thread; costs nothing while nobody asks for anything.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/base/strong_id.hpp>
#include <warren/base/time.hpp>
#include <warren/lab/capture.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

struct RecorderOptions {
  /// Of the wired links; borrowed. The recorder is its only consumer.
  CaptureRing* ring = nullptr;
  /// Switches the wire's capture: `[&](bool on) { wire.capture(on); }`. Called by the thread that
  /// asks for the first thing or gives up the last.
  std::function<void(bool)> wire_capture;
  /// The namespace of a node, borrowed: `[&](NodeId node) { return world.netns(node); }`.
  std::function<int(NodeId)> netns;
  /// For frames kept. When it is full the oldest go, and the file says how many.
  std::uint64_t keep_bytes = std::uint64_t{64} << 20;
  /// Kept of each frame. A watch sees all that the ring has.
  std::uint32_t snap_bytes = 256;
};

/// Where a watched text was seen.
struct Sighting {
  base::WallTime when;
  std::uint8_t direction = 0;
  std::uint64_t frame = 0;         ///< the how many-th frame of the watch, from 1
  std::uint32_t offset_bytes = 0;  ///< in the frame
  std::string packet;              ///< "UDP 10.0.0.1:4711 > 10.0.0.2:7"
};

struct WatchReport {
  std::uint64_t frames = 0;  ///< seen, both directions
  std::uint64_t bytes = 0;
  std::uint64_t truncated = 0;      ///< of them not whole, so that the text may have escaped
  std::uint64_t missed = 0;         ///< passed unseen: the recorder was too slow
  std::uint64_t found = 0;          ///< frames with the text
  std::vector<Sighting> sightings;  ///< the first 16
};

struct WatchIdTag;
using WatchId = base::StrongId<WatchIdTag, std::uint32_t>;
struct StreamIdTag;
using StreamId = base::StrongId<StreamIdTag, std::uint32_t>;

/// All functions may be called by any thread.
class Recorder {
 public:
  /// `topology` is borrowed. Starts the thread.
  Recorder(const Topology& topology, const RecorderOptions& options);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder();

  /// Keeps the frames of all links from now on, and counts them over time. Throws base::Error when
  /// packet sockets are refused (needs CAP_NET_RAW in the namespaces).
  void keep(bool on);

  /// Looks for `marker` in every frame of the link, where it enters the link. A marker that is cut
  /// in two by segmentation is not found. For a wired link the ring has to hold whole frames.
  WatchId watch(LinkId link, std::string marker);
  /// What it saw so far; call settle() before.
  [[nodiscard]] WatchReport report(WatchId watch) const;
  void unwatch(WatchId watch);

  /// Writes the link's frames, as they enter it, to `out` as pcapng until the reader is gone or
  /// `unstream`. A slow reader misses frames, which the last block counts.
  StreamId stream(LinkId link, base::Fd out);
  [[nodiscard]] bool streaming(StreamId stream) const;
  void unstream(StreamId stream);

  /// Returns when everything that passed before the call has been seen (at most a tenth of a
  /// second).
  void settle();

  /// What is kept, by time: one interface per link ("wan (alice:eth0 - core:p1)"), each frame once,
  /// when it entered the link; outbound is from the link's first end to its second. Comments have
  /// the fate: "lost, flow 3f2a packet 17", "delayed 35.2 ms, flow …". The section's comment has
  /// the seed. With `arrivals` each frame when it left the link instead, as its receiver got it.
  /// Throws base::SystemError.
  void write_capture(const std::filesystem::path& file, bool arrivals = false);
  /// One line per frame that did not just pass: link, direction, flow, number, verdict, and what
  /// else happened. From the beginning of keep(true), not bounded by keep_bytes.
  void write_verdicts(const std::filesystem::path& file);

  /// Frames over time since `origin`, for every link; empty for links without frames.
  [[nodiscard]] std::vector<LinkSeries> series(base::WallTime origin) const;

  /// Frames that passed unseen: the ring was full, the kernel dropped them before the packet
  /// socket's reader.
  [[nodiscard]] std::uint64_t missed() const;
  /// Frames seen, but no longer kept.
  [[nodiscard]] std::uint64_t overwritten() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace warren::lab
