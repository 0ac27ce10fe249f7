// When a program counts as ready. Everything is asked again at short intervals, or, where the
// program says so itself, waited for.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <warren/base/time.hpp>
#include <warren/lab/probe.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/world.hpp>

namespace warren::lab {

/// One condition; is_met() may be called again and again.
class Condition {
 public:
  virtual ~Condition() = default;
  [[nodiscard]] virtual bool is_met() = 0;
};

/// `log` is the program's. Throws base::Error for a regular expression that is none.
std::unique_ptr<Condition> make_condition(World& world, NodeId node, const Readiness& ready,
                                          const std::filesystem::path& log, const Stop& stop);

}  // namespace warren::lab
