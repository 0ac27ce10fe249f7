// What a test found out: verdicts of the expectations, figures, counters. What reports are made of.
#pragma once

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
  std::string kind;  ///< "ping", "rtt", …: the key in the file
  Outcome outcome = Outcome::passed;
  std::string message;  ///< why it failed: one line, for people
  std::string detail;   ///< more lines: output of a command, what was seen
  std::vector<Figure> figures;
  base::Duration began{}, took{};  ///< since the scenario began
  Place place;
};

/// A moment of the scenario worth showing: an event, a readiness, an exit.
struct Incident {
  base::Duration at{};
  std::string text;
};

struct LinkReport {
  std::string name;
  bool wired = false;
  std::array<std::string, 2> settings;  ///< at the end, for people
  std::array<WireCounters, 2> counters;
};

struct LogFile {
  std::string node;
  std::string program;
  std::filesystem::path path;
};

struct NodeReport {
  std::string name;
  std::string addresses, routes, counters;  ///< as text, gathered when the scenario ended
};

struct LabResult {
  std::filesystem::path file;
  std::string name;
  std::uint64_t seed = 0;
  Outcome outcome = Outcome::passed;
  std::string message;  ///< of an error or a skip: what the machine could not provide, the remedy
  std::optional<Place> place;
  base::WallTime began{};
  base::Duration bring_up{}, scenario{}, tear_down{};
  std::vector<ExpectationResult> expectations;
  std::vector<Incident> incidents;
  std::vector<LinkReport> links;
  std::vector<NodeReport> nodes;
  std::vector<LogFile> logs;
  std::uint64_t capture_missed = 0;
};

}  // namespace warren::lab
