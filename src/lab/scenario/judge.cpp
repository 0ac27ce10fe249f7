#include "judge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/units.hpp>
#include <warren/lab/pattern.hpp>

#include "process_text.hpp"
#include "statistics.hpp"

namespace warren::lab {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

void fail(Finding& finding, std::string_view why) {
  finding.passed = false;
  if (!finding.message.empty()) finding.message += "; ";
  finding.message += why;
}

/// " (200 of 200 replies)", behind a message that there is.
void add_context(Finding& finding, const std::string& context) {
  if (!finding.message.empty()) finding.message += fmt::format(" ({})", context);
}

std::string replies(const PingReport& seen) {
  return fmt::format("{} of {} replies", seen.received, seen.sent);
}

/// The first lines of an output, bounded, for the detail of a failure.
std::string excerpt(std::string_view name, std::string_view text, std::uint64_t discarded = 0) {
  constexpr std::size_t kMost = 8192;
  if (text.empty()) return {};
  std::string out = fmt::format("{}:\n{}", name, text.substr(0, kMost));
  if (text.size() > kMost) {
    out += fmt::format("\n… ({} bytes more)", text.size() - kMost + discarded);
  }
  if (out.back() != '\n') out += '\n';
  return out;
}

/// Empty when it matches, else what is wrong.
std::string mismatch(const std::string& text, const std::string& pattern) {
  try {
    if (Pattern(pattern).finds(text)) return {};
    return fmt::format("does not match `{}`", pattern);
  } catch (const base::Error& error) {
    return fmt::format("`{}` is not a regular expression: {}", pattern, error.what());
  }
}

std::string quoted(std::string_view line) {
  constexpr std::size_t kMost = 120;
  return fmt::format("`{}{}`", line.substr(0, kMost), line.size() > kMost ? "…" : "");
}

/// Behind a message about an output that was searched.
std::string unsearched(std::uint64_t discarded) {
  if (discarded == 0) return {};
  return fmt::format(" (only its first {} were searched, {} bytes more were not)",
                     base::format_size(kMostOutput), discarded);
}

constexpr std::string_view kBlanks = " \t\r\n";

std::string first_line(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "nothing";
  text = text.substr(begin);
  return quoted(text.substr(0, text.find('\n')));
}

/// Where programs name what they ended with.
std::string last_line(std::string_view text) {
  const std::size_t last = text.find_last_not_of(kBlanks);
  if (last == std::string_view::npos) return "nothing";
  text = text.substr(0, last + 1);
  return quoted(text.substr(text.rfind('\n') + 1));
}

}  // namespace

std::string format_figure(double value, const std::string& unit) {
  if (unit == "s") {
    return format_time(
        std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(value)));
  }
  if (unit == "bit/s") return format_rate(value);
  if (unit == "share") return format_share(value);
  return fmt::format("{:g}{}{}", value, unit.empty() ? "" : " ", unit);
}

void judge_figure(Finding& finding, std::string name, double value, std::string unit,
                  const std::optional<Bound>& bound) {
  const bool within = !bound || bound->contains(value);
  if (!within) {
    fail(finding,
         fmt::format("{} {}, asked for {}", name, format_figure(value, unit), bound->text));
  }
  finding.figures.push_back({.name = std::move(name),
                             .value = value,
                             .unit = std::move(unit),
                             .bound = bound ? std::optional(bound->text) : std::nullopt,
                             .within = within});
}

Finding judge(const ExpectPing& asked, const PingReport& seen) {
  Finding finding;
  if (asked.reachable) {
    if (seen.received == 0) {
      fail(finding, fmt::format("no reply from {} within {} ({} requests{}{})", asked.to.text,
                                format_time(asked.within), seen.sent,
                                seen.obstacle.empty() ? "" : "; ", seen.obstacle));
      return finding;
    }
    judge_figure(finding, "first reply",
                 base::in_seconds(seen.first_reply.value_or(base::Duration{})), "s", {});
    judge_figure(finding, "round trip", base::in_seconds(seen.round_trips.front()), "s", {});
    return finding;
  }
  if (seen.received != 0) {
    fail(finding, fmt::format("{} replied after {}, but should not be reachable", asked.to.text,
                              format_time(seen.first_reply.value_or(base::Duration{}))));
  }
  finding.detail = seen.obstacle;
  return finding;
}

Finding judge(const ExpectRtt& asked, const PingReport& seen) {
  Finding finding;
  if (seen.received == 0) {
    judge_figure(finding, "loss", 1, "share", asked.loss);
    // To lose everything may be what was asked for.
    if (!asked.loss || !finding.passed) {
      fail(finding, fmt::format("no reply from {} to {} requests{}{}", asked.to.text, seen.sent,
                                seen.obstacle.empty() ? "" : ": ", seen.obstacle));
    }
    return finding;
  }
  const RoundTrips times = summarise(seen.round_trips);
  judge_figure(finding, "min", base::in_seconds(times.min), "s", asked.min);
  judge_figure(finding, "p50", base::in_seconds(times.p50), "s", asked.p50);
  judge_figure(finding, "p90", base::in_seconds(times.p90), "s", asked.p90);
  judge_figure(finding, "p99", base::in_seconds(times.p99), "s", asked.p99);
  judge_figure(finding, "max", base::in_seconds(times.max), "s", asked.max);
  judge_figure(finding, "loss", share(seen.sent - seen.received, seen.sent), "share", asked.loss);
  add_context(finding, replies(seen));
  return finding;
}

Finding judge(const ExpectTcp& asked, const TcpReport& seen) {
  Finding finding;
  if (!seen.obstacle.empty()) fail(finding, seen.obstacle);
  if (seen.bytes == 0 && seen.obstacle.empty()) fail(finding, "nothing arrived");
  judge_figure(finding, "rate", seen.rate_bps, "bit/s", asked.rate);
  judge_figure(finding, "bytes", static_cast<double>(seen.bytes), "bytes", {});
  judge_figure(finding, "retransmissions", static_cast<double>(seen.retransmissions), "segments",
               {});
  judge_figure(finding, "round trip", base::in_seconds(seen.round_trip), "s", {});
  add_context(finding, fmt::format("{} bytes in {}, {} retransmissions{}{}", seen.bytes,
                                   format_time(seen.took), seen.retransmissions,
                                   seen.congestion.empty() ? "" : ", ", seen.congestion));
  return finding;
}

Finding judge(const ExpectUdp& asked, const UdpReport& seen, bool allow_overflow) {
  Finding finding;
  if (!seen.obstacle.empty() && seen.received == 0) fail(finding, seen.obstacle);
  judge_figure(finding, "loss", share(seen.sent - seen.received, seen.sent), "share", asked.loss);
  judge_figure(finding, "reordered", share(seen.reordered, seen.received), "share",
               asked.reordered);
  judge_figure(finding, "duplicated", share(seen.duplicated, seen.sent), "share", asked.duplicated);
  judge_figure(finding, "rate", seen.rate_bps, "bit/s", asked.rate);
  judge_figure(finding, "sent", static_cast<double>(seen.sent), "packets", {});
  judge_figure(finding, "received", static_cast<double>(seen.received), "packets", {});
  if (seen.received == 0 && !asked.loss && seen.obstacle.empty()) {
    fail(finding, "nothing arrived");
  }
  if (seen.overflowed != 0 && !allow_overflow) {
    fail(finding,
         fmt::format("the probe's own socket dropped {} packets: the machine is too busy for it",
                     seen.overflowed));
  }
  add_context(finding, fmt::format("{} of {} packets arrived", seen.received, seen.sent));
  return finding;
}

Finding judge(const ExpectNoPlaintext& asked, const std::string& link,
              const PlaintextReport& seen) {
  Finding finding;
  if (seen.found != 0) {
    fail(finding, fmt::format("`{}` is readable on the link {}: {} frame{} ({})", asked.marker,
                              link, seen.found, seen.found == 1 ? "" : "s", seen.first_found));
  }
  // What follows would make a search that found nothing mean nothing.
  if (!seen.obstacle.empty()) fail(finding, seen.obstacle);
  if (!seen.udp_arrived || !seen.tcp_arrived) {
    fail(finding, fmt::format("the marker did not arrive at {} by {}", asked.to.text,
                              seen.udp_arrived   ? "TCP"
                              : seen.tcp_arrived ? "UDP"
                                                 : "UDP and TCP"));
  } else if (seen.bytes < seen.sent_bytes) {
    fail(finding, fmt::format("the search proves nothing: the link {} carried {} bytes while {} "
                              "arrived: is it on the way?",
                              link, seen.bytes, seen.sent_bytes));
  }
  if (seen.capture_lost != 0) {
    fail(finding, fmt::format("the search proves nothing: it missed {} frames", seen.capture_lost));
  }
  judge_figure(finding, "frames searched", static_cast<double>(seen.frames), "frames", {});
  judge_figure(finding, "bytes searched", static_cast<double>(seen.bytes), "bytes", {});
  judge_figure(finding, "readable", static_cast<double>(seen.found), "frames", {});
  return finding;
}

Finding judge(const ExpectRoute& asked, const std::optional<system::RouteLookup>& seen,
              const std::string& interface) {
  Finding finding;
  if (!seen) {
    fail(finding, fmt::format("there is no route to {}", asked.to.text));
    return finding;
  }
  const std::string via = seen->gateway ? seen->gateway->to_string() : "none (on the link)";
  const std::string source = seen->source ? seen->source->to_string() : "none";
  if (asked.via && seen->gateway != asked.via) {
    fail(finding, fmt::format("the gateway is {}, asked for {}", via, asked.via->to_string()));
  }
  if (asked.interface && interface != *asked.interface) {
    fail(finding, fmt::format("the interface is {}, asked for {}", interface, *asked.interface));
  }
  if (asked.source && seen->source != asked.source) {
    fail(finding, fmt::format("the source is {}, asked for {}", source, asked.source->to_string()));
  }
  finding.detail = fmt::format("{} dev {} via {} source {}", asked.to.address.to_string(),
                               interface, via, source);
  return finding;
}

Finding judge(const ExpectCounters& asked, const std::string& where,
              const std::map<std::string, std::uint64_t>& seen) {
  Finding finding;
  for (const auto& [name, bound] : asked.values) {
    const auto found = seen.find(name);
    if (found == seen.end()) {
      std::vector<std::string> names;
      names.reserve(seen.size());
      for (const auto& each : seen) names.push_back(each.first);
      fail(finding,
           fmt::format("{} has no counter {}; there are {}", where, name, fmt::join(names, ", ")));
      continue;
    }
    judge_figure(finding, name, static_cast<double>(found->second), "", bound);
  }
  add_context(finding, where);
  return finding;
}

Finding judge(const ExpectFile& asked, const std::optional<std::string>& seen) {
  Finding finding;
  const std::string path = asked.path.native();
  if (!asked.exists) {
    if (seen) fail(finding, fmt::format("{} exists, but should not", path));
    return finding;
  }
  if (!seen) {
    fail(finding, fmt::format("there is no {}", path));
    return finding;
  }
  if (asked.contains && seen->find(*asked.contains) == std::string::npos) {
    fail(finding, fmt::format("{} does not contain `{}`", path, *asked.contains));
  }
  if (asked.matches) {
    if (const std::string wrong = mismatch(*seen, *asked.matches); !wrong.empty()) {
      fail(finding, fmt::format("{} {}", path, wrong));
    }
  }
  if (!finding.passed) finding.detail = excerpt(path, *seen);
  return finding;
}

Finding judge(const ExpectRun& asked, const CommandSeen& seen) {
  Finding finding;
  if (!seen.status) {
    fail(finding, fmt::format("still running after {}", format_time(asked.within)));
  } else if (!WIFEXITED(*seen.status) || WEXITSTATUS(*seen.status) != asked.exit) {
    std::string why =
        fmt::format("{}, asked for status {}", describe_end(*seen.status), asked.exit);
    const std::string_view said = seen.err.empty() ? seen.out : seen.err;
    if (!said.empty()) why += fmt::format("; it said {}", last_line(said));
    fail(finding, why);
  }
  if (asked.stdout_contains && seen.out.find(*asked.stdout_contains) == std::string::npos) {
    fail(finding,
         fmt::format("its output does not contain `{}`: it is {}{}", *asked.stdout_contains,
                     first_line(seen.out), unsearched(seen.out_discarded)));
  }
  if (asked.stdout_matches) {
    if (const std::string wrong = mismatch(seen.out, *asked.stdout_matches); !wrong.empty()) {
      fail(finding, fmt::format("its output {}: it is {}{}", wrong, first_line(seen.out),
                                unsearched(seen.out_discarded)));
    }
  }
  if (asked.stderr_contains && seen.err.find(*asked.stderr_contains) == std::string::npos) {
    fail(finding,
         fmt::format("its error output does not contain `{}`: it is {}{}", *asked.stderr_contains,
                     first_line(seen.err), unsearched(seen.err_discarded)));
  }
  finding.detail = excerpt("standard output", seen.out, seen.out_discarded) +
                   excerpt("standard error", seen.err, seen.err_discarded);
  return finding;
}

Finding judge(const ExpectHandshake& asked, const std::string& tunnel,
              const std::vector<TunnelSeen>& seen) {
  Finding finding;
  for (const TunnelSeen& each : seen) {
    if (!each.problem.empty()) {
      fail(finding, fmt::format("{} at {}: {}", tunnel, each.node, each.problem));
    } else if (!each.without_session.empty()) {
      fail(finding, fmt::format("{} at {} has no session with {}", tunnel, each.node,
                                fmt::join(each.without_session, ", ")));
    }
  }
  add_context(finding, fmt::format("within {}", format_time(asked.within)));
  return finding;
}

}  // namespace warren::lab
