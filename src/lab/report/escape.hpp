// Text from programs, files and names made safe for where it is shown. All of it may be hostile:
// logs hold what peers sent.
#pragma once

#include <string>
#include <string_view>

namespace warren::lab {

/// Valid UTF-8: what is not becomes U+FFFD, one per byte. Other text comes back as it is.
std::string clean_utf8(std::string_view text);

/// For text and for quoted attributes of HTML and XML: & < > " ' escaped, valid UTF-8, and of the
/// control characters only tab, newline and carriage return (XML 1.0, 2.2); others, with the
/// escape that begins a terminal's sequences, become U+FFFD.
std::string escape_markup(std::string_view text);

/// Without the sequences that colour a terminal (ECMA-48, CSI … m and the like).
std::string strip_terminal_sequences(std::string_view text);

/// One line: line breaks become spaces, other control characters go.
std::string one_line(std::string_view text);

}  // namespace warren::lab
