// What of the machine a result has to name: a lab's clocks are real, and so is their trouble.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warren::lab {

/// The kernel, the number of processors, and whether the lab runs as root.
std::string describe_machine();

/// Of all processors together since the machine started, in the kernel's ticks.
struct ProcessorTime {
  std::uint64_t all = 0;
  std::uint64_t idle = 0;
  std::uint64_t stolen = 0;  ///< a hypervisor had the processor while there was something to do
};

/// From the text of /proc/stat (proc(5)); empty when it has no line for all processors.
std::optional<ProcessorTime> parse_processor_time(std::string_view stat) noexcept;
/// Now; empty where the kernel does not tell.
std::optional<ProcessorTime> processor_time();

/// "processors 83% busy, 4% taken by the hypervisor", between the two; empty when nothing passed.
std::string describe_load(const ProcessorTime& before, const ProcessorTime& after);

}  // namespace warren::lab
