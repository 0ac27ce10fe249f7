// Regular expressions of a lab's file, for texts that programs wrote.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace warren::lab {

/// In RE2's syntax: without back-references and assertions about what is around, and therefore in a
/// time that grows with the text's length only, and with a bounded stack. Text is UTF-8: no `.`
/// matches a byte that is none. `^` and `$` are the ends of the text.
class Pattern {
 public:
  /// Throws base::Error that says which part is wrong and why: "missing ): a(b".
  explicit Pattern(const std::string& text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();
  /// Whether some part of `text` matches. Any thread.
  [[nodiscard]] bool finds(std::string_view text) const;

 private:
  std::unique_ptr<const re2::RE2> compiled_;
};

}  // namespace warren::lab
