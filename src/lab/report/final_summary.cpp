#include <fmt/format.h>

#include <warren/base/units.hpp>
#include <warren/lab/report.hpp>

#include "escape.hpp"
#include "terminal.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

void add_failure(std::string& out, const LabResult& result, const Paint& paint) {
  out += fmt::format("\n{}  {}\n", paint.outcome(result.outcome), paint.bold(title_of(result)));
  for (const Case& one : cases_of(result)) {
    if (one.outcome != Outcome::failed && one.outcome != Outcome::error) continue;
    out += fmt::format("  {}:{}:{}: {}\n", result.file.string(), one.place.line, one.place.column,
                       paint.bold(one_line(one.name)));
    std::string_view rest = one.body;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      out += fmt::format("      {}\n", one_line(rest.substr(0, end)));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  if (!result.evidence.empty()) {
    out += fmt::format("  evidence  {}\n", (result.evidence / "index.html").string());
  }
  out += fmt::format("  seed      {}\n  again     {}\n", result.seed, repeat_command(result));
}

}  // namespace

std::string final_summary(std::span<const LabResult> results, bool colour) {
  const Paint paint{colour};
  std::string out;
  for (const LabResult& result : results) {
    if (result.outcome == Outcome::failed || result.outcome == Outcome::error) {
      add_failure(out, result, paint);
    }
  }
  const Totals totals = totals_of(results);
  out += fmt::format("\n{}: {} passed", base::counted(totals.labs, "lab"), totals.passed);
  if (totals.failed != 0) out += fmt::format(", {} failed", totals.failed);
  if (totals.errors != 0) out += fmt::format(", {} broken", totals.errors);
  if (totals.skipped != 0) out += fmt::format(", {} skipped", totals.skipped);
  return out + fmt::format("; {}\n", base::counted(totals.expectations, "expectation"));
}

}  // namespace warren::lab
