// What a test found out: verdicts of the expectations, figures, counters. What reports are made of.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>

namespace warren::lab {

enum class Outcome : std::uint8_t { passed, failed, skipped, error };

/// A figure with its unit: {"p50", 0.0712, "s"}.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;                  ///< "s", "bit/s", "share", "packets", ""
  std::optional<std::string> bound;  ///< as written, where one was asked for
  bool within = true;
};

struct ExpectationResult {
  std::string name;
  std::string kind;   ///< "ping", "rtt", …: the key in the file
  std::string asked;  ///< in words: "ping from alice to bob@wr0 within 1 s"
  Outcome outcome = Outcome::passed;
  std::string message;  ///< why it failed: one line, for people
  std::string detail;   ///< more lines: output of a command, what was seen
  std::vector<Figure> figures;
  base::Duration began{}, took{};  ///< since the scenario began
  Place place;
};

/// A moment of the scenario worth showing: an event, a readiness, an exit.
struct Incident {
  enum class Kind : std::uint8_t { event, program, tunnel, note };
  base::Duration at{};  ///< since the scenario began; negative: before it
  std::string text;
  Kind kind = Kind::note;
  bool trouble = false;  ///< not as it should be: a program that died, a readiness that never came
};

/// What passed one direction of a link in a slice of time.
struct SeriesSlice {
  std::uint32_t sent = 0;  ///< entered the link
  /// By impair::Verdict, counted when it was known: `passed` when the frame left the link at the
  /// other end (copies count), a drop when it was dropped.
  std::array<std::uint32_t, impair::kVerdicts> verdicts{};
  std::uint32_t in_flight = 0;  ///< on their way when the slice ended
  std::uint64_t arrived_bytes = 0;
  [[nodiscard]] std::uint32_t arrived() const noexcept { return verdicts[0]; }
  friend bool operator==(const SeriesSlice&, const SeriesSlice&) = default;
};
/// A link's frames over time.
struct LinkSeries {
  base::Duration began{};  ///< of the first slice, since the scenario began
  base::Duration slice{};  ///< length of each
  std::array<std::vector<SeriesSlice>, 2> directions;
  friend bool operator==(const LinkSeries&, const LinkSeries&) = default;
};

struct LinkReport {
  std::string name;
  std::array<std::string, 2> ends;  ///< "alice:eth0"
  bool wired = false;
  std::array<std::string, 2> settings;  ///< at the end, for people
  std::array<WireCounters, 2> counters;
  LinkSeries series;  ///< by write_evidence
};

struct LogFile {
  std::string node;
  std::string program;
  std::filesystem::path path;
};

struct NodeReport {
  std::string name;
  /// As text, gathered when the scenario ended.
  std::string addresses, routes, counters, sockets;
};

struct LabResult {
  std::filesystem::path file;
  std::string name;
  std::uint64_t seed = 0;
  std::filesystem::path replay;  ///< whose verdicts applied instead of the dice; empty: none
  Outcome outcome = Outcome::passed;
  std::string message;  ///< of an error or a skip: what the machine could not provide, the remedy
  std::optional<Place> place;
  base::WallTime began{};
  base::WallTime scenario_began{};
  base::Duration bring_up{}, scenario{}, tear_down{};
  std::vector<ExpectationResult> expectations;
  std::vector<Incident> incidents;
  std::vector<LinkReport> links;
  std::vector<NodeReport> nodes;
  std::vector<LogFile> logs;
  std::uint64_t capture_missed = 0;
  std::uint32_t run = 0;           ///< of --repeat, from 1; 0: the only one
  std::string machine;             ///< kernel, processors, root or user namespace: one line
  std::filesystem::path evidence;  ///< the folder; empty: none was written
};

}  // namespace warren::lab
