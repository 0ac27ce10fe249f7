// Counts what chosen threads allocate: linking counting_new.cpp replaces operator new. In a file of
// its own, so that the compiler cannot inline it and take the pair for mismatched.
#pragma once

namespace warren::test {

/// The calling thread's allocations count from now on.
void count_this_thread() noexcept;
void start_counting() noexcept;
/// How many there were since start_counting().
unsigned stop_counting() noexcept;

}  // namespace warren::test
