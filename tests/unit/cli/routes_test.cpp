#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon_routes.hpp"

namespace warren::cli {
namespace {

std::set<std::string> routed(const std::vector<std::string_view>& allowed,
                             const std::vector<std::string_view>& addresses = {}) {
  std::vector<base::IpNetwork> networks;
  for (const auto text : allowed) networks.push_back(base::IpNetwork::parse(text).value());
  std::vector<base::InterfaceAddress> own;
  for (const auto text : addresses) own.push_back(base::InterfaceAddress::parse(text).value());
  std::set<std::string> texts;
  for (const auto& network : networks_to_route(networks, own)) texts.insert(network.to_string());
  return texts;
}

using Texts = std::set<std::string>;

}  // namespace

TEST_CASE("each allowed network that stands alone gets a route") {
  CHECK(routed({"10.0.0.0/24", "10.0.1.0/24", "fd00::/64"}) ==
        Texts{"10.0.0.0/24", "10.0.1.0/24", "fd00::/64"});
  CHECK(routed({}).empty());
}

TEST_CASE("a network inside another one needs no route of its own") {
  CHECK(routed({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32"}) == Texts{"10.0.0.0/8"});
  CHECK(routed({"fd00::/16", "fd00:1::/64"}) == Texts{"fd00::/16"});
}

TEST_CASE("a network given to two peers gets one route") {
  CHECK(routed({"10.0.0.0/24", "10.0.0.0/24"}) == Texts{"10.0.0.0/24"});
}

TEST_CASE("what lies in the subnet of an own address is routed by the kernel") {
  CHECK(routed({"10.8.0.2/32", "10.9.0.0/24"}, {"10.8.0.1/24"}) == Texts{"10.9.0.0/24"});
  CHECK(routed({"10.8.0.0/24"}, {"10.8.0.1/24"}).empty());
}

TEST_CASE("an own subnet inside an allowed network does not take its route away") {
  CHECK(routed({"10.0.0.0/8"}, {"10.8.0.1/24"}) == Texts{"10.0.0.0/8"});
}

TEST_CASE("a default route covers nothing and nothing covers it") {
  CHECK(routed({"0.0.0.0/0", "10.0.0.0/8", "::/0", "fd00::/8"}, {"10.8.0.1/24"}) ==
        Texts{"0.0.0.0/0", "10.0.0.0/8", "::/0", "fd00::/8"});
}

TEST_CASE("the families do not cover each other") {
  CHECK(routed({"0.0.0.0/1", "::/1", "1.2.3.0/24"}) == Texts{"0.0.0.0/1", "::/1"});
}

}  // namespace warren::cli
