// An integer with a meaning: ids of different things do not mix.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <functional>

namespace warren::base {

template <class Tag, std::unsigned_integral T>
class StrongId {
 public:
  using value_type = T;
  constexpr StrongId() noexcept = default;
  constexpr explicit StrongId(T value) noexcept : value_(value) {}
  [[nodiscard]] constexpr T value() const noexcept { return value_; }
  friend constexpr auto operator<=>(StrongId, StrongId) noexcept = default;

 private:
  T value_{};
};

}  // namespace warren::base

template <class Tag, std::unsigned_integral T>
struct std::hash<warren::base::StrongId<Tag, T>> {
  std::size_t operator()(warren::base::StrongId<Tag, T> id) const noexcept {
    return std::hash<T>{}(id.value());
  }
};
