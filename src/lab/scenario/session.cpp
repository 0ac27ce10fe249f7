// Up: sandbox, world, wire, recorder, services. Then the scenario, and down in reverse order. Each
// part is a member that is made when its turn comes, so that an error anywhere takes down exactly
// what is up.
#include "session.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/lab/capture.hpp>
#include <warren/lab/recorder.hpp>
#include <warren/lab/report.hpp>
#include <warren/lab/sandbox.hpp>
#include <warren/lab/scenario.hpp>
#include <warren/lab/services.hpp>
#include <warren/lab/wire.hpp>
#include <warren/lab/world.hpp>
#include <warren/system/clock.hpp>
#include <warren/system/signals.hpp>

#include "machine.hpp"
#include "node_report.hpp"
#include "statistics.hpp"
#include "waiting.hpp"

namespace warren::lab {
namespace {

constexpr std::size_t kRingBytes = std::size_t{32} << 20;
constexpr std::uint32_t kSnapBytes = 256;

/// SIGKILL for this process when the runner dies. The kernel forgets it when credentials change, so
/// it is asked for again after the sandbox was entered.
void end_with(pid_t runner) {
  if (runner == 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != runner) ::_exit(1);  // it was gone before
}

std::string with_hint(const base::Error& error) {
  return error.hint().empty() ? std::string(error.what())
                              : fmt::format("{}\n  hint: {}", error.what(), error.hint());
}

/// Asks everything to stop when a termination signal arrives.
class Interrupter {
 public:
  Interrupter(const system::SignalFd& signals, Stop& stop)
      : thread_([this, &signals, &stop] {
          if (wait_for(signals.fd(), POLLIN, base::Instant::max(), end_) == Woken::ready) {
            stop.request("interrupted");
          }
        }) {}
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  ~Interrupter() {
    end_.request("end");
    thread_.join();
  }

 private:
  Stop end_;
  std::thread thread_;
};

class Session {
 public:
  Session(const Topology& topology, const SessionOptions& options)
      : topology_(topology),
        options_(options),
        signals_({SIGINT, SIGTERM}),
        result_(blank_result(topology, options.run, options.replay_file)) {}

  LabResult run() {
    const base::Instant began = system::boot_now();
    try {
      end_with(options_.runner);
      enter_sandbox();
      end_with(options_.runner);
      result_.machine = describe_machine();
      const Interrupter interrupter(signals_, stop_);
      live();
    } catch (...) {
      note_failure();
    }
    if (result_.scenario_began == base::WallTime{}) result_.bring_up = system::boot_now() - began;
    const base::Instant down = system::boot_now();
    leave_sandbox();
    result_.tear_down += system::boot_now() - down;
    return std::move(result_);
  }

 private:
  void live() {
    try {
      bring_up();
      run_all();
    } catch (...) {
      note_failure();
    }
    conclude();
    tear_down();
  }

  void bring_up() {
    doing("bringing up");
    const base::Instant began = system::boot_now();
    world_ = std::make_unique<World>(topology_, WorldOptions{});
    if (std::any_of(topology_.links.begin(), topology_.links.end(),
                    [](const Link& each) { return each.wired; })) {
      ring_ = std::make_unique<CaptureRing>(kRingBytes, kSnapBytes);
      wire_ = std::make_unique<Wire>(world_->take_wire_links(), WireOptions{
                                                                    .seed = topology_.seed,
                                                                    .capture = ring_.get(),
                                                                    .processors_awake = true,
                                                                    .replay = options_.replay,
                                                                });
      for (const std::string& each : wire_->features()) result_.machine += "; " + each;
    }
    result_.bring_up = system::boot_now() - began;
    recorder_ = std::make_unique<Recorder>(
        topology_, RecorderOptions{.ring = ring_.get(),
                                   .wire_capture =
                                       [this](bool on) {
                                         if (wire_) wire_->capture(on);
                                       },
                                   .netns = [this](NodeId node) { return world_->netns(node); }});
    recorder_->keep(true);
    services_ = std::make_unique<Services>(
        topology_, *world_, stop_,
        ServiceOptions{.directory = sandbox_directory() / "services",
                       .executable = {},
                       .note = [this](Incident incident) { note(std::move(incident)); }});
    if (!topology_.tunnels.empty() || has_programs()) doing("starting programs");
    services_->start();
  }

  void run_all() {
    const auto before = processor_time();
    scenario_began_ = system::boot_now();
    result_.scenario_began = system::wall_now();
    doing(topology_.expectations.empty() ? "running" : "");
    const Scene scene{topology_, *world_, wire_.get(), *services_, stop_};
    result_.expectations = run_scenario(
        scene, {.incident = [this](const Incident& each) { note(each); },
                .begins = [this](std::size_t index) { tell_begins(index); },
                .ended = [this](std::size_t index,
                                const ExpectationResult& ended) { tell_so_far(index, ended); }});
    result_.scenario = system::boot_now() - scenario_began_;
    if (const auto after = processor_time(); before && after) {
      if (const auto load = describe_load(*before, *after); !load.empty()) {
        result_.machine += "; " + load;
      }
    }
  }

  /// Everything that is to be known of what is up now, and the verdict.
  void conclude() {
    try {
      collect();
      judge_all();
      // The frames that the last verdict is about may still be on their way to the recorder.
      if (recorder_) recorder_->settle();
      if (recorder_) result_.capture_missed = recorder_->missed();
      const bool failed = result_.outcome == Outcome::failed || result_.outcome == Outcome::error;
      if (failed && world_) write_all_evidence();
    } catch (...) {
      note_failure();
    }
  }

  void collect() {
    if (services_) result_.logs = services_->logs();
    if (!world_) return;
    for (std::uint32_t i = 0; i < topology_.links.size(); ++i) {
      result_.links.push_back(report_link(topology_, wire_.get(), LinkId(i)));
    }
    for (std::uint32_t i = 0; i < topology_.nodes.size(); ++i) {
      result_.nodes.push_back(report_node(topology_, *world_, NodeId(i)));
    }
    const std::scoped_lock lock(incidents_mutex_);
    const base::Instant zero =
        scenario_began_ == base::Instant{} ? system::boot_now() : scenario_began_;
    for (auto& [at, incident] : incidents_) {
      incident.at = at - zero;
      result_.incidents.push_back(incident);
    }
  }

  void judge_all() {
    for (std::size_t i = 0; i < result_.links.size(); ++i) {
      if (!topology_.allow_overrun) judge_overrun(result_.links[i], topology_.links[i].place);
    }
    if (wire_ && !wire_->failure().empty()) fail(Outcome::error, wire_->failure());
    for (const ExpectationResult& each : result_.expectations) {
      if (each.outcome != Outcome::passed && result_.outcome == Outcome::passed) {
        result_.outcome = Outcome::failed;
      }
    }
    if (stop_.reason() == "interrupted") fail(Outcome::error, "interrupted");
  }

  /// What is lost for want of memory or time is not what the file asked for.
  void judge_overrun(const LinkReport& link, Place place) {
    constexpr auto kOverrun = static_cast<std::size_t>(impair::Verdict::overrun);
    const std::uint64_t there = link.counters[0].verdicts[kOverrun];
    const std::uint64_t back = link.counters[1].verdicts[kOverrun];
    if (there + back == 0) return;
    ExpectationResult result;
    result.name = fmt::format("no drops of our own on {}", link.name);
    result.kind = "overrun";
    result.asked = "the emulation keeps up with the traffic";
    result.outcome = Outcome::failed;
    result.message = fmt::format(
        "the link {} lost {} frames because this machine did not keep up with it; "
        "less traffic, or `allow_overrun = true` in [lab]",
        link.name, there + back);
    result.figures = {{"there", static_cast<double>(there), "frames", {}, there == 0},
                      {"back", static_cast<double>(back), "frames", {}, back == 0}};
    result.place = place;
    result_.expectations.push_back(std::move(result));
  }

  void write_all_evidence() {
    doing("writing evidence");
    std::vector<std::string> problems;
    write_evidence(options_.evidence, topology_, result_, recorder_.get(), {}, &problems);
    for (const std::string& each : problems) {
      result_.incidents.push_back({.at = system::boot_now() - scenario_began_,
                                   .text = "evidence: " + each,
                                   .trouble = true});
    }
  }

  void tear_down() {
    const base::Instant began = system::boot_now();
    doing("taking down");
    services_.reset();
    recorder_.reset();
    wire_.reset();
    world_.reset();
    ring_.reset();
    result_.tear_down = system::boot_now() - began;
  }

  /// The exception that is being handled becomes the outcome; an earlier one goes first.
  void note_failure() {
    try {
      throw;
    } catch (const NotReady& error) {
      if (!result_.place) result_.place = error.place;
      fail(Outcome::failed, error.what());
    } catch (const base::Error& error) {
      fail(Outcome::error, stop_.requested() ? std::string(stop_.reason()) : with_hint(error));
    } catch (const std::exception& error) {
      fail(Outcome::error, error.what());
    }
  }

  void fail(Outcome outcome, std::string message) {
    if (result_.outcome == Outcome::passed || result_.message.empty()) {
      result_.outcome = outcome;
      result_.message = std::move(message);
    }
  }

  [[nodiscard]] bool has_programs() const {
    return std::any_of(topology_.nodes.begin(), topology_.nodes.end(),
                       [](const Node& each) { return !each.programs.empty(); });
  }

  void note(Incident incident) {
    const std::scoped_lock lock(incidents_mutex_);
    incidents_.emplace_back(system::boot_now(), std::move(incident));
  }

  void doing(const std::string& what) const {
    if (options_.doing && !what.empty()) options_.doing(what);
  }
  // Called under the scenario's lock: by one thread at a time.
  void tell_begins(std::size_t index) const {
    doing(fmt::format("{}/{} {}", index + 1, topology_.expectations.size(),
                      topology_.expectations[index].name));
  }
  void tell_so_far(std::size_t, const ExpectationResult& ended) {
    so_far_.push_back(ended);
    if (!options_.so_far) return;
    LabResult known = blank_result(topology_, options_.run, options_.replay_file);
    known.machine = result_.machine;
    known.began = result_.began;
    known.expectations = so_far_;
    options_.so_far(known);
  }

  const Topology& topology_;
  const SessionOptions& options_;
  const system::SignalFd signals_;
  Stop stop_;
  LabResult result_;
  std::vector<ExpectationResult> so_far_;
  std::mutex incidents_mutex_;
  std::vector<std::pair<base::Instant, Incident>> incidents_;
  base::Instant scenario_began_;
  // In the order in which they are made; taken down in reverse.
  std::unique_ptr<World> world_;
  std::unique_ptr<CaptureRing> ring_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Services> services_;
};

}  // namespace

LabResult blank_result(const Topology& topology, std::uint32_t run,
                       const std::filesystem::path& replay) {
  LabResult result;
  result.file = topology.file;
  result.name = topology.name;
  result.seed = topology.seed;
  result.replay = replay;
  result.run = run;
  result.began = system::wall_now();
  return result;
}

LabResult run_session(const Topology& topology, const SessionOptions& options) {
  return Session(topology, options).run();
}

}  // namespace warren::lab
