// A stable sort for short lists. std::stable_sort of libstdc++ 12 uses a function that its own headers
// mark as deprecated, which clang refuses.
#pragma once

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

namespace warren::lab {

/// Orders `items` by `key`, equal ones as they were. By insertion: for as many as a file has.
template <class Item, class Key>
void order_by(std::vector<Item>& items, Key key) {
  for (auto next = items.begin(); next != items.end(); ++next) {
    const auto place = std::ranges::upper_bound(items.begin(), next, std::invoke(key, *next),
                                                std::ranges::less{}, key);
    std::rotate(place, next, std::next(next));
  }
}

}  // namespace warren::lab
