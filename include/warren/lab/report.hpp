// What people and machines read about tests: the folder of evidence of a failed one, JUnit XML,
// TAP 14, annotations and a summary for GitHub, progress on a terminal, JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/time.hpp>
#include <warren/lab/recorder.hpp>
#include <warren/lab/result.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

// ---- evidence ----------------------------------------------------------------------------------

struct EvidenceOptions {
  std::uint64_t log_head_bytes = 128ULL * 1024;  ///< of each log, from its beginning
  std::uint64_t log_tail_bytes = 384ULL * 1024;  ///< and from its end; between them a line says so
};

/// Writes into `folder` (made if needed; what an earlier run wrote is removed first): index.html,
/// capture.pcapng, arrivals.pcapng, verdicts.txt, nodes.txt, seed, result.json, the topology as
/// topology.svg or .dot, the lab's file, and logs/NODE.PROGRAM.log. `recorder` may be null. Sets
/// result.evidence and the links' series. A part that cannot be written is named in `problems` and
/// does not keep the others from being written; throws base::SystemError only when the folder
/// cannot be made.
void write_evidence(const std::filesystem::path& folder, const Topology& topology,
                    LabResult& result, Recorder* recorder, const EvidenceOptions& options,
                    std::vector<std::string>* problems = nullptr);

/// JSON as one line. What programs and file names hold may be anything: what is not UTF-8 becomes
/// U+FFFD.
std::string json_line(const nlohmann::json& value);

/// ALPHA-seed-42, beta-seed-7-run-3: a folder for the test inside the folder for all of them.
std::string evidence_name(const LabResult& result);

/// The command that runs this test again, alike: "warren lab test FILE --seed S [--replay F]".
std::string repeat_command(const LabResult& result);

/// A log as the page shows it.
struct PageLog {
  std::string node, program;
  std::string text;
  std::uint64_t omitted_bytes = 0;  ///< where the text says so
  std::string file;                 ///< relative to the page; may be empty
};
/// A picture of the topology: an SVG document, or else text (DOT).
struct PagePicture {
  std::string svg;
  std::string text;
};
struct PageFile {
  std::string name;  ///< beside the page
  std::string about;
};
struct PageInput {
  const LabResult& result;
  std::string file_text;  ///< the lab's file
  std::vector<PageLog> logs;
  PagePicture picture;
  std::vector<PageFile> files;
};
/// One HTML document that needs nothing else. Pure; escapes everything.
std::string evidence_page(const PageInput& input);

// ---- all tests ---------------------------------------------------------------------------------

/// JUnit XML: a suite per lab, a case per expectation, as Jenkins, GitLab and GitHub's actions take
/// it.
std::string junit_xml(std::span<const LabResult> results);
/// TAP version 14: a test per lab with a subtest per expectation. https://testanything.org
std::string tap(std::span<const LabResult> results);
/// `::error file=…,line=…::…`, one line per failed expectation. Paths become relative to
/// `workspace` where they are inside it.
std::string github_annotations(std::span<const LabResult> results,
                               const std::filesystem::path& workspace);
/// Markdown, for $GITHUB_STEP_SUMMARY.
std::string step_summary(std::span<const LabResult> results);
/// For people, after everything: failing expectations with their places, evidence, seed and the
/// command to repeat; the totals.
std::string final_summary(std::span<const LabResult> results, bool colour);

nlohmann::json to_json(const LabResult& result);
/// Throws base::Error when it is not what to_json writes.
LabResult result_from_json(const nlohmann::json& json);

// ---- progress ----------------------------------------------------------------------------------

struct ProgressStyle {
  bool live = false;  ///< redraws lines in place; else one plain line when a test ends
  bool colour = false;
  std::size_t columns = 80;
};
/// What suits `fd`: live on a terminal (unless TERM is dumb), colour there unless NO_COLOR is set.
ProgressStyle progress_style(int fd);

/// One line per running test with the time it took so far and what it does now. Pure: returns what
/// to write. One thread.
class Progress {
 public:
  explicit Progress(const ProgressStyle& style, std::size_t tests);

  /// A test begins; the number names it in the other functions.
  std::size_t begin(std::string name, base::Instant now);
  /// What it does now: "bringing up", "3/7 recovers after the outage".
  void update(std::size_t test, const std::string& doing);
  /// Its line is written for good, and below it what was no reason to fail but is trouble.
  void finish(std::size_t test, const LabResult& result, base::Instant now);
  /// Text that stays above the running lines (a log line, a warning).
  void say(std::string_view text);
  /// The width of the terminal has changed.
  void resize(std::size_t columns);
  /// What to write to the terminal now. Call it after changes, and every 100 ms while live.
  [[nodiscard]] std::string draw(base::Instant now);

 private:
  struct Running {
    std::size_t number;
    std::string name, doing;
    base::Instant began;
  };
  ProgressStyle style_;
  std::size_t tests_;
  std::size_t begun_ = 0, done_ = 0, failed_ = 0;
  std::vector<Running> running_;
  std::string finished_;         // lines to write above the running ones
  std::size_t drawn_lines_ = 0;  // on the terminal below the cursor's anchor
};

}  // namespace warren::lab
