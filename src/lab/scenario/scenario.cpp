// Two threads at least: the timeline applies events when they are due, notices programs that end
// and the end of the time; the caller's thread runs the expectations, with one thread more for each
// that runs together with others.
#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include <warren/lab/scenario.hpp>
#include <warren/system/clock.hpp>

#include "checker.hpp"
#include "process_text.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

/// One call of the observer at a time.
class Teller {
 public:
  explicit Teller(const ScenarioObserver& observer) : observer_(observer) {}
  void incident(std::string text, Incident::Kind kind, bool trouble = false) {
    const std::scoped_lock lock(mutex_);
    if (!observer_.incident) return;
    observer_.incident({.text = std::move(text), .kind = kind, .trouble = trouble});
  }
  void begins(std::size_t index) {
    const std::scoped_lock lock(mutex_);
    if (observer_.begins) observer_.begins(index);
  }
  void ended(std::size_t index, const ExpectationResult& result) {
    const std::scoped_lock lock(mutex_);
    if (observer_.ended) observer_.ended(index, result);
  }

 private:
  const ScenarioObserver& observer_;
  std::mutex mutex_;
};

std::string describe_direction(const impair::Settings& settings) {
  if (!settings.up) return "down";
  const std::string text = describe(settings);
  return text.empty() ? "up, unimpaired" : text;
}

class Timeline {
 public:
  Timeline(const Scene& scene, Teller& teller, base::Instant began, const Stop& finished)
      : scene_(scene), teller_(teller), began_(began), finished_(finished) {}

  void run() {
    const base::Instant end = began_ + scene_.topology.timeout;
    while (true) {
      const base::Instant next = next_event() == nullptr ? end : began_ + next_event()->at;
      std::vector<pollfd> polls;
      for (const int each : scene_.services.watched()) polls.push_back({each, POLLIN, 0});
      polls.push_back({scene_.stop.fd(), POLLIN, 0});
      const Woken woken = wait_for(polls, std::min(next, end), finished_);
      if (woken == Woken::stopped || scene_.stop.requested()) break;
      scene_.services.note_ended();
      const base::Instant now = system::boot_now();
      while (next_event() != nullptr && began_ + next_event()->at <= now) apply(*take_event());
      if (now >= end) {
        scene_.stop.request("the scenario's timeout is over");
        break;
      }
    }
    scene_.services.note_ended();
    tell_what_is_left();
  }

 private:
  [[nodiscard]] const Event* next_event() const {
    const auto& events = scene_.topology.events;
    return done_ < events.size() ? &events[done_] : nullptr;
  }
  const Event* take_event() { return &scene_.topology.events[done_++]; }

  void apply(const Event& event) {
    try {
      std::visit([&](const auto& action) { act(action); }, event.action);
    } catch (const std::exception& error) {
      teller_.incident(fmt::format("the event of line {} could not be applied: {}",
                                   event.place.line, error.what()),
                       Incident::Kind::event, true);
    }
  }

  void act(const ChangeLink& action) {
    for (std::uint8_t direction = 0; direction < 2; ++direction) {
      const auto& settings = action.settings.at(direction);
      if (settings) scene_.wire->change(action.link, direction, *settings);
    }
    const auto& [there, back] = action.settings;
    std::string text;
    if (there && back && describe_direction(*there) == describe_direction(*back)) {
      text = describe_direction(*there);
    } else {
      if (there) text += fmt::format("there {}", describe_direction(*there));
      if (back) text += fmt::format("{}back {}", there ? "; " : "", describe_direction(*back));
    }
    teller_.incident(fmt::format("link {}: {}", scene_.topology.link(action.link).name, text),
                     Incident::Kind::event);
  }

  void act(const RunCommand& action) {
    scene_.services.launch(action.node, action.command);
    teller_.incident(fmt::format("{}: run `{}`", scene_.topology.node(action.node).name,
                                 join_command(action.command)),
                     Incident::Kind::event);
  }

  void act(const SignalProgram& action) {
    scene_.services.signal(action.node, action.program, action.signal_number);
    const std::string& node = scene_.topology.node(action.node).name;
    teller_.incident(
        action.signal_number == 0
            ? fmt::format("{}: {} is started again", node, action.program)
            : fmt::format("{}: signal {} for {}", node, action.signal_number, action.program),
        Incident::Kind::event);
  }

  void tell_what_is_left() {
    const std::size_t left = scene_.topology.events.size() - done_;
    if (left == 0) return;
    teller_.incident(fmt::format("ended before {} event{}", left, left == 1 ? "" : "s"),
                     Incident::Kind::note);
  }

  const Scene& scene_;
  Teller& teller_;
  base::Instant began_;
  const Stop& finished_;
  std::size_t done_ = 0;
};

class Expectations {
 public:
  Expectations(const Scene& scene, Teller& teller, base::Instant began)
      : scene_(scene),
        teller_(teller),
        began_(began),
        checker_(scene.topology, scene.world, scene.wire, scene.services.executable(), scene.stop),
        results_(scene.topology.expectations.size()) {}

  std::vector<ExpectationResult> run() {
    for (const auto& group : group_expectations(scene_.topology.expectations)) {
      std::vector<std::thread> others;
      for (std::size_t i = 1; i < group.size(); ++i) {
        others.emplace_back([this, index = group[i]] { run_one(index); });
      }
      run_one(group.front());
      for (std::thread& each : others) each.join();
    }
    return std::move(results_);
  }

 private:
  void run_one(std::size_t index) {
    const Expectation& expectation = scene_.topology.expectations[index];
    ExpectationResult& result = results_[index];
    sleep_until(began_ + expectation.after, scene_.stop);
    const base::Instant began = system::boot_now();
    if (scene_.stop.requested()) {
      result.name = expectation.name;
      result.kind = kind_of(expectation.check);
      result.asked = describe(scene_.topology, expectation.check);
      result.place = expectation.place;
      result.outcome = Outcome::failed;
      result.message = fmt::format("not run: {}", scene_.stop.reason());
    } else {
      teller_.begins(index);
      result = checker_.run(index);
    }
    result.began = began - began_;
    result.took = system::boot_now() - began;
    teller_.ended(index, result);
  }

  const Scene& scene_;
  Teller& teller_;
  base::Instant began_;
  Checker checker_;
  std::vector<ExpectationResult> results_;
};

}  // namespace

std::vector<std::vector<std::size_t>> group_expectations(std::span<const Expectation> all) {
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (groups.empty() || !all[i].together) groups.emplace_back();
    groups.back().push_back(i);
  }
  return groups;
}

std::vector<ExpectationResult> run_scenario(const Scene& scene, const ScenarioObserver& observer) {
  const base::Instant began = system::boot_now();
  Teller teller(observer);
  Stop finished;
  Timeline timeline(scene, teller, began, finished);
  Expectations expectations(scene, teller, began);
  std::vector<ExpectationResult> results;
  run_together([&] { timeline.run(); },
               [&] {
                 results = expectations.run();
                 finished.request("end");
               },
               [&] { finished.request("end"); });
  return results;
}

}  // namespace warren::lab
