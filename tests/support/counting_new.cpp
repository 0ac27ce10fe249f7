#include "support/counting_new.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local bool counts_here = false;
std::atomic<bool> counting = false;
std::atomic<unsigned> allocations = 0;

// From the C library's functions, which the sanitizers watch as well as operator new.
void* try_allocate(std::size_t bytes) noexcept {
  if (counts_here && counting) ++allocations;
  return std::malloc(bytes > 0 ? bytes : 1);
}
void* try_allocate(std::size_t bytes, std::align_val_t align) noexcept {
  if (counts_here && counting) ++allocations;
  // aligned_alloc wants a size that is a multiple of the alignment.
  const auto alignment = static_cast<std::size_t>(align);
  return std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
}
void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All of them, or a sanitizer finds its own new beside our delete.
void* operator new(std::size_t bytes) {
  return or_throw(try_allocate(bytes));
}
void* operator new[](std::size_t bytes) {
  return or_throw(try_allocate(bytes));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return try_allocate(bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t&) noexcept {
  return try_allocate(bytes);
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return or_throw(try_allocate(bytes, alignment));
}
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return or_throw(try_allocate(bytes, alignment));
}
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return try_allocate(bytes, alignment);
}
void* operator new[](std::size_t bytes, std::align_val_t alignment,
                     const std::nothrow_t&) noexcept {
  return try_allocate(bytes, alignment);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  std::free(memory);
}

namespace warren::test {

void count_this_thread() noexcept {
  counts_here = true;
}

void start_counting() noexcept {
  allocations = 0;
  counting = true;
}

unsigned stop_counting() noexcept {
  counting = false;
  return allocations;
}

}  // namespace warren::test
