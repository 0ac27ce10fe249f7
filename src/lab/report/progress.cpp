// Theory of operation. Live, the lines of running tests and a last line with the totals stand at
// the bottom of the terminal, the cursor below them. draw() goes up over what it drew last, writes
// what is finished for good, then the running lines again, and clears what is left of the old ones.
// No line is as wide as the terminal, so none wraps and the count of lines holds.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/lab/report.hpp>

#include "escape.hpp"
#include "terminal.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

constexpr std::size_t kLinesMost = 16;  // of running tests
constexpr std::size_t kColumnsLeast = 20;
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

std::size_t columns_of(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  std::size_t columns = 0;
  if (const char* text = std::getenv("COLUMNS"); text != nullptr) {
    std::from_chars(text, text + std::strlen(text), columns);
  }
  return columns > 0 ? columns : 80;
}

std::string finished_line(const LabResult& result, base::Duration took, const Paint& paint) {
  std::string line = fmt::format("{}  {}  {}", paint.outcome(result.outcome), title_of(result),
                                 paint.dim(format_seconds(took)));
  if (result.outcome == Outcome::passed) return line;
  for (const Case& one : cases_of(result)) {
    if (one.outcome == Outcome::passed) continue;
    const bool of_lab = one.kind == "lab";
    return line + fmt::format("  {}{}{}", of_lab ? "" : one_line(one.name), of_lab ? "" : ": ",
                              one.message);
  }
  return line;
}

/// What was not as it should be, which a test may pass in spite of. What the line above says
/// already and events, whose failures are results, are left out.
std::string trouble_lines(const LabResult& result) {
  constexpr std::size_t kMost = 8;
  std::string lines;
  std::size_t count = 0;
  for (const Incident& each : result.incidents) {
    if (!each.trouble || each.kind == Incident::Kind::event) continue;
    if (result.message.find(each.text) != std::string::npos) continue;
    if (++count > kMost) continue;
    lines += fmt::format("      ! {}  {}\n", format_seconds(each.at), one_line(each.text));
  }
  if (count > kMost) lines += fmt::format("      ! and {} more\n", count - kMost);
  return lines;
}

}  // namespace

ProgressStyle progress_style(int fd) {
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  ProgressStyle style;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  style.live = ::isatty(fd) == 1 && !dumb;
  style.colour = style.live && !is_set("NO_COLOR");  // https://no-color.org
  style.columns = columns_of(fd);
  return style;
}

Progress::Progress(const ProgressStyle& style, std::size_t tests) : style_(style), tests_(tests) {}

std::size_t Progress::begin(std::string name, base::Instant now) {
  running_.push_back({begun_, std::move(name), "", now});
  return begun_++;
}

void Progress::update(std::size_t test, const std::string& doing) {
  const auto at = std::ranges::find(running_, test, &Running::number);
  if (at != running_.end()) at->doing = one_line(doing);
}

void Progress::finish(std::size_t test, const LabResult& result, base::Instant now) {
  const auto at = std::ranges::find(running_, test, &Running::number);
  WARREN_ASSERT(at != running_.end(), "test {} is not running", test);
  finished_ +=
      finished_line(result, now - at->began, Paint{style_.colour}) + "\n" + trouble_lines(result);
  running_.erase(at);
  ++done_;
  if (result.outcome == Outcome::failed || result.outcome == Outcome::error) ++failed_;
}

void Progress::say(std::string_view text) {
  finished_ += text;
  if (!text.ends_with('\n')) finished_ += '\n';
}

void Progress::resize(std::size_t columns) {
  style_.columns = columns;
}

std::string Progress::draw(base::Instant now) {
  if (!style_.live) return std::exchange(finished_, {});
  const Paint paint{style_.colour};
  const std::size_t columns = std::max(style_.columns, kColumnsLeast) - 1;
  std::string out;
  if (drawn_lines_ > 0) out += fmt::format("\r\x1b[{}A", drawn_lines_);
  std::string_view finished = finished_;
  while (!finished.empty()) {
    const std::size_t end = finished.find('\n');
    out += fmt::format("{}{}\n", finished.substr(0, end), kClearLine);
    finished.remove_prefix(end + 1);
  }
  finished_.clear();
  drawn_lines_ = 0;
  const auto line = [&](std::string_view text, bool dim) {
    const std::string shown = fit(text, columns);
    out += fmt::format("{}{}\n", dim ? paint.dim(shown) : shown, kClearLine);
    ++drawn_lines_;
  };
  for (const Running& test : running_) {
    if (drawn_lines_ == kLinesMost) break;
    line(fmt::format("{:>6.1f} s  {}  {}", std::chrono::duration<double>(now - test.began).count(),
                     test.name, test.doing),
         false);
  }
  if (done_ < tests_) {
    line(fmt::format("{} of {} done{}, {} running", done_, tests_,
                     failed_ > 0 ? fmt::format(", {} failed", failed_) : "", running_.size()),
         true);
  }
  return out += kClearBelow;
}

}  // namespace warren::lab
