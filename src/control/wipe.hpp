// Requests and answers may hold keys.
#pragma once

#include <span>
#include <string>

#include <warren/crypto/keys.hpp>

namespace warren::control {

/// Overwrites the text and makes it empty.
inline void wipe(std::string& text) {
  crypto::wipe(std::as_writable_bytes(std::span(text.data(), text.size())));
  text.clear();
}

}  // namespace warren::control
