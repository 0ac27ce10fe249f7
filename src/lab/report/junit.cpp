// The format that CI systems agree on without a standard: testsuites, testsuite, testcase with
// failure, error or skipped (what Jenkins' xunit plugin takes by its junit-10.xsd).
#include <fmt/format.h>

#include <warren/base/units.hpp>
#include <warren/lab/report.hpp>

#include "escape.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

// In UTC and without a zone, as the format's readers expect it.
std::string junit_time(base::WallTime when) {
  std::string text = format_utc(when);
  text.pop_back();
  return text;
}

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  void add(const Case& one) {
    ++tests;
    failures += one.outcome == Outcome::failed ? 1U : 0U;
    errors += one.outcome == Outcome::error ? 1U : 0U;
    skipped += one.outcome == Outcome::skipped ? 1U : 0U;
  }
  [[nodiscard]] std::string attributes() const {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")", tests, failures,
                       errors, skipped);
  }
};

void add_case(std::string& out, const LabResult& result, const Case& one) {
  const std::string file = escape_markup(result.file.string());
  out += fmt::format(R"(    <testcase name="{}" classname="{}" time="{:.3f}" file="{}" line="{}")",
                     escape_markup(one.name), escape_markup(title_of(result)),
                     base::in_seconds(one.took), file, one.place.line);
  if (one.outcome == Outcome::passed) {
    out += "/>\n";
    return;
  }
  out += ">\n";
  const std::string message = escape_markup(one.message);
  if (one.outcome == Outcome::skipped) {
    out += fmt::format("      <skipped message=\"{}\"/>\n", message);
  } else {
    const std::string_view element = one.outcome == Outcome::failed ? "failure" : "error";
    std::string body = fmt::format("{}:{}:{}\n{}again: {}\n", result.file.string(), one.place.line,
                                   one.place.column, one.body, repeat_command(result));
    if (!result.evidence.empty()) body += fmt::format("evidence: {}\n", result.evidence.string());
    out += fmt::format("      <{0} message=\"{1}\" type=\"{2}\">{3}</{0}>\n", element, message,
                       escape_markup(one.kind), escape_markup(body));
  }
  out += "    </testcase>\n";
}

void add_property(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, escape_markup(value));
}

}  // namespace

std::string junit_xml(std::span<const LabResult> results) {
  Counts all;
  std::string suites;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const LabResult& result = results[i];
    Counts counts;
    std::string cases;
    for (const Case& one : cases_of(result)) {
      counts.add(one);
      all.add(one);
      add_case(cases, result, one);
    }
    suites +=
        fmt::format("  <testsuite id=\"{}\" name=\"{}\" {} time=\"{:.3f}\" timestamp=\"{}\">\n", i,
                    escape_markup(title_of(result)), counts.attributes(),
                    base::in_seconds(duration_of(result)), junit_time(result.began));
    suites += "    <properties>\n";
    add_property(suites, "file", result.file.string());
    add_property(suites, "seed", std::to_string(result.seed));
    add_property(suites, "machine", result.machine);
    add_property(suites, "evidence", result.evidence.string());
    suites += "    </properties>\n" + cases + "  </testsuite>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"warren lab\" {} time=\"{:.3f}\">\n{}</testsuites>\n",
      all.attributes(), base::in_seconds(totals_of(results).took), suites);
}

}  // namespace warren::lab
