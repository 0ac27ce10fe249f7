// Verdicts that were written down and apply again.
#include <catch2/catch_test_macros.hpp>
#include <map>

#include <warren/impair/recording.hpp>

#include "run.hpp"

using namespace warren;
using namespace warren::test;
using namespace warren::impair;

namespace {

std::shared_ptr<const Recording> recording(std::string_view text) {
  return std::make_shared<const Recording>(Recording::parse(text).value());
}
constexpr Limits kLimits{1024, 1024};
constexpr StreamKey kWan{.seed = 1, .link = "wan", .direction = 0};

bool same(const Fate& a, const Fate& b) {
  return a.verdict == b.verdict && a.duplicated == b.duplicated && a.corrupted == b.corrupted &&
         a.reordered == b.reordered && a.flow == b.flow && a.number == b.number &&
         a.jitter == b.jitter && a.copy_jitter == b.copy_jitter &&
         a.corrupted_bit == b.corrupted_bit;
}

Settings rough() {
  Settings settings;
  settings.delay = 10ms;
  settings.jitter = {4ms, Distribution::normal};
  settings.loss = GilbertElliottLoss{.p = 0.1, .r = 0.4};
  settings.duplicate = 0.1;
  settings.corrupt = 0.1;
  settings.reorder = Reordering{.p = 0.1, .ahead = {}};
  return settings;
}

struct Outcome {
  std::string lines;
  std::vector<Fate> fates;
  std::vector<std::uint32_t> order;
  std::vector<base::Duration> times;
};
Outcome run_with(const Settings& settings, std::uint64_t seed,
                 std::shared_ptr<const Recording> replay) {
  Run run(settings, kLimits, {.seed = seed, .link = "wan", .direction = 0}, std::move(replay));
  Outcome outcome;
  for (int i = 0; i < 400; ++i) {
    run.advance_to(i * 1ms);
    outcome.fates.push_back(run.send(plain_frame()));
    outcome.lines += Recording::line("wan", 0, outcome.fates.back());
  }
  run.drain();
  outcome.order = run.handles();
  outcome.times = run.times();
  return outcome;
}

}  // namespace

TEST_CASE("a recording replays every verdict, whatever the seed") {
  const auto first = run_with(rough(), 1, nullptr);
  const auto other = run_with(rough(), 2, nullptr);
  const auto again = run_with(rough(), 2, recording(first.lines));
  CHECK(other.lines != first.lines);
  CHECK(again.lines == first.lines);
  CHECK(std::ranges::equal(again.fates, first.fates, same));
  CHECK(again.order == first.order);
  CHECK(again.times == first.times);
}

TEST_CASE("frames that are not listed fall back to the dice they would have had") {
  const auto plain = run_with(rough(), 1, nullptr);
  // The flow's frames 11 to 20 are lost; the chain of the others goes on as before.
  std::string text;
  for (std::size_t i = 10; i < 20; ++i) {
    Fate fate;
    fate.verdict = Verdict::lost;
    fate.flow = plain.fates[i].flow;
    fate.number = plain.fates[i].number;
    text += Recording::line("wan", 0, fate);
  }
  const auto changed = run_with(rough(), 1, recording(text));
  for (std::size_t i = 0; i < plain.fates.size(); ++i) {
    CAPTURE(i);
    if (i >= 10 && i < 20)
      CHECK(changed.fates[i].verdict == Verdict::lost);
    else
      CHECK(same(changed.fates[i], plain.fates[i]));
  }
}

TEST_CASE("a line holds every part of a fate") {
  const Fate fate{.verdict = Verdict::passed,
                  .duplicated = true,
                  .corrupted = true,
                  .reordered = true,
                  .flow = 0x00ab'cdef'0123'4567,
                  .number = 12,
                  .jitter = -1250us,
                  .copy_jitter = 880us,
                  .corrupted_bit = 403};
  const auto line = Recording::line("wan", 1, fate);
  CHECK(line ==
        "wan 1 00abcdef01234567 12 passed jitter=-1250000 corrupted=403 duplicated=880000 "
        "reordered\n");
  const auto parsed = Recording::parse(line).value();
  CHECK(parsed.size() == 1);
  const auto* stream = parsed.stream("wan", 1);
  REQUIRE(stream != nullptr);
  REQUIRE(stream->find(fate.flow, 12) != nullptr);
  CHECK(same(*stream->find(fate.flow, 12), fate));
  CHECK(stream->find(fate.flow, 13) == nullptr);
  CHECK(stream->find(fate.flow + 1, 12) == nullptr);
  CHECK(parsed.stream("wan", 0) == nullptr);
}

TEST_CASE("every verdict has a word") {
  for (std::size_t i = 0; i < kVerdicts; ++i) {
    Fate fate;
    fate.verdict = static_cast<Verdict>(i);
    fate.flow = 5;
    fate.number = 1;
    const auto parsed = Recording::parse(Recording::line("a", 0, fate)).value();
    CHECK(parsed.stream("a", 0)->find(5, 1)->verdict == fate.verdict);
    CHECK(describe(fate.verdict) != "unknown");
    CHECK(!identifier(fate.verdict).empty());
  }
  CHECK(describe(Verdict::too_big) == "too big");
  CHECK(identifier(Verdict::too_big) == "too_big");
  Fate fate;
  fate.verdict = Verdict::too_big;
  CHECK(Recording::line("a", 0, fate) == "a 0 0000000000000000 0 too-big\n");
}

TEST_CASE("a link's name may hold anything") {
  std::string name = "a b#%\n\t";
  name += '\0';
  name += "\xff\xc3\xa4";
  Fate fate;
  fate.number = 1;
  const auto parsed = Recording::parse(Recording::line(name, 0, fate)).value();
  CHECK(parsed.stream(name, 0) != nullptr);
}

TEST_CASE("comments and empty lines say nothing, the last line of a frame counts") {
  const auto parsed =
      Recording::parse("# all of it\n\n  \na 0 1 1 passed\na 0 1 2 lost\na 0 1 1 codel\r\n")
          .value();
  CHECK(parsed.size() == 2);
  CHECK(parsed.stream("a", 0)->find(1, 1)->verdict == Verdict::codel);
  CHECK(Recording::parse("").value().size() == 0);
}

TEST_CASE("what is no recording is refused with its line") {
  struct Case {
    std::string_view text;
    std::string_view part;
  };
  const std::vector<Case> cases{
      {"a 0 1 1 passed\na%4 0 1 1 lost\n", "escape"},
      {"a 0 1 1 passed\na%zz 0 1 1 lost\n", "escape"},
      {"a 0 1 1 passed\na 2 1 1 lost\n", "direction"},
      {"a 0 1 1 passed\na 0 x 1 lost\n", "flow"},
      {"a 0 1 1 passed\na 0 11112222333344445 1 lost\n", "flow"},
      {"a 0 1 1 passed\na 0 1 0 lost\n", "number"},
      {"a 0 1 1 passed\na 0 1 1 gone\n", "\"gone\" is no verdict"},
      {"a 0 1 1 passed\na 0 1 1\n", "no verdict"},
      {"a 0 1 1 passed\na\n", "direction"},
      {"a 0 1 1 passed\na 0 1 1 passed late\n", "\"late\" is not understood"},
      {"a 0 1 1 passed\na 0 1 1 passed jitter=\n", "not understood"},
      {"a 0 1 1 passed\na 0 1 1 passed jitter=9999999999999999999\n", "not understood"},
      {"a 0 1 1 passed\na 0 1 1 passed corrupted\n", "not understood"},
      {"a 0 1 1 passed\na 0 1 1 passed corrupted=99999999\n", "not understood"},
      {"a 0 1 1 passed\na 0 1 1 passed reordered=1\n", "not understood"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto parsed = Recording::parse(one.text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().line == 2);
    CHECK(parsed.error().message.find(one.part) != std::string::npos);
  }
}

TEST_CASE("a recorded verdict of the queue applies again, and a recorded passage is spared") {
  Settings settings;
  settings.rate_bps = 1'000'000;
  settings.queue.bytes = 1000;
  const auto flow = Run(settings).send(plain_frame(1000)).flow;
  std::string text;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    Fate fate;
    fate.flow = flow;
    fate.number = i;
    fate.verdict = i == 1 ? Verdict::queue_full : i == 2 ? Verdict::codel : Verdict::passed;
    text += Recording::line("wan", 0, fate);
  }
  Run run(settings, kLimits, kWan, recording(text));
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::queue_full);
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::codel);
  for (int i = 3; i <= 6; ++i) CHECK(run.send(plain_frame(1000)).verdict == Verdict::passed);
  CHECK(run.send(plain_frame(1000)).verdict == Verdict::queue_full);  // not listed: no room
  run.drain();
  CHECK(run.handles() == std::vector<std::uint32_t>{2, 3, 4, 5});
}

TEST_CASE("CoDel spares what was recorded as passed") {
  Settings settings;
  settings.rate_bps = 10'000'000;
  settings.queue = {.discipline = Discipline::codel, .bytes = 1'000'000};
  const auto drops = [&](std::shared_ptr<const Recording> replay) {
    Run run(settings, kLimits, kWan, std::move(replay));
    std::string lines;
    for (int i = 0; i < 400; ++i) lines += Recording::line("wan", 0, run.send(plain_frame(1250)));
    run.drain();
    CHECK(run.left.size() == 400);
    return std::pair(std::ranges::count(run.left, Verdict::codel, &Left::verdict), lines);
  };
  const auto [before, lines] = drops(nullptr);
  CHECK(before > 3);
  CHECK(drops(recording(lines)).first == 0);
}

TEST_CASE("a recorded bit that the frame's payload does not have is not flipped") {
  Fate fate = Run(Settings{}).send(plain_frame());
  fate.corrupted = true;
  for (const auto& [bit, corrupted] : std::map<std::uint32_t, bool>{
           {0, false}, {111, false}, {112, true}, {1135, true}, {1136, false}}) {
    CAPTURE(bit);
    fate.corrupted_bit = bit;
    Run run(Settings{}, kLimits, kWan, recording(Recording::line("wan", 0, fate)));
    Frame frame = plain_frame();  // 142 bytes
    CHECK(run.send_in_place(frame).corrupted == corrupted);
    CHECK((frame != plain_frame()) == corrupted);
  }
}

TEST_CASE("a link that is down stays down, whatever was recorded") {
  Settings settings;
  Fate fate = Run(settings).send(plain_frame());
  settings.up = false;
  Run run(settings, kLimits, kWan, recording(Recording::line("wan", 0, fate)));
  CHECK(run.send(plain_frame()).verdict == Verdict::link_down);
}
