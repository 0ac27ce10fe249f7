// Pictures: what is in them, and that no name breaks out of its place.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cstdlib>
#include <string>

#include <warren/base/error.hpp>
#include <warren/lab/plan.hpp>

#include "builder.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Two hosts with names that mean something to DOT, HTML and Mermaid.
Topology odd() {
  Builder lab("odd\"}\\");
  const NodeId a = lab.node("<b>&\"]}\\");
  const NodeId b = lab.node("end;`#|\n--x");
  lab.link("--> |x|\"", {a, "<eth>", {"10.0.0.1/24"}}, {b, "\"", {"10.0.0.2/24"}});
  lab.tunnel("wr\"0<", {{a, "10.99.0.1/24"}, {b, "10.99.0.2/24"}});
  return lab.topology();
}

Topology tunnels(std::size_t ends, bool hub) {
  Builder lab("mesh");
  const NodeId a = lab.node("a");
  const NodeId b = lab.node("b");
  const NodeId c = lab.node("c");
  lab.link("a-b", {a, "eth0"}, {b, "eth0"});
  lab.link("b-c", {b, "eth1"}, {c, "eth0"});
  if (ends == 2) {
    lab.tunnel("wr0", {{a, "10.99.0.1/24"}, {b, "10.99.0.2/24"}});
  } else {
    lab.tunnel("wr0", {{a, "10.99.0.1/24"}, {b, "10.99.0.2/24"}, {c, "10.99.0.3/24"}});
  }
  if (hub) lab.topology().tunnels[0].hub = 1;
  return lab.topology();
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t i = 0; (i = text.find(part, i)) != std::string::npos; ++i) ++found;
  return found;
}

}  // namespace

TEST_CASE("DOT quotes names and escapes them in labels") {
  const std::string dot = draw(odd(), GraphFormat::dot);
  CHECK_THAT(dot, ContainsSubstring(R"(graph "odd\"}\\" {)"));
  CHECK_THAT(dot, ContainsSubstring(R"("<b>&\"]}\\" [)"));
  CHECK_THAT(dot, ContainsSubstring("<B>&lt;b&gt;&amp;&quot;]}\\</B>"));
  CHECK_THAT(dot, ContainsSubstring("&lt;eth&gt;"));
  CHECK_THAT(dot, ContainsSubstring("\"end;`#|?--x\""));
  CHECK_THAT(dot, ContainsSubstring("<B>wr&quot;0&lt;</B>"));
}

TEST_CASE("Mermaid gets entities for whatever is not a plain character") {
  const std::string chart = draw(odd(), GraphFormat::mermaid);
  CHECK_THAT(chart, ContainsSubstring("n0(\"#60;b#62;#38;#34;#93;#125;#92;<br/>#60;eth#62; "
                                      "10.0.0.1/24<br/>wr#34;0#60; 10.99.0.1/24\"):::host\n"));
  CHECK_THAT(chart, ContainsSubstring("n1(\"end#59;#96;#35;#124;#63;--x<br/>"));
  CHECK_THAT(chart, ContainsSubstring("n0 ---|\"--#62; #124;x#124;#34;\"| n1\n"));
}

TEST_CASE("letters of other languages stay as they are") {
  Builder lab("größe");
  lab.node("Zürich");
  CHECK_THAT(draw(lab.topology(), GraphFormat::mermaid), ContainsSubstring("n0(\"Zürich\")"));
  CHECK_THAT(draw(lab.topology(), GraphFormat::dot), ContainsSubstring("<B>Zürich</B>"));
}

TEST_CASE("a tunnel of two ends is a dashed line, with a hub one to each other end") {
  CHECK(count(draw(tunnels(2, false), GraphFormat::dot), "style=dashed") == 1);
  const std::string hub = draw(tunnels(3, true), GraphFormat::dot);
  CHECK(count(hub, "style=dashed") == 2);
  CHECK(count(hub, "\"b\" -- \"a\" [style=dashed") == 1);
  CHECK(count(hub, "\"b\" -- \"c\" [style=dashed") == 1);
  CHECK(count(draw(tunnels(3, true), GraphFormat::mermaid), "-.-") == 2);
}

TEST_CASE("a mesh of three ends is a dashed box that all of them are joined to") {
  const std::string dot = draw(tunnels(3, false), GraphFormat::dot);
  CHECK(count(dot, "-- \"@wr0\" [style=dashed") == 3);
  CHECK(count(draw(tunnels(3, false), GraphFormat::mermaid), "t0 -.- n") == 3);
}

TEST_CASE("a link that differs by direction says which is which") {
  Builder lab("asymmetric");
  const NodeId a = lab.node("home");
  const NodeId b = lab.node("server");
  const LinkId link = lab.link("line", {a, "eth0"}, {b, "eth0"}, true);
  lab.at(link).settings[0].delay = std::chrono::milliseconds(35);
  const std::string dot = draw(lab.topology(), GraphFormat::dot);
  CHECK_THAT(dot, ContainsSubstring("<B>line</B><BR/>home → server: 35"));
  CHECK_THAT(dot, ContainsSubstring("server → home: unimpaired"));
  lab.at(link).settings[1] = lab.at(link).settings[0];
  CHECK_THAT(draw(lab.topology(), GraphFormat::dot), !ContainsSubstring("→"));
}

TEST_CASE("a name that only repeats the ends is left out") {
  Builder lab("names");
  const NodeId a = lab.node("a");
  const NodeId b = lab.node("b");
  lab.link("a-b", {a, "eth0"}, {b, "eth0"});
  CHECK_THAT(draw(lab.topology(), GraphFormat::dot), ContainsSubstring("\"a\" -- \"b\"\n"));
}

TEST_CASE("SVG is one element, for odd names too") {
  if (std::system("command -v dot >/dev/null") != 0) SKIP("Graphviz's dot is not installed");
  const std::string svg = draw(odd(), GraphFormat::svg);
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK_THAT(svg, ContainsSubstring("&lt;b&gt;&amp;&quot;]}\\"));
}

TEST_CASE("SVG without Graphviz names the remedy") {
  const char* path = std::getenv("PATH");
  const std::string before = path == nullptr ? "" : path;
  REQUIRE(::setenv("PATH", "/nonexistent", 1) == 0);
  try {
    draw(odd(), GraphFormat::svg);
    FAIL_CHECK("drawn without a program");
  } catch (const base::SystemError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("running dot"));
    CHECK_THAT(error.hint(), ContainsSubstring("apt-get install graphviz"));
    CHECK_THAT(error.hint(), ContainsSubstring("--format mermaid"));
  }
  REQUIRE(::setenv("PATH", before.c_str(), 1) == 0);
}
