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
#include <vector>

#include <warren/base/units.hpp>
#include <warren/lab/scenario.hpp>
#include <warren/system/clock.hpp>

#include "checker.hpp"
#include "process_text.hpp"
#include "statistics.hpp"
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

/// Events in words: "link wan: down", "alice: run `ip route flush`".
class EventWords {
 public:
  explicit EventWords(const Topology& topology) : topology_(topology) {}

  std::string operator()(const ChangeLink& action) const {
    const auto& [there, back] = action.settings;
    std::string text;
    if (there && back && describe_direction(*there) == describe_direction(*back)) {
      text = describe_direction(*there);
    } else {
      if (there) text += fmt::format("there {}", describe_direction(*there));
      if (back) text += fmt::format("{}back {}", there ? "; " : "", describe_direction(*back));
    }
    return fmt::format("link {}: {}", topology_.link(action.link).name, text);
  }
  std::string operator()(const RunCommand& action) const {
    return fmt::format("{}: run `{}`", topology_.node(action.node).name,
                       join_command(action.command));
  }
  std::string operator()(const SignalProgram& action) const {
    const std::string& node = topology_.node(action.node).name;
    return action.signal_number == 0
               ? fmt::format("{}: {} is started again", node, action.program)
               : fmt::format("{}: signal {} for {}", node, action.signal_number, action.program);
  }

 private:
  const Topology& topology_;
};

class Timeline {
 public:
  Timeline(const Scene& scene, Teller& teller, base::Instant began, const Stop& finished)
      : scene_(scene), teller_(teller), began_(began), finished_(finished) {}

  void run() {
    const base::Instant end = began_ + scene_.topology.timeout;
    while (!is_over()) {
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

  /// One result for each event that could not be applied. After run().
  [[nodiscard]] std::vector<ExpectationResult> take_failures() { return std::move(failures_); }

 private:
  /// Where nothing is expected the events are the test.
  [[nodiscard]] bool is_over() const {
    return scene_.topology.expectations.empty() && next_event() == nullptr;
  }

  [[nodiscard]] const Event* next_event() const {
    const auto& events = scene_.topology.events;
    return done_ < events.size() ? &events[done_] : nullptr;
  }
  const Event* take_event() { return &scene_.topology.events[done_++]; }

  void apply(const Event& event) {
    const std::string words = std::visit(EventWords(scene_.topology), event.action);
    try {
      std::visit([&](const auto& action) { act(action); }, event.action);
      teller_.incident(words, Incident::Kind::event);
    } catch (const std::exception& error) {
      teller_.incident(fmt::format("the event of line {} could not be applied: {}",
                                   event.place.line, error.what()),
                       Incident::Kind::event, true);
      failures_.push_back(failure_of(event, words, error.what()));
    }
  }

  /// Without it the test was not the one that was asked for.
  [[nodiscard]] ExpectationResult failure_of(const Event& event, const std::string& words,
                                             const std::string& why) const {
    ExpectationResult result;
    result.name = fmt::format("at {}: {}", format_time(event.at), words);
    result.kind = "at";
    result.asked = words;
    result.outcome = Outcome::failed;
    result.message = fmt::format("could not be applied: {}", why);
    result.began = system::boot_now() - began_;
    result.place = event.place;
    return result;
  }

  void act(const ChangeLink& action) {
    for (std::uint8_t direction = 0; direction < 2; ++direction) {
      const auto& settings = action.settings.at(direction);
      if (settings) scene_.wire->change(action.link, direction, *settings);
    }
  }
  void act(const RunCommand& action) { scene_.services.launch(action.node, action.command); }
  void act(const SignalProgram& action) {
    scene_.services.signal(action.node, action.program, action.signal_number);
  }

  void tell_what_is_left() {
    if (next_event() == nullptr) return;
    const std::size_t left = scene_.topology.events.size() - done_;
    teller_.incident(
        fmt::format("ended before {}, first that of line {} at {}", base::counted(left, "event"),
                    next_event()->place.line, format_time(next_event()->at)),
        Incident::Kind::note, true);
  }

  const Scene& scene_;
  Teller& teller_;
  base::Instant began_;
  const Stop& finished_;
  std::size_t done_ = 0;
  std::vector<ExpectationResult> failures_;
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
                 if (!results.empty()) finished.request("end");
               },
               [&] { finished.request("end"); });
  for (ExpectationResult& each : timeline.take_failures()) results.push_back(std::move(each));
  return results;
}

}  // namespace warren::lab
