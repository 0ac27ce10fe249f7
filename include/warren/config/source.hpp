// The text of a configuration file, and how an error in it is shown: file, line and column, the
// line itself, a caret. Secrets never get into a message, so that logs may be shown around.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace warren::config {

/// A place in a file. Both count from 1; the column counts characters, not bytes.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  friend auto operator<=>(const Position&, const Position&) = default;
};

class Source {
 public:
  /// Borrows `text`. Throws ConfigError when it is no text: NUL bytes, not UTF-8, over 16 MiB. A
  /// byte order mark is skipped. `may_hold_secrets` off: messages show lines as they are.
  Source(std::string_view text, std::string name, bool may_hold_secrets = true);

  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Throws ConfigError: "name:line:column: message", the line, the caret.
  [[noreturn]] void fail(Position at, std::string_view message, std::string hint = {}) const;
  /// `line` as it may be shown.
  [[nodiscard]] std::string masked(std::string_view line) const;

 private:
  std::string_view text_;
  std::string name_;
  bool may_hold_secrets_;
};

/// The byte offset of `text`'s first byte that is not part of valid UTF-8; npos when there is none.
std::size_t find_invalid_utf8(std::string_view text) noexcept;

/// `line` with whatever may be a secret replaced by asterisks, character for character: everything
/// that is assigned to a private or preshared key, and any long run of base64 that is not a public
/// key's value (a key whose name is misspelt, or that stands on a line of its own).
std::string mask_secrets(std::string_view line);

}  // namespace warren::config
