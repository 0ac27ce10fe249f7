// Requests and answers may hold keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include <warren/crypto/keys.hpp>

namespace warren::control {

/// Overwrites the text and makes it empty.
inline void wipe(std::string& text) {
  crypto::wipe(std::as_writable_bytes(std::span(text.data(), text.size())));
  text.clear();
}

/// Removes the first `count` characters; nothing of them stays behind the new end.
inline void wipe_front(std::string& text, std::size_t count) {
  std::copy(text.begin() + static_cast<std::ptrdiff_t>(count), text.end(), text.begin());
  crypto::wipe(std::as_writable_bytes(std::span(text)).last(count));
  text.resize(text.size() - count);
}

/// Makes room for `more` further characters. A string that grows by itself leaves a copy of what it
/// held in the memory that it gives back.
inline void make_room(std::string& text, std::size_t more) {
  if (text.capacity() - text.size() >= more) return;
  std::string larger;
  larger.reserve(std::max(text.size() + more, 2 * text.capacity()));
  larger += text;
  text.swap(larger);
  wipe(larger);
}

}  // namespace warren::control
