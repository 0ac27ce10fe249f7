// Arrays of zeros that take memory only where they are used: a lab of a hundred nodes has hundreds
// of pipelines, each sized for the worst and most of them idle.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

namespace warren::impair {

/// Whole pages of zeros, not yet backed by memory. `bytes` is above 0. Dies with a message when the
/// address space is used up.
void* map_pages(std::size_t bytes) noexcept;
void unmap_pages(void* pages, std::size_t bytes) noexcept;

/// `T` starts as zero bytes, whatever its initialisers say.
template <class T>
requires std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>
class PageArray {
 public:
  explicit PageArray(std::size_t count) noexcept
      : elements_(static_cast<T*>(map_pages(count * sizeof(T))), count) {}
  PageArray(const PageArray&) = delete;
  PageArray& operator=(const PageArray&) = delete;
  ~PageArray() { unmap_pages(elements_.data(), elements_.size_bytes()); }

  [[nodiscard]] std::size_t size() const noexcept { return elements_.size(); }
  T& operator[](std::size_t index) noexcept { return elements_[index]; }
  const T& operator[](std::size_t index) const noexcept { return elements_[index]; }
  [[nodiscard]] T* data() noexcept { return elements_.data(); }

 private:
  std::span<T> elements_;
};

}  // namespace warren::impair
