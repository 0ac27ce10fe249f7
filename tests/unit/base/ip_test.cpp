#include <netinet/in.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <string_view>

#include <warren/base/ip.hpp>

using namespace warren::base;

TEST_CASE("an endpoint prints as it was written") {
  const auto* text = GENERATE("192.0.2.1:51820", "[2001:db8::1]:51820", "[fe80::1%2]:1", "0.0.0.0:0");
  CHECK(Endpoint::parse(text)->to_string() == text);
}

TEST_CASE("an endpoint that is not one is refused") {
  const auto* text = GENERATE("", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1",
                              "[1.2.3.4]:1", "2001:db8::1:1", "[::1", "[::1]", "[::1%x]:1", "a.b:1",
                              "1.2.3.4:1 ");
  CAPTURE(text);
  CHECK_FALSE(Endpoint::parse(text));
}

TEST_CASE("an endpoint survives sockaddr and back") {
  const auto* text = GENERATE("192.0.2.1:51820", "[2001:db8::1]:51820", "[fe80::1%2]:1");
  sockaddr_in6 storage{};
  const auto endpoint = *Endpoint::parse(text);
  const auto length = endpoint.to_sockaddr(&storage);
  CHECK(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), length) == endpoint);
}

TEST_CASE("an IPv4-mapped address is taken as IPv4") {
  sockaddr_in6 storage{};
  const auto length = Endpoint::parse("[::ffff:192.0.2.1]:7")->to_sockaddr(&storage);
  CHECK(Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&storage), length) ==
        Endpoint::parse("192.0.2.1:7"));
}

TEST_CASE("a network zeroes its host bits") {
  CHECK(IpNetwork::parse("10.1.2.3/8")->to_string() == "10.0.0.0/8");
  CHECK(IpNetwork::parse("10.1.2.255/25")->to_string() == "10.1.2.128/25");
  CHECK(IpNetwork::parse("fd00::ffff/126")->to_string() == "fd00::fffc/126");
  CHECK(IpNetwork::parse("1.2.3.4")->to_string() == "1.2.3.4/32");
  CHECK(IpNetwork::parse("1.2.3.4/0")->to_string() == "0.0.0.0/0");
}

TEST_CASE("text with a NUL byte in it is no address") {
  using namespace std::string_view_literals;
  CHECK_FALSE(IpAddress::parse("10.0.0.1\0junk"sv));
  CHECK_FALSE(IpNetwork::parse("fd00::1\0/64"sv));
}

TEST_CASE("a malformed network is refused") {
  const auto* text = GENERATE("", "/", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/a", "10.0.0/8",
                              "10.0.0.0/-1");
  CAPTURE(text);
  CHECK_FALSE(IpNetwork::parse(text));
}

TEST_CASE("a network contains its own family only") {
  const auto network = *IpNetwork::parse("0.0.0.0/0");
  CHECK(network.contains(*IpAddress::parse("1.2.3.4")));
  CHECK_FALSE(network.contains(*IpAddress::parse("::1")));
  CHECK_FALSE(IpNetwork::parse("10.0.0.0/9")->contains(*IpAddress::parse("10.128.0.0")));
}

TEST_CASE("a MAC address prints as it was written") {
  CHECK(MacAddress::parse("02:00:5e:10:00:ff")->to_string() == "02:00:5e:10:00:ff");
  CHECK_FALSE(MacAddress::parse("02:00:5e:10:00"));
  CHECK_FALSE(MacAddress::parse("02:00:5e:10:00:fg"));
  CHECK_FALSE(MacAddress::parse("02-00-5e-10-00-ff"));
  CHECK(MacAddress::parse("01:00:5e:00:00:01")->is_group());
}
