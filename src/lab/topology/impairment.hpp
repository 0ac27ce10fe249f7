// One direction of a link, from its keys: what a profile says, what the link adds, and whether that
// makes sense together.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include <warren/impair/settings.hpp>

#include "fields.hpp"

namespace warren::lab {

/// Settings, and where each of their keys was written last (for what does not go together).
struct Impairment {
  impair::Settings settings;
  std::map<std::string, config::Position, std::less<>> places;
};

/// Where traces are read from.
struct TraceFiles {
  std::filesystem::path directory;
  bool read = true;  ///< false: a trace is checked for its name only
};

/// Sets what the table names in `impairment`; other keys of the table (name, ends, …) are not
/// looked at. `mtu` counts only when `with_mtu`: in a [[link]] it is the devices'. `rate` ends a
/// trace and the other way round.
void read_impairment(const Fields& fields, const TraceFiles& files, bool with_mtu,
                     Impairment& impairment);

/// Throws ConfigError where settings do not go together: jitter without delay, a rate and a trace.
/// `changed`: later changes may leave a queue without its rate.
void check_impairment(const config::Source& source, const Impairment& impairment,
                      bool changed = false);

}  // namespace warren::lab
