#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>

#include <warren/impair/recording.hpp>

#include "text_lines.hpp"

namespace warren::impair {
namespace {

constexpr char kEscape = '%';
// What a jitter can be, far beyond what it is.
constexpr std::int64_t kMostNanoseconds = std::int64_t{1} << 60U;

/// The verdict in a recording: "too-big".
std::string verdict_word(Verdict verdict) {
  std::string word(identifier(verdict));
  std::ranges::replace(word, '_', '-');
  return word;
}

std::optional<Verdict> verdict_of(std::string_view word) {
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    if (verdict_word(verdict) == word) return verdict;
  }
  return std::nullopt;
}

bool goes_as_it_is(char c) noexcept {
  const auto value = static_cast<unsigned char>(c);
  return value > ' ' && value != 0x7f && c != kEscape && c != '#';
}

std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (goes_as_it_is(c))
      text += c;
    else
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return text;
}

template <class T>
std::optional<T> number(std::string_view text, int base = 10) noexcept {
  T value{};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != kEscape) {
      name += text[i];
      continue;
    }
    const auto value = number<unsigned char>(text.substr(i + 1, 2), 16);
    if (!value || i + 2 >= text.size()) return std::nullopt;
    name += static_cast<char>(*value);
    i += 2;
  }
  return name;
}

std::string_view next_word(std::string_view& line) noexcept {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  const auto word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

bool set_nanoseconds(std::string_view text, base::Duration& to) noexcept {
  const auto ns = number<std::int64_t>(text);
  if (!ns || *ns > kMostNanoseconds || *ns < -kMostNanoseconds) return false;
  to = base::Duration(*ns);
  return true;
}

/// "jitter=12", "corrupted=403", "duplicated=0", "reordered".
bool set_detail(std::string_view word, Fate& fate) noexcept {
  const std::size_t equals = word.find('=');
  const auto key = word.substr(0, equals);
  const auto value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
  if (key == "reordered") {
    fate.reordered = true;
    return equals == std::string_view::npos;
  }
  if (key == "jitter") return set_nanoseconds(value, fate.jitter);
  if (key == "duplicated") {
    fate.duplicated = true;
    return set_nanoseconds(value, fate.copy_jitter);
  }
  const auto bit = number<std::uint32_t>(value);
  fate.corrupted = true;
  fate.corrupted_bit = bit.value_or(0);
  return key == "corrupted" && bit && *bit < 8 * Pipeline::kMaxFrameBytes;
}

struct Line {
  std::string link;
  std::uint8_t direction = 0;
  Fate fate;
};

std::expected<Line, std::string> parse_line(std::string_view text) {
  Line line;
  auto link = unescaped(next_word(text));
  if (!link) return std::unexpected("the link's name has a broken escape");
  line.link = std::move(*link);
  const auto direction = number<std::uint8_t>(next_word(text));
  if (!direction || *direction > 1) return std::unexpected("the direction is not 0 or 1");
  line.direction = *direction;
  const auto flow = number<std::uint64_t>(next_word(text), 16);
  if (!flow) return std::unexpected("the flow is not a hexadecimal number");
  line.fate.flow = *flow;
  const auto frame = number<std::uint64_t>(next_word(text));
  if (!frame || *frame == 0) return std::unexpected("the frame's number does not count from 1");
  line.fate.number = *frame;
  const auto word = next_word(text);
  const auto verdict = verdict_of(word);
  if (!verdict) {
    return std::unexpected(fmt::format("\"{}\" is no verdict", word.substr(0, 40)));
  }
  line.fate.verdict = *verdict;
  for (auto detail = next_word(text); !detail.empty(); detail = next_word(text)) {
    if (!set_detail(detail, line.fate)) {
      return std::unexpected(fmt::format("\"{}\" is not understood", detail.substr(0, 40)));
    }
  }
  return line;
}

}  // namespace

std::expected<Recording, TextError> Recording::parse(std::string_view text) {
  Recording recording;
  std::size_t frames = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = take_line(text);
    if (line.find_first_not_of(" \t") == std::string_view::npos || line.starts_with('#')) continue;
    auto parsed = parse_line(line);
    if (!parsed) return std::unexpected(TextError{number, std::move(parsed.error())});
    if (++frames > kMaxFrames) {
      return std::unexpected(
          TextError{number, fmt::format("lists more than {} frames", kMaxFrames)});
    }
    recording.directions_.at(parsed->direction)[parsed->link].add(parsed->fate, number);
  }
  for (auto& links : recording.directions_) {
    for (auto& [link, stream] : links) stream.finish();
  }
  return recording;
}

std::string Recording::line(std::string_view link, std::uint8_t direction, const Fate& fate) {
  std::string text = fmt::format("{} {} {:016x} {} {}", escaped(link), direction, fate.flow,
                                 fate.number, verdict_word(fate.verdict));
  if (fate.jitter.count() != 0) text += fmt::format(" jitter={}", fate.jitter.count());
  if (fate.corrupted) text += fmt::format(" corrupted={}", fate.corrupted_bit);
  if (fate.duplicated) text += fmt::format(" duplicated={}", fate.copy_jitter.count());
  if (fate.reordered) text += " reordered";
  text += '\n';
  return text;
}

void Recording::Stream::add(const Fate& fate, std::size_t line) {
  frames_.push_back({fate, line});
}

/// Of several lines for one frame the last stays.
void Recording::Stream::finish() {
  const auto place = [](const Listed& listed) {
    return std::tuple(listed.fate.flow, listed.fate.number, listed.line);
  };
  std::ranges::sort(frames_, std::ranges::greater(), place);
  const auto rest = std::ranges::unique(frames_, [](const Listed& a, const Listed& b) {
    return a.fate.flow == b.fate.flow && a.fate.number == b.fate.number;
  });
  frames_.erase(rest.begin(), rest.end());
  std::ranges::reverse(frames_);
}

const Fate* Recording::Stream::find(std::uint64_t flow, std::uint64_t number) const noexcept {
  const auto at = std::ranges::lower_bound(
      frames_, std::tuple(flow, number), {},
      [](const Listed& listed) { return std::tuple(listed.fate.flow, listed.fate.number); });
  if (at == frames_.end() || at->fate.flow != flow || at->fate.number != number) return nullptr;
  return &at->fate;
}

const Recording::Stream* Recording::stream(std::string_view link,
                                           std::uint8_t direction) const noexcept {
  const auto& links = directions_.at(direction);
  const auto at = links.find(link);
  return at != links.end() ? &at->second : nullptr;
}

std::size_t Recording::size() const noexcept {
  std::size_t frames = 0;
  for (const auto& links : directions_) {
    for (const auto& [link, stream] : links) frames += stream.frames_.size();
  }
  return frames;
}

}  // namespace warren::impair
