#include <catch2/catch_test_macros.hpp>

#include <warren/base/units.hpp>

using namespace warren::base;

TEST_CASE("what is counted stands in the plural unless it is one") {
  CHECK(counted(0, "peer") == "0 peers");
  CHECK(counted(1, "peer") == "1 peer");
  CHECK(counted(2, "peer") == "2 peers");
}
