// TAP version 14 (https://testanything.org/tap-version-14-specification.html): subtests are
// indented by four spaces, diagnostics are YAML indented by two. A string of JSON is one of YAML.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <warren/lab/report.hpp>

#include "escape.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

// A description: one line, with what would begin a directive escaped.
std::string description(std::string_view text) {
  std::string out;
  for (const char c : clean_utf8(one_line(text))) {
    if (c == '#' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string yaml_string(std::string_view text) {
  return nlohmann::json(clean_utf8(text)).dump();
}

void add_diagnostics(std::string& out, const LabResult& result, const Case& one) {
  const auto line = [&](std::string_view text) { out += fmt::format("      {}\n", text); };
  line("---");
  line("message: " + yaml_string(one.message));
  line(fmt::format("severity: {}", one.outcome == Outcome::failed ? "fail" : "error"));
  line(fmt::format("duration_ms: {:.3f}",
                   std::chrono::duration<double, std::milli>(one.took).count()));
  line("at:");
  line("  file: " + yaml_string(result.file.string()));
  line(fmt::format("  line: {}", one.place.line));
  line(fmt::format("  column: {}", one.place.column));
  line("seen: " + yaml_string(one.body));
  line(fmt::format("seed: {}", result.seed));
  if (!result.evidence.empty()) line("evidence: " + yaml_string(result.evidence.string()));
  line("again: " + yaml_string(repeat_command(result)));
  line("...");
}

bool add_subtest(std::string& out, const LabResult& result) {
  const auto cases = cases_of(result);
  out += fmt::format("# Subtest: {}\n    1..{}\n", description(title_of(result)), cases.size());
  bool good = true;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& one = cases[i];
    const bool ok = one.outcome == Outcome::passed || one.outcome == Outcome::skipped;
    good = good && ok;
    out += fmt::format("    {}ok {} - {}", ok ? "" : "not ", i + 1, description(one.name));
    if (one.outcome == Outcome::skipped) out += " # SKIP " + description(one.message);
    out += '\n';
    if (!ok) add_diagnostics(out, result, one);
  }
  return good;
}

}  // namespace

std::string tap(std::span<const LabResult> results) {
  std::string out = fmt::format("TAP version 14\n1..{}\n", results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const LabResult& result = results[i];
    const std::string name = description(title_of(result));
    if (result.outcome == Outcome::skipped) {
      out += fmt::format("ok {} - {} # SKIP {}\n", i + 1, name, description(result.message));
      continue;
    }
    const bool good = add_subtest(out, result);
    out += fmt::format("{}ok {} - {}\n", good ? "" : "not ", i + 1, name);
  }
  return out;
}

}  // namespace warren::lab
