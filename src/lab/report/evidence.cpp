// The folder of evidence. Each part is written on its own: one that cannot be does not cost the
// others.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <system_error>

#include <warren/base/error.hpp>
#include <warren/base/text.hpp>
#include <warren/base/units.hpp>
#include <warren/lab/plan.hpp>
#include <warren/lab/report.hpp>

namespace warren::lab {
namespace {

namespace fs = std::filesystem;

// Of each log in the page; the files have more.
constexpr std::uint64_t kPageHeadBytes = 16ULL * 1024;
constexpr std::uint64_t kPageTailBytes = 48ULL * 1024;

void write_text(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw base::SystemError("writing", path.string(), errno);
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw base::SystemError("reading", path.string(), errno);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

struct Excerpt {
  std::string text;
  std::uint64_t omitted_bytes = 0;
};

std::string excerpt_note(std::uint64_t omitted) {
  return fmt::format("\n… {} are left out here …\n", base::format_size(omitted));
}

Excerpt excerpt(std::string_view text, std::uint64_t head, std::uint64_t tail) {
  if (text.size() <= head + tail) return {std::string(text), 0};
  // Whole lines, where there are any.
  std::size_t end = text.rfind('\n', head);
  if (end == std::string_view::npos || end == 0) end = head;
  std::size_t begin = text.find('\n', text.size() - tail);
  begin = begin == std::string_view::npos ? text.size() - tail : begin + 1;
  const std::uint64_t omitted = begin - end;
  return {
      std::string(text.substr(0, end)) + excerpt_note(omitted) + std::string(text.substr(begin)),
      omitted};
}

// The head and the tail of a file that may be large.
Excerpt read_excerpt(const fs::path& path, std::uint64_t head, std::uint64_t tail) {
  const std::uint64_t bytes = fs::file_size(path);
  if (bytes <= head + tail) return {read_text(path), 0};
  std::ifstream in(path, std::ios::binary);
  std::string first(head, '\0');
  std::string last(tail, '\0');
  in.read(first.data(), static_cast<std::streamsize>(head));
  in.seekg(-static_cast<std::streamoff>(tail), std::ios::end);
  in.read(last.data(), static_cast<std::streamsize>(tail));
  if (!in) throw base::SystemError("reading", path.string(), errno);
  const std::uint64_t omitted = bytes - head - tail;
  return {first + excerpt_note(omitted) + last, omitted};
}

// A name for a file: what is not a letter, a digit, a dot, a dash or an underscore becomes one.
std::string file_word(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = base::is_letter(c) || base::is_digit(c) || c == '-' || c == '.' || c == '_';
    out += plain ? c : '_';
  }
  while (out.starts_with('.')) out.erase(0, 1);
  return out.empty() ? "lab" : out;
}

std::string nodes_text(const LabResult& result) {
  std::string text;
  for (const NodeReport& node : result.nodes) {
    text += fmt::format("==== {}\n", node.name);
    const auto block = [&](std::string_view title, std::string_view lines) {
      if (!lines.empty()) text += fmt::format("-- {}\n{}\n", title, lines);
    };
    block("addresses", node.addresses);
    block("routes", node.routes);
    block("counters", node.counters);
    block("sockets that wait for somebody", node.sockets);
  }
  return text;
}

// Empty where there is none, or none that we could have written.
std::optional<LabResult> earlier_result(const fs::path& folder) {
  try {
    return result_from_json(nlohmann::json::parse(read_text(folder / "result.json")));
  } catch (const std::exception&) {
    return {};
  }
}

// A run that ended otherwise would leave parts of the one before beside its own. What we did not
// write ourselves stays: an earlier result names the logs and the file that were ours.
void remove_earlier(const fs::path& folder) {
  std::vector<fs::path> files{"index.html",   "capture.pcapng", "arrivals.pcapng",
                              "verdicts.txt", "nodes.txt",      "seed",
                              "topology.dot", "topology.svg",   "result.json"};
  if (const auto earlier = earlier_result(folder)) {
    files.emplace_back(file_word(earlier->file.filename().string()));
    for (const LogFile& log : earlier->logs) files.push_back("logs" / log.path.filename());
  }
  // What cannot be removed is written anew, or is told to be in the way then.
  std::error_code ignored;
  for (const fs::path& file : files) fs::remove(folder / file, ignored);
  fs::remove(folder / "logs", ignored);  // where nothing else is in it
}

class Writer {
 public:
  Writer(fs::path folder, const Topology& topology, LabResult& result,
         std::vector<std::string>* problems)
      : folder_(std::move(folder)), topology_(topology), result_(result), problems_(problems) {}

  void write(Recorder* recorder, const EvidenceOptions& options);

 private:
  // Does one part; what goes wrong is noted.
  template <class Part>
  void part(Part&& work) {
    try {
      work();
    } catch (const std::exception& error) {
      if (problems_ != nullptr) problems_->emplace_back(error.what());
    }
  }
  void made(std::string name, std::string about) {
    files_.push_back({std::move(name), std::move(about)});
  }
  void captures(Recorder& recorder);
  void picture();
  void logs(const EvidenceOptions& options);
  void small_files();

  fs::path folder_;
  const Topology& topology_;
  LabResult& result_;
  std::vector<std::string>* problems_;
  std::vector<PageFile> files_;
  std::vector<PageLog> logs_;
  PagePicture picture_;
};

void Writer::captures(Recorder& recorder) {
  recorder.settle();
  result_.capture_missed = recorder.missed();
  const auto series = recorder.series(result_.scenario_began);
  for (std::size_t i = 0; i < std::min(series.size(), result_.links.size()); ++i) {
    result_.links[i].series = series[i];
  }
  part([&] {
    recorder.write_capture(folder_ / "capture.pcapng");
    made("capture.pcapng", "every link's frames as they entered it, each with its fate");
  });
  part([&] {
    recorder.write_capture(folder_ / "arrivals.pcapng", true);
    made("arrivals.pcapng", "the same frames as their receivers got them");
  });
  part([&] {
    recorder.write_verdicts(folder_ / "verdicts.txt");
    made("verdicts.txt", "what was decided about each packet, for --replay");
  });
}

void Writer::picture() {
  part([&] {
    picture_.text = draw(topology_, GraphFormat::dot);
    write_text(folder_ / "topology.dot", picture_.text);
    made("topology.dot", "the picture, for Graphviz");
  });
  try {
    picture_.svg = draw(topology_, GraphFormat::svg);
  } catch (const base::Error&) {
    return;  // Graphviz is not there: its input has to do
  }
  part([&] {
    write_text(folder_ / "topology.svg", picture_.svg);
    made("topology.svg", "the picture");
  });
}

void Writer::logs(const EvidenceOptions& options) {
  if (result_.logs.empty()) return;
  fs::create_directories(folder_ / "logs");
  for (LogFile& log : result_.logs) {
    part([&] {
      const Excerpt whole = read_excerpt(log.path, options.log_head_bytes, options.log_tail_bytes);
      const std::string name =
          fmt::format("logs/{}.{}.log", file_word(log.node), file_word(log.program));
      write_text(folder_ / name, whole.text);
      const Excerpt shown = excerpt(whole.text, kPageHeadBytes, kPageTailBytes);
      logs_.push_back({.node = log.node,
                       .program = log.program,
                       .text = shown.text,
                       .omitted_bytes = whole.omitted_bytes + shown.omitted_bytes,
                       .file = name});
      log.path = folder_ / name;
    });
  }
}

void Writer::small_files() {
  part([&] {
    write_text(folder_ / "nodes.txt", nodes_text(result_));
    made("nodes.txt", "addresses, routes, counters and open ports of each node");
  });
  part([&] {
    write_text(folder_ / "seed", fmt::format("{}\n", result_.seed));
    made("seed", "what all dice came from");
  });
  part([&] {
    write_text(folder_ / "result.json", json_line(to_json(result_)) + "\n");
    made("result.json", "everything on this page, for programs");
  });
}

void Writer::write(Recorder* recorder, const EvidenceOptions& options) {
  if (recorder != nullptr) part([&] { captures(*recorder); });
  picture();
  part([&] { logs(options); });
  std::string file_text;
  part([&] {
    file_text = read_text(result_.file);
    const std::string name = file_word(result_.file.filename().string());
    write_text(folder_ / name, file_text);
    made(name, "the lab's file as it was");
  });
  small_files();
  part([&] {
    const PageInput input{.result = result_,
                          .file_text = std::move(file_text),
                          .logs = std::move(logs_),
                          .picture = std::move(picture_),
                          .files = files_};
    write_text(folder_ / "index.html", evidence_page(input));
  });
}

}  // namespace

void write_evidence(const std::filesystem::path& folder, const Topology& topology,
                    LabResult& result, Recorder* recorder, const EvidenceOptions& options,
                    std::vector<std::string>* problems) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw base::SystemError("making the folder", folder.string(), error.value(),
                            "`--artifacts DIR` names another place");
  }
  remove_earlier(folder);
  result.evidence = fs::absolute(folder);
  Writer(folder, topology, result, problems).write(recorder, options);
}

std::string evidence_name(const LabResult& result) {
  const std::string lab = result.name.empty() ? result.file.stem().string() : result.name;
  std::string name = fmt::format("{}-seed-{}", file_word(lab), result.seed);
  if (result.run != 0) name += fmt::format("-run-{}", result.run);
  return name;
}

}  // namespace warren::lab
