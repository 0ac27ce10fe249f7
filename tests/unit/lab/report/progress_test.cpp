#include <catch2/catch_test_macros.hpp>
#include <string>

#include <warren/lab/report.hpp>

#include "terminal.hpp"

using namespace warren;
using namespace std::chrono_literals;

namespace {

constexpr base::Instant kStart{100s};

lab::LabResult result(const char* name, lab::Outcome outcome, const char* message = "") {
  lab::LabResult made;
  made.name = name;
  made.outcome = outcome;
  made.message = message;
  return made;
}

}  // namespace

TEST_CASE("without a terminal there is one plain line when a test ends") {
  lab::Progress progress({.live = false, .colour = false, .columns = 80}, 2);
  const auto first = progress.begin("two-hosts", kStart);
  progress.update(first, "1/3 ping");
  CHECK(progress.draw(kStart + 1s).empty());
  progress.finish(first, result("two-hosts", lab::Outcome::passed), kStart + 420ms);
  CHECK(progress.draw(kStart + 1s) == "PASS  two-hosts  420 ms\n");
  CHECK(progress.draw(kStart + 1s).empty());
}

TEST_CASE("a plain line of a test that did not pass says why") {
  lab::Progress progress({.live = false, .colour = false, .columns = 80}, 2);
  const auto first = progress.begin("a", kStart);
  const auto second = progress.begin("b", kStart);
  lab::LabResult failed = result("a", lab::Outcome::failed);
  failed.expectations.resize(1);
  failed.expectations[0].name = "ping";
  failed.expectations[0].outcome = lab::Outcome::failed;
  failed.expectations[0].message = "no reply within 1 s";
  progress.finish(first, failed, kStart + 2s);
  progress.finish(second, result("b", lab::Outcome::skipped, "needs root"), kStart);
  CHECK(progress.draw(kStart) ==
        "FAIL  a  2.0 s  ping: no reply within 1 s\nSKIP  b  0.0 ms  needs root\n");
}

TEST_CASE("what was not as it should be is told below the line, of a test that passed too") {
  lab::Progress progress({.live = false, .colour = false, .columns = 80}, 2);
  const auto first = progress.begin("a", kStart);
  lab::LabResult passed = result("a", lab::Outcome::passed);
  using Kind = lab::Incident::Kind;
  passed.incidents = {{.at = 10ms, .text = "a: web is ready", .kind = Kind::program},
                      {.at = 1200ms,
                       .text = "a: web exited\nwith status 3",
                       .kind = Kind::program,
                       .trouble = true},
                      {.at = 2s, .text = "no such link", .kind = Kind::event, .trouble = true}};
  progress.finish(first, passed, kStart + 2s);
  CHECK(progress.draw(kStart) == "PASS  a  2.0 s\n      ! 1.2 s  a: web exited with status 3\n");

  const auto second = progress.begin("b", kStart);
  lab::LabResult failed = result("b", lab::Outcome::failed, "a: web exited with status 3; its log");
  failed.incidents.assign(
      10, {.at = 1s, .text = "a: db ended", .kind = Kind::program, .trouble = true});
  failed.incidents.push_back(
      {.at = 1s, .text = "a: web exited with status 3", .kind = Kind::program, .trouble = true});
  progress.finish(second, failed, kStart + 1s);
  const std::string said = progress.draw(kStart);
  CHECK(said.ends_with("  ! 1.0 s  a: db ended\n      ! and 2 more\n"));
  CHECK(said.find("its log\n      ! 1.0 s  a: db ended\n") != std::string::npos);
}

TEST_CASE("on a terminal each running test has a line that is drawn again in its place") {
  lab::Progress progress({.live = true, .colour = false, .columns = 60}, 2);
  const auto first = progress.begin("two-hosts", kStart);
  const auto second = progress.begin("failover", kStart);
  progress.update(first, "1/3 ping");
  CHECK(progress.draw(kStart + 1s) ==
        "   1.0 s  two-hosts  1/3 ping\x1b[K\n"
        "   1.0 s  failover  \x1b[K\n"
        "0 of 2 done, 2 running\x1b[K\n\x1b[J");
  progress.finish(first, result("two-hosts", lab::Outcome::passed), kStart + 1200ms);
  progress.update(second, "bringing up");
  CHECK(progress.draw(kStart + 2s) ==
        "\r\x1b[3APASS  two-hosts  1.2 s\x1b[K\n"
        "   2.0 s  failover  bringing up\x1b[K\n"
        "1 of 2 done, 1 running\x1b[K\n\x1b[J");
  progress.finish(second, result("failover", lab::Outcome::passed), kStart + 3s);
  CHECK(progress.draw(kStart + 3s) == "\r\x1b[2APASS  failover  3.0 s\x1b[K\n\x1b[J");
}

TEST_CASE("a line never reaches the edge of the terminal") {
  lab::Progress progress({.live = true, .colour = false, .columns = 30}, 1);
  const auto test = progress.begin("a-lab-with-a-long-name", kStart);
  progress.update(test, "3/7 recovers after the outage of the wide area");
  const std::string drawn = progress.draw(kStart);
  CHECK(drawn.starts_with("   0.0 s  a-lab-with-a-long-…\x1b[K\n"));  // 29 characters
  progress.resize(100);
  CHECK(progress.draw(kStart).find("of the wide area") != std::string::npos);
}

TEST_CASE("what is said stays above the running lines") {
  lab::Progress progress({.live = true, .colour = false, .columns = 60}, 1);
  progress.begin("x", kStart);
  static_cast<void>(progress.draw(kStart));
  progress.say("a warning");
  CHECK(progress.draw(kStart).starts_with("\r\x1b[2Aa warning\x1b[K\n   0.0 s  x"));
}

TEST_CASE("text is cut to columns between characters, with an ellipsis") {
  CHECK(lab::fit("abc", 3) == "abc");
  CHECK(lab::fit("abcd", 3) == "ab…");
  CHECK(lab::fit("äöüß", 3) == "äö…");
  CHECK(lab::fit("äöü", 3) == "äöü");
}

TEST_CASE("what is no terminal gets neither colours nor lines that move") {
  const auto style = lab::progress_style(-1);
  CHECK_FALSE(style.live);
  CHECK_FALSE(style.colour);
  CHECK(style.columns > 0);
}
