// What a result says of the machine.
#include "../../../../src/lab/scenario/machine.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace warren::lab;

TEST_CASE("processor time is read from the kernel's first line") {
  const auto time = parse_processor_time(
      "cpu  100 20 30 800 40 5 6 7 99 98\n"
      "cpu0 1 1 1 1 1 1 1 1 1 1\n");
  REQUIRE(time);
  CHECK(time->all == 1008);
  CHECK(time->idle == 840);
  CHECK(time->stolen == 7);
}

TEST_CASE("what is not the kernel's line of processor time is not read") {
  CHECK_FALSE(parse_processor_time(""));
  CHECK_FALSE(parse_processor_time("cpu0 1 2 3 4 5 6 7 8"));
  CHECK_FALSE(parse_processor_time("cpu  1 2 3"));
  CHECK_FALSE(parse_processor_time("cpu  1 2 3 4 5 6 7 x"));
  CHECK_FALSE(parse_processor_time("cpu "));
}

TEST_CASE("a load is told in shares of the time that passed") {
  CHECK(describe_load({.all = 1000, .idle = 500, .stolen = 10},
                      {.all = 1200, .idle = 520, .stolen = 20}) ==
        "processors 85% busy, 5% taken by the hypervisor");
  // The kernel's idle time may go back a little.
  CHECK(describe_load({.all = 1000, .idle = 500}, {.all = 1100, .idle = 499}) ==
        "processors 100% busy, 0% taken by the hypervisor");
  CHECK(describe_load({.all = 1000}, {.all = 1000}).empty());
}
