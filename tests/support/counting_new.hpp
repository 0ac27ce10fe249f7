// Counts what chosen threads allocate, and finds secrets in what is given back: a program with ${counting_new} among its sources replaces
// operator new. In a file of its own, so that the compiler cannot inline it and take the
// pair for mismatched.
#pragma once

#include <string_view>

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

/// Memory that any thread gives back is searched for `text`, which is borrowed, from now on.
void start_searching_freed(std::string_view text) noexcept;
/// In how many blocks it was.
unsigned stop_searching_freed() noexcept;

/// In how many blocks that are given back while `action` runs `text` stands still.
template <class Action>
unsigned freed_with(std::string_view text, Action&& action) {
  start_searching_freed(text);
  action();
  return stop_searching_freed();
}

}  // namespace warren::test
