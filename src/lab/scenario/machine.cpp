#include "machine.hpp"

#include <fmt/core.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <numeric>
#include <thread>

#include <warren/lab/sandbox.hpp>

namespace warren::lab {

std::string describe_machine() {
  utsname name{};
  static_cast<void>(::uname(&name));
  return fmt::format("{} {} {}, {} processors, {}", name.sysname, name.release, name.machine,
                     std::thread::hardware_concurrency(), rootless() ? "user namespace" : "root");
}

std::optional<ProcessorTime> parse_processor_time(std::string_view stat) noexcept {
  constexpr std::string_view kAll = "cpu ";
  if (!stat.starts_with(kAll)) return std::nullopt;
  stat = stat.substr(kAll.size(), stat.find('\n') - kAll.size());
  // user nice system idle iowait irq softirq steal; what follows is part of user and nice.
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& each : ticks) {
    stat.remove_prefix(std::min(stat.find_first_not_of(' '), stat.size()));
    const auto [end, error] = std::from_chars(stat.data(), stat.data() + stat.size(), each);
    if (error != std::errc{}) return std::nullopt;
    stat.remove_prefix(static_cast<std::size_t>(end - stat.data()));
  }
  return ProcessorTime{.all = std::accumulate(ticks.begin(), ticks.end(), std::uint64_t{0}),
                       .idle = ticks[3] + ticks[4],
                       .stolen = ticks[7]};
}

std::optional<ProcessorTime> processor_time() {
  std::ifstream file("/proc/stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return parse_processor_time(line);
}

std::string describe_load(const ProcessorTime& before, const ProcessorTime& after) {
  if (after.all <= before.all) return {};
  const auto share = [&](std::uint64_t ticks) {
    return 100.0 * static_cast<double>(ticks) / static_cast<double>(after.all - before.all);
  };
  const std::uint64_t idle = after.idle - std::min(before.idle, after.idle);
  const std::uint64_t stolen = after.stolen - std::min(before.stolen, after.stolen);
  return fmt::format("processors {:.0f}% busy, {:.0f}% taken by the hypervisor",
                     100.0 - share(idle) - share(stolen), share(stolen));
}

}  // namespace warren::lab
