// The page of evidence: what it shows, and that nothing that a program wrote can become part of it.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <string>

#include <warren/lab/report.hpp>

#include "sample.hpp"
#include "window.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

constexpr const char* kHostile = "\"><script>alert(1)</script><img src=x onerror='alert(2)'></pre>";

std::string page_of(const lab::LabResult& result, const std::string& log = "listening\n") {
  return lab::evidence_page({.result = result,
                             .file_text = test::sample_file(),
                             .logs = {{.node = "bob",
                                       .program = "api",
                                       .text = log,
                                       .omitted_bytes = 0,
                                       .file = "logs/bob.api.log"}},
                             .picture = {.svg = {}, .text = "graph {}"},
                             .files = {{"capture.pcapng", "every link"}}});
}

bool has(const std::string& page, std::string_view text) {
  return page.find(text) != std::string::npos;
}

std::size_t count(const std::string& page, std::string_view text) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = page.find(text, at)) != std::string::npos; at += text.size()) {
    ++found;
  }
  return found;
}

// The text of the element that `begin` begins, up to `end`.
std::string between(const std::string& page, std::string_view begin, std::string_view end) {
  const std::size_t from = page.find(begin);
  REQUIRE(from != std::string::npos);
  return page.substr(from, page.find(end, from) - from);
}

}  // namespace

TEST_CASE("a hostile log line stays text") {
  const std::string page = page_of(test::sample_result(), std::string(kHostile) + "\n");
  CHECK_FALSE(has(page, "<script"));
  CHECK_FALSE(has(page, "<img"));
  CHECK(has(page, "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST_CASE("hostile names and messages stay text wherever they are shown") {
  lab::LabResult result = test::sample_result();
  result.name = result.machine = result.message = kHostile;
  result.file = std::filesystem::path("x") / kHostile;
  for (auto& one : result.expectations) {
    one.name = one.kind = one.asked = one.message = one.detail = kHostile;
    for (auto& figure : one.figures) figure.name = figure.unit = kHostile;
    for (auto& figure : one.figures) figure.bound = kHostile;
  }
  for (auto& incident : result.incidents) incident.text = kHostile;
  for (auto& link : result.links) {
    link.name = kHostile;
    link.ends = {kHostile, kHostile};
    link.settings = {kHostile, kHostile};
  }
  for (auto& node : result.nodes) node = {kHostile, kHostile, kHostile, kHostile, kHostile};
  const std::string page =
      lab::evidence_page({.result = result,
                          .file_text = kHostile,
                          .logs = {{kHostile, kHostile, kHostile, 0, kHostile}},
                          .picture = {.svg = {}, .text = kHostile},
                          .files = {{kHostile, kHostile}}});
  CHECK_FALSE(has(page, "<script"));
  CHECK_FALSE(has(page, "<img"));
  CHECK_FALSE(has(page, "onerror='"));
}

TEST_CASE("a hostile picture cannot leave its image") {
  const std::string page =
      lab::evidence_page({.result = test::sample_result(),
                          .file_text = {},
                          .logs = {},
                          .picture = {.svg = "<svg onload=\"x\"/>", .text = {}},
                          .files = {}});
  CHECK(has(page, "src=\"data:image/svg+xml,%3Csvg%20onload%3D%22x%22%2F%3E\""));
}

TEST_CASE("no script runs on the page and nothing is fetched") {
  const std::string page = page_of(test::sample_result());
  CHECK(has(page,
            "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'; img-src data:\""));
  for (const char* reference : {"src=\"http", "href=\"http", "url(", "@import", "<link"}) {
    CHECK_FALSE(has(page, reference));
  }
}

TEST_CASE("the head has the verdict, the seed and the command to repeat") {
  const std::string head = between(page_of(test::sample_result()), "<header", "</header>");
  CHECK(has(head, "<span class=\"badge failed\">failed</span> failover"));
  CHECK(has(head, "2 of 4 expectations failed"));
  CHECK(has(head, "<dt>seed</dt><dd>42</dd>"));
  CHECK(has(head, "warren lab test configs/lab/failover.toml --seed 42"));
  CHECK(has(head, "3 frames passed unrecorded"));
}

TEST_CASE("a failed expectation shows what was asked and seen, and leads to its lines") {
  const std::string page = page_of(test::sample_result());
  const std::string card = between(page, "<article class=\"card\" id=\"x2\">", "</article>");
  CHECK(has(card, "200 echoes from alice to bob, p50 70ms±4ms <a href=\"#L12\">line 12</a>"));
  CHECK(has(card, "p50 is 92.1 ms, asked 70ms±4ms"));
  CHECK(has(card, "<td class=\"n bad\">92.1 ms</td><td>70ms±4ms</td><td>✗</td>"));
  CHECK(has(page, "<li id=\"L12\" class=\"hit\">[[expect]]</li><li id=\"L13\" class=\"hit\">"));
  CHECK(has(page, "<li id=\"L15\"></li>"));
  CHECK(has(page, "<li id=\"L8\">[[expect]]</li>"));  // that one passed
}

TEST_CASE("a failed expectation shows what had happened and where frames were dropped meanwhile") {
  const std::string card =
      between(page_of(test::sample_result()), "<article class=\"card\" id=\"x3\">", "</article>");
  CHECK(has(card, "<li>2.0 s: wan: up=false <span class=\"dim\">(before it began)</span>"));
  CHECK(has(card,
            "<li class=\"bad\">4.5 s: program api of bob ended with status 1 <span "
            "class=\"dim\">(while it ran)</span>"));
  CHECK(has(card, "30 dropped, link down"));
  CHECK_FALSE(has(card, "tunnel wr0 is up"));  // went as it should
}

TEST_CASE("an expectation during which no frame moved says so") {
  lab::LabResult result = test::sample_result();
  result.expectations[2].began = 60s;
  const std::string card = between(page_of(result), "id=\"x3\">", "</article>");
  CHECK(has(card, "No frame on any link"));
}

TEST_CASE("frames that pass one way only are pointed out") {
  lab::LabResult result = test::sample_result();
  for (auto& slice : result.links[0].series.directions[1]) slice = {};
  const std::string card = between(page_of(result), "id=\"x2\">", "</article>");
  CHECK(has(card, "hardly any frame came the other way"));
}

TEST_CASE("a window counts the slices that it touches and no others") {
  lab::LabResult result;
  result.links.resize(1);
  lab::LinkSeries& series = result.links[0].series;
  series.slice = 10ms;
  series.directions[0].resize(5);
  for (std::uint32_t i = 0; i < 5; ++i) series.directions[0][i].sent = 1U << i;
  const auto sent = [&](base::Duration from, base::Duration to) {
    const auto windows = lab::window_of(result, from, to);
    return windows.empty() ? 0 : windows[0].directions[0].sent;
  };
  CHECK(sent(0ms, 45ms) == 0b11111);
  CHECK(sent(10ms, 15ms) == 0b00010);
  CHECK(sent(15ms, 25ms) == 0b00110);
  CHECK(sent(60ms, 70ms) == 0);
}

TEST_CASE("a line of a log that holds a striking word is marked, and its log is open") {
  const std::string page = page_of(test::sample_result(), "fine\nFATAL: disk full\n");
  CHECK(has(page, "fine\n<span class=\"hit\">FATAL: disk full</span>"));
  CHECK(has(between(page, "<section id=\"logs\">", "<summary>"), " open"));
}

TEST_CASE("links with drops are open and say how many, by verdict") {
  const std::string links =
      between(page_of(test::sample_result()), "<section id=\"links\">", "</section>");
  CHECK(has(links, "<details class=\"trouble\" open><summary><strong>wan</strong>"));
  CHECK(has(links,
            "core:wan → bob:eth0: 520 sent, 8 lost by the loss model, 1 dropped by `drop`, "
            "40 dropped, link down, 1 dropped by CoDel"));
  CHECK(has(links, "<th scope=\"row\">dropped, link down</th><td class=\"n\">40 (7.7%)</td>"));
  CHECK(count(links, "<svg") == 4);  // two links, both directions
}

TEST_CASE("a lab that passed has no part about failures") {
  lab::LabResult result = test::sample_result();
  result.outcome = lab::Outcome::passed;
  for (auto& one : result.expectations) one.outcome = lab::Outcome::passed;
  const std::string page = page_of(result);
  CHECK(has(page, "all 4 expectations were met"));
  CHECK_FALSE(has(page, "<section id=\"failed\">"));
}
