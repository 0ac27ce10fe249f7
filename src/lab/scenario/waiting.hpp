// Waiting for descriptors with an end: a deadline, and the scenario's stop.
#pragma once

#include <poll.h>

#include <exception>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/base/time.hpp>
#include <warren/lab/probe.hpp>
#include <warren/system/clock.hpp>

namespace warren::lab {

enum class Woken { ready, timeout, stopped };

/// Waits until one of `descriptors` has what it asks for (revents tell), `deadline` is over, or
/// `stop` is requested, which goes first. Throws base::SystemError.
Woken wait_for(std::span<pollfd> descriptors, base::Instant deadline, const Stop& stop);

/// The same for one descriptor.
inline Woken wait_for(int fd, short events, base::Instant deadline, const Stop& stop) {
  pollfd entry{fd, events, 0};
  return wait_for({&entry, 1}, deadline, stop);
}

/// One entry for each descriptor.
std::vector<pollfd> watch_all(std::span<const base::Fd> descriptors, short events);

/// Sleeps until `deadline`; false when `stop` came first.
inline bool sleep_until(base::Instant deadline, const Stop& stop) {
  return wait_for(std::span<pollfd>{}, deadline, stop) != Woken::stopped;
}

/// Lets the calling thread's sleeps end on time: the default slack is 50 µs.
void use_precise_timers() noexcept;

/// Runs `beside` in a thread of its own while `here` runs in this one, waits for both, and throws
/// what one of them threw. `ended` is called when `here` threw, so that `beside` can end.
template <class Beside, class Here, class Ended>
void run_together(Beside&& beside, Here&& here, Ended&& ended) {
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      beside();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  try {
    here();
  } catch (...) {
    ended();
    thread.join();
    throw;
  }
  thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace warren::lab
