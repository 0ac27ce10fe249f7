// Reports over all labs, compared with what they should be byte by byte: others parse them.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include <warren/base/error.hpp>
#include <warren/lab/report.hpp>

#include "sample.hpp"
#include "support/temp_dir.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

lab::LabResult passed() {
  lab::LabResult result;
  result.file = "configs/lab/two-hosts.toml";
  result.name = "two-hosts";
  result.seed = 7;
  result.began = base::WallTime(1'763'803'200s);
  result.scenario = 420ms;
  lab::ExpectationResult one;
  one.name = "ping # 50%";
  one.kind = "ping";
  one.took = 3ms;
  one.place = {9, 1};
  result.expectations = {one};
  return result;
}

lab::LabResult skipped() {
  lab::LabResult result;
  result.file = "configs/lab/xdp.toml";
  result.name = "xdp";
  result.seed = 1;
  result.outcome = lab::Outcome::skipped;
  result.message = "an XDP program needs root";
  result.place = lab::Place{14, 1};
  return result;
}

lab::LabResult failed() {
  lab::LabResult result = test::sample_result();
  result.expectations.resize(3);
  result.evidence = "/tmp/artifacts/failover-seed-42";
  return result;
}

std::vector<lab::LabResult> three() {
  return {passed(), failed(), skipped()};
}

// tests/unit/lab/report/golden/NAME; with WARREN_UPDATE_GOLDEN set it is written instead.
void check_golden(const std::string& name, const std::string& text) {
  const std::string path = WARREN_SOURCE_DIR "/tests/unit/lab/report/golden/" + name;
  if (std::getenv("WARREN_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  std::stringstream golden;
  golden << in.rdbuf();
  CHECK(text == golden.str());
}

}  // namespace

TEST_CASE("JUnit XML is as CI systems read it") {
  check_golden("junit.xml", lab::junit_xml(three()));
}

TEST_CASE("JUnit XML stays well-formed whatever a program wrote") {
  lab::LabResult result = failed();
  result.name = "a\"<&>\x01\xff";
  result.expectations[2].name = "]]>'\"";
  result.expectations[2].detail = "\x1b[31m</failure><script>\xc3\x28\0";
  const test::TempDir directory;
  const auto file = directory.path() / "junit.xml";
  std::ofstream(file) << lab::junit_xml(std::vector{result});
  if (std::system("command -v xmllint >/dev/null") != 0) SKIP("xmllint is not installed");
  CHECK(std::system(("xmllint --noout " + file.string()).c_str()) == 0);
}

TEST_CASE("TAP 14 has a subtest per expectation and says why one failed") {
  check_golden("results.tap", lab::tap(three()));
}

TEST_CASE("GitHub's annotations point at the line and escape what ends a command") {
  check_golden("annotations.txt", lab::github_annotations(three(), ""));
  lab::LabResult result = failed();
  result.file = "/lab/space/a,b:c%.toml";
  result.expectations.resize(2);
  result.expectations[1].message = "100% lost\r\n::error::not a command";
  const std::string text = lab::github_annotations(std::vector{result}, "/lab/space");
  CHECK(
      text.starts_with("::error file=a%2Cb%3Ac%25.toml,line=12,col=1,title=failover%3A round "
                       "trip as configured::100%25 lost"));
  CHECK(std::ranges::count(text, '\n') == 1);  // one command, whatever the message holds
}

TEST_CASE("a file outside the workspace keeps its path in annotations") {
  lab::LabResult result = failed();
  result.file = "/elsewhere/x.toml";
  CHECK(lab::github_annotations(std::vector{result}, "/lab/space")
            .starts_with("::error file=/elsewhere/x.toml,"));
}

TEST_CASE("the step's summary is a table of labs, then what failed") {
  check_golden("summary.md", lab::step_summary(three()));
}

TEST_CASE("the summary's table keeps its cells whatever a name holds") {
  lab::LabResult result = passed();
  result.name = "a|b`c<img src=x>\nd";
  const std::string text = lab::step_summary(std::vector{result});
  CHECK(text.find("| a\\|b\\`c&lt;img src=x&gt; d |") != std::string::npos);
}

TEST_CASE("the final summary names the place, the evidence, the seed and the command to repeat") {
  check_golden("final.txt", lab::final_summary(three(), false));
  CHECK(lab::final_summary(three(), false).find('\x1b') == std::string::npos);
  CHECK(lab::final_summary(three(), true).find("\x1b[1;31mFAIL\x1b[0m") != std::string::npos);
}

TEST_CASE("the command to repeat quotes what a shell would take apart") {
  lab::LabResult result = failed();
  CHECK(lab::repeat_command(result) == "warren lab test configs/lab/failover.toml --seed 42");
  result.file = "it's a lab.toml";
  CHECK(lab::repeat_command(result) == "warren lab test 'it'\\''s a lab.toml' --seed 42");
  result.replay = "old verdicts";
  CHECK(lab::repeat_command(result).ends_with(" --seed 42 --replay 'old verdicts'"));
}

TEST_CASE("a lab that failed by itself is a case of its own") {
  lab::LabResult result = passed();
  result.outcome = lab::Outcome::failed;
  result.message = "42 frames were dropped by Warren's own limits";
  const std::string text = lab::tap(std::vector{result});
  CHECK(text.find("    ok 1 - ping") != std::string::npos);
  CHECK(text.find("    not ok 2 - the lab itself\n") != std::string::npos);
  CHECK(text.find("\nnot ok 1 - two-hosts\n") != std::string::npos);
}

TEST_CASE("a lab that broke before its first expectation is one case with an error") {
  lab::LabResult result;
  result.name = "x";
  result.outcome = lab::Outcome::error;
  result.message = "making the TAP device: Operation not permitted";
  const std::string text = lab::junit_xml(std::vector{result});
  CHECK(text.find("tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\"") != std::string::npos);
  CHECK(text.find("<error message=\"making the TAP device: Operation not permitted\"") !=
        std::string::npos);
}

TEST_CASE("a result comes back from its JSON as it was") {
  lab::LabResult result = test::sample_result();
  result.run = 3;
  result.replay = "verdicts.txt";
  result.place = lab::Place{4, 2};
  result.logs = {{"bob", "api", "/run/lab/logs/api"}};
  result.evidence = "/tmp/artifacts";
  const auto json = lab::to_json(result);
  const lab::LabResult again = lab::result_from_json(nlohmann::json::parse(json.dump()));
  CHECK(lab::to_json(again) == json);
  CHECK(again.links[1].series == result.links[1].series);
  CHECK(again.expectations[1].figures[0].bound == "70ms±4ms");
  CHECK(again.expectations[1].figures[1].bound == std::nullopt);
  CHECK(again.began == result.began);
}

TEST_CASE("what a program wrote does not break a result's JSON") {
  lab::LabResult result = passed();
  result.expectations[0].detail = "\xff\xc3(";
  result.expectations[0].figures = {{"p50", std::nan(""), "s", std::nullopt, false}};
  const auto again = lab::result_from_json(nlohmann::json::parse(lab::to_json(result).dump()));
  CHECK(again.expectations[0].detail == "��(");
}

TEST_CASE("JSON is a line whatever bytes its texts have") {
  CHECK(lab::json_line({{"error", "bad \xff byte"}, {"hint", "a\nb"}}) ==
        "{\"error\":\"bad � byte\",\"hint\":\"a\\nb\"}");
}

TEST_CASE("JSON that is no result is refused with a reason") {
  CHECK_THROWS_AS(lab::result_from_json(nlohmann::json::parse("{}")), base::Error);
  auto json = lab::to_json(passed());
  json["outcome"] = "splendid";
  CHECK_THROWS_WITH(lab::result_from_json(json),
                    "a lab's result names `splendid`, which is not known");
}

TEST_CASE("a folder of evidence has a name that is safe and tells runs apart") {
  lab::LabResult result = passed();
  CHECK(lab::evidence_name(result) == "two-hosts-seed-7");
  result.name = "../a b";
  result.run = 3;
  CHECK(lab::evidence_name(result) == "_a_b-seed-7-run-3");
}
