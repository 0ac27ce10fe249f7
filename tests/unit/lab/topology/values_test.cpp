// Quantities as a file writes them: what they mean, what is refused and why. The patterns of
// docs/lab.schema.json say the same.
#include "values.hpp"

#include <array>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <csignal>
#include <regex>
#include <string_view>

#include "schema_document.hpp"
#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using namespace std::chrono_literals;
using Catch::Approx;

namespace {

struct Refused {
  std::string_view text;
  std::string_view says;
};

bool matches(Format format, std::string_view text) {
  return std::regex_search(std::string(text), std::regex(pattern_of(format)));
}

template <class Parse>
void check_refused(std::span<const Refused> cases, Format format, Parse parse) {
  for (const Refused& each : cases) {
    CAPTURE(each.text);
    const auto parsed = parse(each.text);
    REQUIRE_FALSE(parsed.has_value());
    CAPTURE(parsed.error().message);
    CHECK(contains(parsed.error().message, each.says));
    CHECK_FALSE(matches(format, each.text));
  }
}

}  // namespace

TEST_CASE("durations have a unit, and may have a fraction") {
  struct Case {
    std::string_view text;
    base::Duration value;
  };
  const Case cases[] = {
      {"35ms", 35ms}, {"2s", 2s},        {"1.5s", 1500ms}, {"150us", 150us}, {"150µs", 150us},
      {"10ns", 10ns}, {"0", 0ns},        {"0s", 0ns},      {"2m", 2min},     {"2min", 2min},
      {"1h", 1h},     {"0.25ms", 250us}, {"35 ms", 35ms},  {"24h", 24h},     {"0.1s", 100ms},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(parse_duration(each.text) == each.value);
    CHECK(matches(Format::duration, each.text));
  }
  const Refused refused[] = {
      {"", "is no duration"},    {"35", "has no unit"},       {"35msec", "unknown unit"},
      {"-1s", "is negative"},    {"ms", "is no duration"},    {"1e3s", "unknown unit"},
      {".5s", "is no duration"}, {"5.s", "is no duration"},   {"1.2.3s", "is no duration"},
      {"inf", "is no duration"}, {"0x10s", "unknown unit"},   {"1s 5ms", "unknown unit"},
      {"35MS", "unknown unit"},  {" 35ms", "is no duration"},
  };
  check_refused(refused, Format::duration, parse_duration);
  CHECK(parse_duration("25h").error().message == "\"25h\" is longer than a day");
}

TEST_CASE("rates are bits per second in powers of a thousand") {
  struct Case {
    std::string_view text;
    std::uint64_t value;
  };
  const Case cases[] = {
      {"20Mbit", 20'000'000},       {"1.5Gbit", 1'500'000'000},
      {"500kbit", 500'000},         {"64bit", 64},
      {"20Mbit/s", 20'000'000},     {"20Mbitps", 20'000'000},
      {"100Gbit", 100'000'000'000}, {"20 Mbit", 20'000'000},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(parse_rate(each.text) == each.value);
    CHECK(matches(Format::rate, each.text));
  }
  const Refused refused[] = {
      {"20", "has no unit"},      {"20Mb", "unknown unit"},  {"20mbit", "unknown unit"},
      {"20MBit", "unknown unit"}, {"-5Mbit", "is negative"}, {"fast", "is no rate"},
      {"20MiB", "unknown unit"},
  };
  check_refused(refused, Format::rate, parse_rate);
  CHECK(contains(parse_rate("0bit").error().message, "lets nothing through"));
  CHECK(contains(parse_rate("101Gbit").error().message, "more than 100 Gbit"));
}

TEST_CASE("sizes are bytes, with or without a unit") {
  struct Case {
    std::string_view text;
    std::uint64_t value;
  };
  const Case cases[] = {{"1500", 1500},    {"1500B", 1500},      {"64KiB", 65536},
                        {"4MiB", 4194304}, {"1GiB", 1073741824}, {"10kB", 10000},
                        {"0.5KiB", 512},   {"2MB", 2000000},     {"0", 0}};
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(parse_size(each.text) == each.value);
    CHECK(matches(Format::size, each.text));
  }
  const Refused refused[] = {
      {"", "is no size"}, {"64kib", "unknown unit"}, {"-1", "is negative"}, {"big", "is no size"}};
  check_refused(refused, Format::size, parse_size);
  CHECK(contains(parse_size("0.3B").error().message, "no whole number"));
  CHECK(contains(parse_size("9999999GiB").error().message, "too big"));
}

TEST_CASE("shares are percentages up to 100, and as near to what was written as can be") {
  CHECK(parse_share("1%") == 0.01);
  CHECK(parse_share("7%") == 0.07);
  CHECK(parse_share("0.5%") == 0.005);
  CHECK(parse_share("100%") == 1.0);
  CHECK(parse_share("0") == 0.0);
  for (const auto* text : {"1%", "0.5%", "100%", "100.0%", "0", "99.99 %"}) {
    CAPTURE(text);
    CHECK(matches(Format::share, text));
  }
  const Refused refused[] = {{"1", "has no unit"},          {"0.01", "has no unit"},
                             {"101%", "more than 100"},     {"-1%", "is negative"},
                             {"1 percent", "unknown unit"}, {"%", "is no percentage"}};
  check_refused(refused, Format::share, parse_share);
}

TEST_CASE("a bound is around a value, between two, above, below, or exact") {
  struct Case {
    std::string_view text;
    Quantity quantity;
    std::optional<double> least, most;
  };
  const Case cases[] = {
      {"70ms±4ms", Quantity::duration, 0.066, 0.074},
      {"70ms+-4ms", Quantity::duration, 0.066, 0.074},
      {"70ms ± 4ms", Quantity::duration, 0.066, 0.074},
      {"10ms±20ms", Quantity::duration, 0.0, 0.03},
      {"<=80ms", Quantity::duration, {}, 0.08},
      {">=80ms", Quantity::duration, 0.08, {}},
      {"60ms..80ms", Quantity::duration, 0.06, 0.08},
      {"20Mbit±2%", Quantity::rate, 19.6e6, 20.4e6},
      {"1.8Mbit..2Mbit", Quantity::rate, 1.8e6, 2e6},
      {"1%±0.5%", Quantity::share, 0.005, 0.015},
      {"0.5%..1.5%", Quantity::share, 0.005, 0.015},
      {"100%", Quantity::share, 1.0, 1.0},
      {"0", Quantity::count, 0.0, 0.0},
      {"3", Quantity::count, 3.0, 3.0},
      {"1..20", Quantity::count, 1.0, 20.0},
      {">=10", Quantity::count, 10.0, {}},
      {"100±10%", Quantity::count, 90.0, 110.0},
  };
  const auto format_of = [](Quantity quantity) {
    return quantity == Quantity::duration ? Format::bound_of_duration
           : quantity == Quantity::rate   ? Format::bound_of_rate
           : quantity == Quantity::share  ? Format::bound_of_share
                                          : Format::bound_of_count;
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const auto bound = parse_bound(each.text, each.quantity);
    REQUIRE(bound.has_value());
    CHECK(bound->text == each.text);
    REQUIRE(bound->least.has_value() == each.least.has_value());
    REQUIRE(bound->most.has_value() == each.most.has_value());
    if (each.least) CHECK(*bound->least == Approx(*each.least));
    if (each.most) CHECK(*bound->most == Approx(*each.most));
    CHECK(matches(format_of(each.quantity), each.text));
  }
}

TEST_CASE("a bound without `=` leaves its own value out") {
  const auto below = parse_bound("<3", Quantity::count);
  REQUIRE(below.has_value());
  CHECK(below->contains(2));
  CHECK_FALSE(below->contains(3));
  const auto above = parse_bound(">3", Quantity::count);
  REQUIRE(above.has_value());
  CHECK_FALSE(above->contains(3));
  CHECK(above->contains(4));
}

TEST_CASE("a bound that nothing meets, or no one means, is refused") {
  struct Case {
    std::string_view text;
    Quantity quantity;
    std::string_view says;
  };
  const Case cases[] = {
      {"70ms", Quantity::duration, "never met exactly"},
      {"20Mbit", Quantity::rate, "never met exactly"},
      {"80ms..60ms", Quantity::duration, "the first is the larger"},
      {"<0", Quantity::count, "holds for nothing"},
      {">150%", Quantity::share, "more than 100%"},
      {"", Quantity::count, "is no number"},
      {"±4ms", Quantity::duration, "is no duration"},
      {"70ms±", Quantity::duration, "is no duration"},
      {"<", Quantity::count, "is no number"},
      {"..", Quantity::count, "is no number"},
      {"=3", Quantity::count, "is no number"},
      {"<80", Quantity::duration, "has no unit"},
      {"10ms", Quantity::count, "is no number"},
      {"-3", Quantity::count, "is negative"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const auto bound = parse_bound(each.text, each.quantity);
    REQUIRE_FALSE(bound.has_value());
    CAPTURE(bound.error().message);
    CHECK(contains(bound.error().message, each.says));
  }
}

TEST_CASE("a selector is a kind of packet and its number in the flow") {
  using Kind = impair::Selector::Kind;
  struct Case {
    std::string_view text;
    impair::Selector value;
  };
  const Case cases[] = {
      {"udp#3", {Kind::udp, 3}},         {"tcp.syn#1", {Kind::tcp_syn, 1}},
      {"tcp#12", {Kind::tcp, 12}},       {"tcp.fin#1", {Kind::tcp_fin, 1}},
      {"tcp.rst#1", {Kind::tcp_rst, 1}}, {"icmp#2", {Kind::icmp, 2}},
      {"arp#1", {Kind::arp, 1}},         {"any#10", {Kind::any, 10}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    CHECK(parse_selector(each.text) == each.value);
    CHECK(matches(Format::selector, each.text));
  }
  const Refused refused[] = {
      {"udp", "does not say which packet"},     {"udp#", "does not say which packet"},
      {"udp#x", "does not say which packet"},   {"udp#0", "is no packet"},
      {"upd#3", "is no kind of packet"},        {"#3", "is no kind of packet"},
      {"udp#3-5", "does not say which packet"}, {"tcp.sin#1", "is no kind of packet"},
  };
  check_refused(refused, Format::selector, parse_selector);
  CHECK(parse_selector("upd#3").error().hint == "did you mean \"udp\"?");
}

TEST_CASE("signals go by their names, with or without SIG") {
  CHECK(parse_signal("TERM") == SIGTERM);
  CHECK(parse_signal("SIGKILL") == SIGKILL);
  const Refused refused[] = {{"KIL", "is no signal"}, {"term", "is no signal"}, {"", "no signal"}};
  check_refused(refused, Format::signal, parse_signal);
  CHECK(parse_signal("KIL").error().hint == "did you mean \"KILL\"?");
}

TEST_CASE("names are letters, digits, dashes, underscores and dots") {
  for (const auto* name : {"a", "alice", "gate-a", "node_1", "h1.example", "7up", "A"}) {
    CAPTURE(name);
    CHECK_FALSE(check_name(name).has_value());
    CHECK(matches(Format::name, name));
  }
  const std::string long_name(41, 'a');
  for (const std::string& name :
       {std::string(), std::string("-a"), std::string(".."), std::string("a b"), std::string("a/b"),
        std::string("ä"), std::string("a:b"), std::string("a*"), long_name}) {
    CAPTURE(name);
    CHECK(check_name(name).has_value());
    CHECK_FALSE(matches(Format::name, name));
  }
}

TEST_CASE("regular expressions are compiled before anything runs") {
  CHECK_FALSE(check_regex("^HTTP/1\\.[01] 200").has_value());
  const auto unclosed = check_regex("x(unclosed");
  REQUIRE(unclosed.has_value());
  CHECK(unclosed->message.find("missing ): x(unclosed") != std::string::npos);
  CHECK(check_regex("[b-a]").value().message.find(": b-a") != std::string::npos);
  CHECK(check_regex("(a)\\1").has_value());
  CHECK(check_regex(std::string(1001, 'a')).has_value());
}
