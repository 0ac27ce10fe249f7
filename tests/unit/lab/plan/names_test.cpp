#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <set>
#include <string>

#include <warren/base/error.hpp>
#include <warren/lab/plan.hpp>

#include "builder.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

namespace {

std::string name_of(const std::string& lab_name, const std::string& node_name) {
  Builder lab(lab_name);
  const NodeId node = lab.node(node_name);
  return namespace_name(lab.topology(), node);
}

}  // namespace

TEST_CASE("a namespace is called LAB-NODE") {
  CHECK(name_of("vpn-failover", "alice") == "vpn-failover-alice");
  CHECK(name_of("a.b_c", "Node-7") == "a.b_c-Node-7");
}

TEST_CASE("a namespace's name is bounded and has characters that need no quoting") {
  for (const std::string odd :
       {"../etc", "a b", "-x", ".x", "$(id)", "é", "a'b", "a\nb", "/", ""}) {
    CAPTURE(odd);
    const std::string name = name_of(odd, odd);
    CHECK(name.size() <= kNamespaceNameLimit);
    CHECK(name.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
          std::string::npos);
    CHECK(name.front() != '-');
    CHECK(name.front() != '.');
  }
  CHECK(name_of(std::string(300, 'l'), std::string(300, 'n')).size() <= kNamespaceNameLimit);
}

TEST_CASE("nodes whose names need a change keep different namespaces") {
  const std::string stem(200, 'n');
  std::set<std::string> names;
  for (const std::string& node :
       {stem + "1", stem + "2", std::string("a b"), std::string("a:b"), std::string("a_b")}) {
    names.insert(name_of("lab", node));
  }
  CHECK(names.size() == 5);
  CHECK(names.count("lab-a_b") == 1);
}

TEST_CASE("a name of the greatest length is taken as it is") {
  const std::string node(kNamespaceNameLimit - 4, 'n');
  CHECK(name_of("lab", node) == "lab-" + node);
  CHECK(name_of("lab", node + "n") != "lab-" + node + "n");
}

TEST_CASE("a sysctl's dots are its folders, unless it is written with slashes") {
  CHECK(sysctl_path("net.ipv4.ip_forward") == "net/ipv4/ip_forward");
  CHECK(sysctl_path("net/ipv4/conf/eth0.100/rp_filter") == "net/ipv4/conf/eth0.100/rp_filter");
}

TEST_CASE("a sysctl that would leave its folder is refused by name") {
  for (const std::string key :
       {"net/../../etc/passwd", "/etc/passwd", "net..ipv4", "", "./net", "net/ipv4/"}) {
    CAPTURE(key);
    CHECK_THROWS_AS(sysctl_path(key), base::Error);
  }
  CHECK_THROWS_WITH(sysctl_path("../x"),
                    Catch::Matchers::ContainsSubstring("`../x` is not the name of a sysctl"));
}
