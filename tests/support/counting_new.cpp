#include "support/counting_new.hpp"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace {

thread_local bool counts_here = false;
std::atomic<bool> counting = false;
std::atomic<unsigned> allocations = 0;
std::atomic<const char*> searched = nullptr;
std::atomic<std::size_t> searched_length = 0;
std::atomic<unsigned> finds = 0;

// From the C library's functions, which the sanitizers watch as well as operator new.
void* try_allocate(std::size_t bytes) noexcept {
  if (counts_here && counting) ++allocations;
  if (bytes == 0) bytes = 1;
  // Zeros: what a search finds in it later must have come after this.
  return searched != nullptr ? std::calloc(1, bytes) : std::malloc(bytes);
}
void* try_allocate(std::size_t bytes, std::align_val_t align) noexcept {
  if (counts_here && counting) ++allocations;
  // aligned_alloc wants a size that is a multiple of the alignment.
  const auto alignment = static_cast<std::size_t>(align);
  return std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
}
void give_back(void* memory) noexcept {
  const char* const text = searched;
  if (memory != nullptr && text != nullptr &&
      memmem(memory, malloc_usable_size(memory), text, searched_length) != nullptr) {
    ++finds;
  }
  std::free(memory);
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
  give_back(memory);
}
void operator delete[](void* memory) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  give_back(memory);
}
void operator delete[](void* memory, std::align_val_t, const std::nothrow_t&) noexcept {
  give_back(memory);
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

void start_searching_freed(std::string_view text) noexcept {
  finds = 0;
  searched_length = text.size();
  searched = text.data();
}

unsigned stop_searching_freed() noexcept {
  searched = nullptr;
  return finds;
}

}  // namespace warren::test
