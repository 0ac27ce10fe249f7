// A lab's test once everything is up: the timeline of [[at]] events, and the expectations.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/lab/probe.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/services.hpp>
#include <warren/lab/topology.hpp>
#include <warren/lab/wire.hpp>
#include <warren/lab/world.hpp>

namespace warren::lab {

/// Indices of expectations that run at the same time, in the order in which these groups run: one
/// each, but those with `together` join the one before. Pure.
std::vector<std::vector<std::size_t>> group_expectations(std::span<const Expectation> all);

/// Told as it happens; each may be empty. Called by several threads, but never by two at once.
struct ScenarioObserver {
  std::function<void(const Incident&)> incident;  ///< `at` is not set
  std::function<void(std::size_t)> begins;        ///< an expectation's index
  std::function<void(std::size_t, const ExpectationResult&)> ended;
};

/// What a scenario works with. Borrowed; `wire` is null where no link is wired.
struct Scene {
  const Topology& topology;
  World& world;
  Wire* wire = nullptr;
  Services& services;
  Stop& stop;  ///< requested when the topology's timeout is over
};

/// Runs the whole scenario, which begins now, and returns one result per expectation, in the file's
/// order, and after them one failed result per event that could not be applied. Events go on for as
/// long as there are expectations to wait for, without any of them until the last event; those that
/// are left then are an incident of trouble. Does not throw for what a node or a link does.
std::vector<ExpectationResult> run_scenario(const Scene& scene, const ScenarioObserver& observer);

}  // namespace warren::lab
