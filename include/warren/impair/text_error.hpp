// Why a text that describes an impairment was refused.
#pragma once

#include <cstddef>
#include <string>

namespace warren::impair {

struct TextError {
  std::size_t line = 1;  ///< counts from 1
  std::string message;   ///< "timestamps must not decrease: 12 comes after 15"
};

}  // namespace warren::impair
