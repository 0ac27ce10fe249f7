// Arithmetic on addresses and networks of both families.
#include "subnets.hpp"

#include <catch2/catch_test_macros.hpp>
#include <string_view>

using namespace warren;
using namespace warren::lab;

namespace {

base::IpAddress address(std::string_view text) {
  return base::IpAddress::parse(text).value();
}
base::IpNetwork network(std::string_view text) {
  return base::IpNetwork::parse(text).value();
}

}  // namespace

TEST_CASE("addresses are added to, with a carry over all bytes") {
  CHECK(advance(address("10.0.0.255"), 0, 1) == address("10.0.1.0"));
  CHECK(advance(address("10.255.255.255"), 0, 1) == address("11.0.0.0"));
  CHECK(advance(address("10.0.0.0"), 8, 1) == address("10.0.1.0"));
  CHECK(advance(address("10.0.0.0"), 9, 1) == address("10.0.2.0"));
  CHECK(advance(address("10.0.0.0"), 7, 3) == address("10.0.1.128"));
  CHECK(advance(address("10.0.0.0"), 4, 255) == address("10.0.15.240"));
  CHECK(advance(address("10.0.0.0"), 0, 65536) == address("10.1.0.0"));
  CHECK(advance(address("fd00::ffff:ffff:ffff:ffff"), 0, 1) == address("fd00:0:0:1::"));
  CHECK(advance(address("fd00::"), 64, 0x10001) == address("fd00:0:1:1::"));
  CHECK(advance(address("fd00::"), 60, 1) == address("fd00::1000:0:0:0"));
  CHECK(advance(address("fd00::"), 0, 0xffffffffffffffff) == address("fd00::ffff:ffff:ffff:ffff"));
}

TEST_CASE("there is no address beyond the last one") {
  CHECK(advance(address("255.255.255.255"), 0, 1) == std::nullopt);
  CHECK(advance(address("255.255.255.0"), 8, 1) == std::nullopt);
  CHECK(advance(address("ffff::"), 112, 1) == std::nullopt);
}

TEST_CASE("the hosts of a network are counted without its own and the broadcast address") {
  CHECK(capacity(network("10.0.0.0/24")) == 254);
  CHECK(capacity(network("10.0.0.0/30")) == 2);
  CHECK(capacity(network("10.0.0.0/31")) == 2);
  CHECK(capacity(network("10.0.0.1/32")) == 1);
  CHECK(capacity(network("fd00::/64")) == std::uint64_t{1} << 63);
  CHECK(capacity(network("fd00::/120")) == 255);
  CHECK(first_host(network("10.0.0.0/24")) == 1);
  CHECK(first_host(network("10.0.0.0/31")) == 0);
  CHECK(address_in(network("10.0.0.0/24"), 1) == address("10.0.0.1"));
  CHECK(address_in(network("10.0.0.0/24"), 256) == std::nullopt);
}

TEST_CASE("networks overlap when one covers the other, within their family") {
  CHECK(overlaps(network("10.0.0.0/16"), network("10.0.3.0/24")));
  CHECK(overlaps(network("10.0.3.0/24"), network("10.0.0.0/16")));
  CHECK_FALSE(overlaps(network("10.0.0.0/24"), network("10.0.1.0/24")));
  CHECK_FALSE(overlaps(network("0.0.0.0/0"), network("::/0")));
  CHECK(covers(network("10.0.0.0/16"), network("10.0.0.0/16")));
  CHECK_FALSE(covers(network("10.0.3.0/24"), network("10.0.0.0/16")));
}
