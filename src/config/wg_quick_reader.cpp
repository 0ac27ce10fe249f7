#include "wg_quick_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace warren::config {
namespace {

constexpr std::string_view kWhitespace = " \t\r\v\f";

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = text.find_first_not_of(kWhitespace);
  if (begin == std::string_view::npos) return text.substr(text.size());
  return text.substr(begin, text.find_last_not_of(kWhitespace) - begin + 1);
}

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Reads the lines one after the other; `part` must be a view into `line`.
class LineReader {
 public:
  explicit LineReader(const Source& source) : source_(source) {}

  std::vector<WgQuickSection> read() {
    std::string_view rest = source_.text();
    while (!rest.empty()) {
      line_ = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line_.size() + 1));
      ++number_;
      read_line();
    }
    keep_comments();
    return std::move(sections_);
  }

 private:
  [[nodiscard]] Position position_of(std::string_view part) const {
    const std::string_view before =
        line_.substr(0, static_cast<std::size_t>(part.data() - line_.data()));
    const auto characters = std::ranges::count_if(
        before, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; });
    return {number_, static_cast<std::uint32_t>(characters) + 1};
  }

  void read_line() {
    const std::size_t hash = line_.find('#');
    const std::string_view content = trimmed(line_.substr(0, hash));
    const std::string_view comment =
        hash == std::string_view::npos ? std::string_view() : trimmed(line_.substr(hash + 1));
    if (content.empty()) {
      // A blank line parts a comment from the header below it.
      if (hash == std::string_view::npos) keep_comments();
      if (!comment.empty()) pending_.push_back(comment);
      return;
    }
    if (content.starts_with('[')) {
      read_header(content);
    } else {
      keep_comments();
      read_entry(content);
    }
    if (!comment.empty()) sections_.back().comments.push_back(comment);
  }

  void read_header(std::string_view content) {
    const bool is_interface = same_name(content, "[Interface]");
    if (!is_interface && !same_name(content, "[Peer]")) {
      source_.fail(position_of(content), "unknown section",
                   "the sections are [Interface] and [Peer]");
    }
    sections_.push_back({.is_peer = !is_interface,
                         .at = position_of(content),
                         .entries = {},
                         .comments = std::exchange(pending_, {})});
  }

  void read_entry(std::string_view content) {
    const std::size_t equals = content.find('=');
    if (equals == std::string_view::npos) {
      source_.fail(position_of(content), "this line has no `=`");
    }
    if (sections_.empty()) {
      source_.fail(position_of(content), "this line stands in no section",
                   "[Interface] comes first");
    }
    const std::string_view key = trimmed(content.substr(0, equals));
    const std::string_view value = trimmed(content.substr(equals + 1));
    sections_.back().entries.push_back({key, value, position_of(key), position_of(value)});
  }

  void keep_comments() {
    if (sections_.empty()) return;  // the file's opening: it goes to the first section
    auto& comments = sections_.back().comments;
    comments.insert(comments.end(), pending_.begin(), pending_.end());
    pending_.clear();
  }

  const Source& source_;
  std::vector<WgQuickSection> sections_;
  std::vector<std::string_view> pending_;
  std::string_view line_;
  std::uint32_t number_ = 0;
};

}  // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::vector<WgQuickSection> read_wg_quick(const Source& source) {
  return LineReader(source).read();
}

}  // namespace warren::config
