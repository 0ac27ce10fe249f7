// Logs of the programs, addresses and routes of the nodes, and the lab's file with its lines.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include <warren/base/units.hpp>

#include "page_parts.hpp"

namespace warren::lab {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Words by which people find the line that matters. Marked, not judged: a log may hold them in
// peace.
bool is_striking(std::string_view line) {
  constexpr std::array<std::string_view, 12> kWords{"error",  "fatal",    "fail",    "panic",
                                                    "denied", "refused",  "timeout", "unreachable",
                                                    "cannot", "no route", "abort",   "traceback"};
  const std::string text = lower(line);
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

void add_log(Html& html, const LabResult& result, const PageLog& log, bool only_one) {
  const std::string text = strip_terminal_sequences(log.text);
  std::size_t striking = 0;
  std::size_t lines = 0;
  for_each_line(text, [&](std::string_view line) {
    ++lines;
    striking += is_striking(line) ? 1U : 0U;
  });
  const std::string title = log.program.empty() ? log.node : log.node + ": " + log.program;
  const bool troubled = std::ranges::any_of(result.incidents, [&](const Incident& incident) {
    return incident.trouble && !log.program.empty() &&
           incident.text.find(log.program) != std::string::npos;
  });
  html.add(
      "<details{}{}><summary><strong>{}</strong> <span class=\"dim\">{} "
      "lines{}</span></summary><div>\n",
      troubled ? " class=\"trouble\"" : "", troubled || striking > 0 || only_one ? " open" : "",
      Esc{title}, lines, striking > 0 ? fmt::format(", {} marked", striking) : std::string());
  if (text.empty()) {
    html.raw("<p class=\"dim\">It wrote nothing.</p>");
  } else {
    html.raw("<pre tabindex=\"0\">");
    for_each_line(text, [&](std::string_view line) {
      if (is_striking(line))
        html.add("<span class=\"hit\">{}</span>\n", Esc{line});
      else
        html.add("{}\n", Esc{line});
    });
    html.raw("</pre>\n");
  }
  if (log.omitted_bytes > 0) {
    html.add("<p class=\"dim\">{} of its middle are left out here.</p>",
             base::format_size(log.omitted_bytes));
  }
  if (!log.file.empty()) html.add("<p><a href=\"{}\">{}</a></p>", Esc{log.file}, Esc{log.file});
  html.raw("</div></details>\n");
}

void add_block(Html& html, std::string_view title, std::string_view text) {
  if (text.empty()) return;
  html.add("<h4>{}</h4><pre class=\"whole\">{}</pre>\n", title, Esc{text});
}

}  // namespace

void add_logs(Html& html, const PageInput& input) {
  html.raw("<section id=\"logs\"><h2>Logs</h2>\n");
  if (input.logs.empty()) html.raw("<p class=\"dim\">No program ran in a node.</p>\n");
  for (const PageLog& log : input.logs) {
    add_log(html, input.result, log, input.logs.size() == 1);
  }
  html.raw("</section>\n");
}

void add_nodes(Html& html, const LabResult& result) {
  html.raw("<section id=\"nodes\"><h2>Nodes when the scenario ended</h2>\n");
  for (const NodeReport& node : result.nodes) {
    html.add("<details{}><summary><strong>{}</strong></summary><div>\n",
             result.nodes.size() <= 6 ? " open" : "", Esc{node.name});
    add_block(html, "Addresses", node.addresses);
    add_block(html, "Routes", node.routes);
    add_block(html, "Counters", node.counters);
    add_block(html, "Sockets that wait for somebody", node.sockets);
    html.raw("</div></details>\n");
  }
  html.raw("</section>\n");
}

void add_file(Html& html, const PageInput& input) {
  const LabResult& result = input.result;
  std::set<std::uint32_t> begins;
  for (const ExpectationResult& one : result.expectations) {
    if (one.outcome == Outcome::failed || one.outcome == Outcome::error) {
      begins.insert(one.place.line);
    }
  }
  if (result.place) begins.insert(result.place->line);
  html.add("<section id=\"file\"><h2>{}</h2>\n<ol class=\"file\" tabindex=\"0\"><code>",
           Esc{result.file.filename().string()});
  std::uint32_t number = 0;
  bool marked = false;  // a failed table goes on to an empty line or to the next table
  for_each_line(input.file_text, [&](std::string_view line) {
    ++number;
    if (line.empty() || (line.starts_with('[') && !begins.contains(number))) marked = false;
    marked = marked || begins.contains(number);
    html.add("<li id=\"L{}\"{}>{}</li>", number, marked ? " class=\"hit\"" : "", Esc{line});
  });
  html.raw("</code></ol></section>\n");
}

}  // namespace warren::lab
