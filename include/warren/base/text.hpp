// Text made safe for where it goes.
#pragma once

#include <string>
#include <string_view>

namespace warren::base {

/// One word of a POSIX shell's command, whatever is in it; in quotes only where it needs them.
std::string shell_word(std::string_view word);

/// The text with every control character made a `?`.
std::string printable(std::string_view text);

}  // namespace warren::base
