// Workflow commands of GitHub Actions, with the escapes of its toolkit (actions/toolkit,
// packages/core/src/command.ts), and the summary of a step, which is Markdown.
#include <fmt/format.h>

#include <warren/lab/report.hpp>

#include "escape.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

std::string escape_data(std::string_view text, bool property) {
  std::string out;
  for (const char c : clean_utf8(text)) {
    if (c == '%')
      out += "%25";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else if (property && c == ':')
      out += "%3A";
    else if (property && c == ',')
      out += "%2C";
    else
      out += c;
  }
  return out;
}

// Inline text in Markdown: neither markup of its own nor HTML, and no end of a table's cell.
std::string markdown(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_{}[]()#+!|~$";
  std::string out;
  for (const char c : escape_markup(one_line(text))) {
    // The escapes of HTML that escape_markup made hold a `#`, which means nothing inside a line.
    if (c != '#' && kSpecial.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A code block whose fence is longer than any in the text.
std::string code_block(std::string_view text) {
  std::string fence = "```";
  while (text.find(fence) != std::string_view::npos) fence += '`';
  std::string body = clean_utf8(strip_terminal_sequences(text));
  if (!body.ends_with('\n')) body += '\n';
  return fmt::format("{0}text\n{1}{0}\n", fence, body);
}

std::string_view sign(Outcome outcome) {
  switch (outcome) {
    case Outcome::passed:
      return "✅";
    case Outcome::failed:
      return "❌";
    case Outcome::skipped:
      return "⏭️";
    case Outcome::error:
      return "💥";
  }
  return "";
}

bool is_bad(Outcome outcome) {
  return outcome == Outcome::failed || outcome == Outcome::error;
}

std::string failures(const LabResult& result) {
  std::string out =
      fmt::format("\n### {} {}\n\n", sign(result.outcome), markdown(title_of(result)));
  for (const Case& one : cases_of(result)) {
    if (!is_bad(one.outcome)) continue;
    out += fmt::format("**{}**: {}  \n{}:{}:{}\n\n", markdown(one.name), markdown(one.message),
                       markdown(result.file.string()), one.place.line, one.place.column);
    if (!one.body.empty()) out += code_block(one.body) + "\n";
  }
  if (!result.evidence.empty()) {
    out += fmt::format("Evidence: {}\n\n", markdown(result.evidence.string()));
  }
  return out + "Again:\n\n" + code_block(repeat_command(result));
}

}  // namespace

std::string github_annotations(std::span<const LabResult> results,
                               const std::filesystem::path& workspace) {
  std::string out;
  for (const LabResult& result : results) {
    const std::string file = relative_to(result.file, workspace);
    for (const Case& one : cases_of(result)) {
      if (one.outcome == Outcome::passed) continue;
      const bool skipped = one.outcome == Outcome::skipped;
      std::string text = one.message;
      if (!skipped) {
        text +=
            fmt::format("\n{}seed {}; again: {}", one.body, result.seed, repeat_command(result));
        if (!result.evidence.empty()) {
          text += fmt::format("\nevidence: {}", result.evidence.string());
        }
      }
      out += fmt::format("::{} file={},line={},col={},title={}::{}\n", skipped ? "notice" : "error",
                         escape_data(file, true), one.place.line, one.place.column,
                         escape_data(fmt::format("{}: {}", title_of(result), one.name), true),
                         escape_data(text, false));
    }
  }
  return out;
}

std::string step_summary(std::span<const LabResult> results) {
  const Totals totals = totals_of(results);
  std::string out = fmt::format(
      "## Lab tests: {} passed, {} failed, {} skipped\n\n"
      "| | lab | expectations | time | seed |\n| --- | --- | --- | ---: | ---: |\n",
      totals.passed, totals.failed + totals.errors, totals.skipped);
  for (const LabResult& result : results) {
    std::size_t good = 0;
    for (const ExpectationResult& one : result.expectations) {
      good += one.outcome == Outcome::passed ? 1U : 0U;
    }
    const std::string seen = result.outcome == Outcome::skipped
                                 ? markdown(result.message)
                                 : fmt::format("{} of {}", good, result.expectations.size());
    out += fmt::format("| {} | {} | {} | {} | {} |\n", sign(result.outcome),
                       markdown(title_of(result)), seen, format_seconds(duration_of(result)),
                       result.seed);
  }
  for (const LabResult& result : results) {
    if (is_bad(result.outcome)) out += failures(result);
  }
  return out;
}

}  // namespace warren::lab
