// Counts what chosen threads allocate: a program with ${counting_new} among its sources replaces
// operator new. In a file of its own, so that the compiler cannot inline it and take the
// pair for mismatched.
#pragma once

namespace warren::test {

/// The calling thread's allocations count from now on.
void count_this_thread() noexcept;
void start_counting() noexcept;
/// How many there were since start_counting(), in all threads that count.
unsigned stop_counting() noexcept;

/// How often the calling thread, and others that count, allocate while `action` runs.
template <class Action>
unsigned allocations_in(Action&& action) {
  count_this_thread();
  start_counting();
  action();
  return stop_counting();
}

}  // namespace warren::test
