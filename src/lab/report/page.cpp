// The page of evidence: its head, the order of its parts, the picture and the files. No script is
// on it, and the policy in its head would not let one run: a log line cannot make the page do
// anything.
#include <algorithm>

#include <warren/base/text.hpp>

#include "page_parts.hpp"
#include "words.hpp"

namespace warren::lab {
namespace {

// RFC 3986, 2.3: everything but unreserved characters as %XX, for a data: address.
std::string percent_encoded(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const bool plain =
        base::is_letter(c) || base::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

void add_fact(Html& html, std::string_view name, std::string_view value) {
  if (!value.empty()) html.add("<dt>{}</dt><dd>{}</dd>", name, Esc{value});
}

std::string verdict_line(const LabResult& result) {
  std::size_t failed = 0;
  for (const ExpectationResult& one : result.expectations) {
    failed += one.outcome == Outcome::failed || one.outcome == Outcome::error ? 1U : 0U;
  }
  if (result.outcome == Outcome::passed) {
    return fmt::format("all {} expectations were met", result.expectations.size());
  }
  return fmt::format("{} of {} expectations failed", failed, result.expectations.size());
}

void add_header(Html& html, const LabResult& result) {
  const std::string_view outcome = outcome_word(result.outcome);
  html.add("<header class=\"{0}\"><div><h1><span class=\"badge {0}\">{0}</span> {1}</h1>\n",
           outcome, Esc{title_of(result)});
  html.add("<p>{}</p>\n<dl class=\"facts\">", verdict_line(result));
  add_fact(html, "file", result.file.string());
  add_fact(html, "seed", std::to_string(result.seed));
  add_fact(html, "began", format_utc(result.began));
  add_fact(html, "took",
           fmt::format("{} to bring up, {} of scenario", format_seconds(result.bring_up),
                       format_seconds(result.scenario)));
  add_fact(html, "machine", result.machine);
  html.raw("</dl>\n");
  html.add("<p>Again, with the same verdicts on packets:</p><code class=\"command\">{}</code>\n",
           Esc{repeat_command(result)});
  if (result.capture_missed > 0) {
    html.add(
        "<p class=\"warn\">{} frames passed unrecorded, because the recorder was too slow; the "
        "counters of wired links have them all.</p>\n",
        result.capture_missed);
  }
  html.raw("</div></header>\n");
}

void add_navigation(Html& html, bool failures) {
  html.raw("<nav aria-label=\"Parts of this page\"><div>");
  if (failures) html.raw("<a href=\"#failed\">What failed</a>");
  html.raw(
      "<a href=\"#timeline\">Timeline</a><a href=\"#picture\">Topology</a>"
      "<a href=\"#expectations\">Expectations</a><a href=\"#links\">Links</a>"
      "<a href=\"#logs\">Logs</a><a href=\"#nodes\">Nodes</a><a href=\"#file\">File</a>"
      "<a href=\"#files\">Captures</a></div></nav>\n");
}

// As an image, so that nothing inside it is part of this page.
void add_picture(Html& html, const PagePicture& picture) {
  html.raw("<section id=\"picture\"><h2>Topology</h2>\n");
  if (!picture.svg.empty()) {
    html.add(
        "<div class=\"picture\"><img alt=\"The nodes, links and tunnels of the lab; the file "
        "below says the same in words\" src=\"data:image/svg+xml,{}\"></div>\n",
        percent_encoded(picture.svg));
  } else if (!picture.text.empty()) {
    html.add(
        "<p class=\"dim\">Graphviz is not installed where the test ran; this is its input.</p>"
        "<pre>{}</pre>\n",
        Esc{picture.text});
  }
  html.raw("</section>\n");
}

void add_files(Html& html, const PageInput& input) {
  html.raw("<section id=\"files\"><h2>Captures and other files</h2>\n<ul>");
  for (const PageFile& file : input.files) {
    html.add("<li><a href=\"{0}\">{0}</a> <span class=\"dim\">{1}</span></li>\n", Esc{file.name},
             Esc{file.about});
  }
  html.raw("</ul>\n");
  const bool captured = std::ranges::any_of(
      input.files, [](const PageFile& file) { return file.name == "capture.pcapng"; });
  if (captured) {
    html.raw(
        "<p>Every link is an interface of the capture; what became of a frame is its comment:</p>"
        "<code class=\"command\">tshark -r capture.pcapng -Y 'frame.comment matches "
        "\"^(lost|dropped)\"' "
        "-T fields -e frame.time_relative -e frame.interface_name -e frame.comment</code>\n");
  }
  html.raw("</section>\n");
}

}  // namespace

std::string evidence_page(const PageInput& input) {
  Html html;
  html.add(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'; img-src data:\">\n<title>{}: {}</title>\n<style>{}</style>\n"
      "</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n",
      Esc{title_of(input.result)}, outcome_word(input.result.outcome), page_style());
  add_header(html, input.result);
  add_navigation(html, has_failures(input.result));
  html.raw("<main id=\"main\">\n");
  add_failures(html, input);
  add_timeline(html, input.result);
  add_picture(html, input.picture);
  add_expectations(html, input.result);
  add_links(html, input.result);
  add_logs(html, input);
  add_nodes(html, input.result);
  add_file(html, input);
  add_files(html, input);
  html.raw("</main>\n</body>\n</html>\n");
  return html.take();
}

}  // namespace warren::lab
