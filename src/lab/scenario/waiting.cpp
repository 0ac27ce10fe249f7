#include "waiting.hpp"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include <warren/base/error.hpp>

namespace warren::lab {

Stop::Stop()
    : fd_(base::check_system_call(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "making",
                                  "an event descriptor")) {}

void Stop::request(const char* reason) noexcept {
  const char* none = nullptr;
  if (!reason_.compare_exchange_strong(none, reason)) return;
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
}

std::string_view Stop::reason() const noexcept {
  const char* reason = reason_.load();
  return reason == nullptr ? std::string_view() : std::string_view(reason);
}

Woken wait_for(std::span<pollfd> descriptors, base::Instant deadline, const Stop& stop) {
  std::vector<pollfd> all(descriptors.begin(), descriptors.end());
  all.push_back({stop.fd(), POLLIN, 0});
  while (true) {
    // CLOCK_BOOTTIME has no poll of its own: what remains is measured anew each time.
    const auto remains = std::max(deadline - system::boot_now(), base::Duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(remains);
    const timespec timeout{static_cast<time_t>(seconds.count()),
                           static_cast<long>((remains - seconds).count())};
    const int ready = ::ppoll(all.data(), all.size(), &timeout, nullptr);
    if (ready < 0 && errno == EINTR) continue;
    base::check_system_call(ready, "waiting for", "descriptors");
    if (all.back().revents != 0) return Woken::stopped;
    for (std::size_t i = 0; i < descriptors.size(); ++i) descriptors[i].revents = all[i].revents;
    return ready == 0 ? Woken::timeout : Woken::ready;
  }
}

std::vector<pollfd> watch_all(std::span<const base::Fd> descriptors, short events) {
  std::vector<pollfd> polls;
  polls.reserve(descriptors.size());
  for (const base::Fd& each : descriptors) polls.push_back({each.get(), events, 0});
  return polls;
}

void use_precise_timers() noexcept {
  static_cast<void>(::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL));
}

}  // namespace warren::lab
