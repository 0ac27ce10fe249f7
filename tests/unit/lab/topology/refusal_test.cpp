// What an invalid lab is told: the exact place, what is wrong, and the remedy.
#include <catch2/catch_test_macros.hpp>
#include <span>
#include <string>
#include <string_view>

#include "support.hpp"

using namespace warren;
using namespace warren::lab;
using namespace warren::lab::test;

namespace {

struct Case {
  std::string_view text;
  std::string_view begins;  ///< "line:column"
  std::string_view says;
  std::string_view hints;
};

void check_cases(std::string_view before, std::span<const Case> cases) {
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const config::ConfigError error = parse_error(std::string(before) + std::string(each.text));
    const std::string what = error.what();
    CAPTURE(what, error.hint());
    CHECK(what.starts_with("test.toml:" + std::string(each.begins) + ": "));
    CHECK(contains(what.substr(0, what.find('\n')), each.says));
    CHECK(contains(error.hint(), each.hints));
  }
}

// A case begins on line 3.
constexpr std::string_view kNodes = "[node.a]\n[node.b]\n";
// A case begins on line 5, in the link.
constexpr std::string_view kLink = "[node.a]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\n";

}  // namespace

TEST_CASE("a refusal shows file, line, column, the line itself and a caret under the place") {
  const config::ConfigError error = parse_error(std::string(kLink) + "dealy = \"35ms\"\n");
  CHECK(std::string(error.what()) ==
        "test.toml:5:1: unknown key `dealy` in [[link]]\n"
        "  5 | dealy = \"35ms\"\n"
        "    | ^");
  CHECK(error.hint() == "did you mean `delay`?");
}

TEST_CASE("lines of a lab are shown as they are, for they hold no secrets") {
  const config::ConfigError error = parse_error(
      "[node.a]\nrun = { comand = \"/usr/local/share/applications/long/path/to/program\" }\n");
  CHECK(contains(error.what(), "/usr/local/share/applications/long/path/to/program"));
}

TEST_CASE("the structure of a file is checked") {
  const Case cases[] = {
      {"", "1:1", "there is no node", "[node.alice]"},
      {"[lab]\n", "1:1", "there is no node", ""},
      {"[nodes.a]\n", "1:2", "unknown table `nodes` in this file", "did you mean `node`?"},
      {"[node]\n", "1:1", "there is no node", ""},
      {"node = 3\n", "1:8", "`node` is a table, not a number", "write [node]"},
      {"[[node]]\n", "1:1", "`node` is a table, not a list", "write [node]"},
      {"[link]\n", "1:1", "`link` is a list of tables, not a table", "[[link]], with two brackets"},
      {"delay = \"1ms\"\n", "1:1", "unknown key `delay`",
       "belongs into [profile.…] or [[link]]; known here: lab, "},
      {"[node.a]\nprogram = \"x\"\n", "2:1", "unknown key `program`",
       "belongs into [[at]]; known here: "},
      {"[lab]\nzzz = 1\n", "2:1", "unknown key `zzz` in [lab]", "known here: name, seed"},
      {"[lab]\nseed = \"1\"\n", "2:8", "`seed` is a number, not a string", "seed = 42"},
      {"[lab]\nseed = 1.5\n", "2:8", "`seed` is a number, not a fraction", ""},
      {"[lab]\nseed = -1\n", "2:8", "-1 is less than 0", ""},
      {"[lab]\nroutes = \"atuo\"\n", "2:10", "`routes` cannot be \"atuo\"", "\"auto\""},
      {"[lab]\nname = \"a b\"\n", "2:8", "\"a b\" cannot be a name", "letters, digits"},
      {"[lab]\nname = \"\"\n", "2:8", "a name cannot be empty", ""},
      {"[lab]\ntimeout = 60\n", "2:11", "`timeout` is a string, not a number", "\"2m\""},
      {"[lab]\ntimeout = \"0s\"\n", "2:11", "no test ends in no time", ""},
      {"[lab]\nipv4 = \"fd00::/48\"\n", "2:8", "other family", ""},
      {"[lab]\nipv4 = \"10.0.0.0/31\"\n", "2:8", "too small to be divided", "at most 30"},
      {"[lab]\nipv4 = \"10.0.0\"\n", "2:8", "\"10.0.0\" is no network", ""},
      {"[node.a]\nkind = \"ruter\"\n", "2:8", "`kind` cannot be \"ruter\"", "\"router\""},
      {"[node.a]\nkind = \"bridge\"\n", "2:8", "`kind` cannot be \"bridge\"", "switch"},
      {"a = \n", "1:5", "TOML syntax", ""},
      {"[node.a]\n[node.a]\n", "2:1", "TOML syntax", ""},
      {"[node.\"a\\u0007\"]\n", "1:7", "control characters", ""},
  };
  check_cases("", cases);
}

TEST_CASE("nodes are checked") {
  const Case cases[] = {
      {"[node.\"a b\"]\n", "1:7", "cannot be a name", "letters, digits"},
      {"[node.localhost]\n", "1:7", "cannot be called localhost", ""},
      {"[node.\"10.0.0.1\"]\n", "1:7", "it could be an address", "a letter in front"},
      {"[node.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\n", "1:7", "at most 40", ""},
      {"[node.a]\noutside = \"wan\"\n", "2:1", "for kind = \"nat\" only", ""},
      {"[node.a]\nkind = \"nat\"\n", "1:7", "which interface is its outside", "outside = "},
      {"[node.a]\nkind = \"switch\"\nrun = { command = \"x\" }\n", "3:1", "a switch has no `run`",
       ""},
      {"[node.a]\nkind = \"switch\"\nsysctl = {}\n", "3:1", "a switch has no `sysctl`", ""},
      {"[node.a]\ncount = 1\n", "2:9", "1 is not from 2 to 1000", ""},
      {"[node.a]\ncount = 2\n[node.a-2]\n", "3:7", "called \"a-2\" is there already", "`count`"},
      {"[node.a]\nrun = { name = \"x\" }\n", "2:7", "`command` is missing", "command = "},
      {"[node.a]\nrun = { command = \" \" }\n", "2:19", "the command is empty", ""},
      {"[node.a]\nrun = { command = [] }\n", "2:19", "the command is empty", ""},
      {"[node.a]\nrun = [{ command = \"x\" }, { command = \"x 2\" }]\n", "2:27",
       "a runs a program called \"x\" already", "name = "},
      {"[node.a]\nrun = { command = \"x\", ready = {} }\n", "2:32", "`ready` has no condition",
       "tcp = 80"},
      {"[node.a]\nrun = { command = \"x\", ready = { tcp = 80, udp = 53 } }\n", "2:44",
       "more than one condition", ""},
      {"[node.a]\nrun = { command = \"x\", ready = { tcp = 0 } }\n", "2:40",
       "0 is not from 1 to 65535", ""},
      {"[node.a]\nrun = { command = \"x\", ready = { log = \"(\" } }\n", "2:40",
       "no regular expression", ""},
      {"[node.a]\nrun = { command = \"x\", environment = { \"A=B\" = \"1\" } }\n", "2:40",
       "cannot name an environment variable", ""},
      {"[node.a]\nsysctl = { \"kernel.hostname\" = \"x\" }\n", "2:12", "is not a setting of a node",
       "below net."},
      {"[node.a]\nsysctl = { \"net.../x\" = 1 }\n", "2:12", "is not a setting of a node", ""},
      {"[node.a]\nsysctl = { \"net.x\" = [1] }\n", "2:22", "not a list", ""},
      {"[node.a]\nxdp = { iface = \"eth0\" }\n", "2:7", "`object` is missing", "drop_udp.o"},
      {"[node.a]\nxdp = { iface = \"eth0\", object = \"x.o\" }\n", "2:17",
       "no interface of a \"eth0\"", "no interface of a"},
      {"[node.a]\nroutes = [\"10.9.0.0/24\"]\n", "2:11", "neither `via` nor `dev`", "via gate"},
      {"[node.a]\nroutes = [\"\"]\n", "2:11", "the route is empty", ""},
      {"[node.a]\nroutes = [\"10.9/24 dev eth0\"]\n", "2:11", "is no network", ""},
      {"[node.a]\nroutes = [\"default via\"]\n", "2:11", "\"via\" needs one value", ""},
      {"[node.a]\nroutes = [\"default vai b\"]\n", "2:11", "\"vai\" is no part of a route", ""},
      {"[node.a]\nroutes = [\"default dev x\"]\n", "2:11", "no interface of a \"x\"", ""},
      {"[node.a]\nroutes = [\"default via 10.9.0.1\"]\n", "2:11", "is not in a network of a",
       "a neighbour"},
      {"[node.a]\nroutes = [\"default via nobody\"]\n", "2:11", "no node \"nobody\"", ""},
  };
  check_cases("", cases);
}

TEST_CASE("links are checked") {
  const Case cases[] = {
      {"[[link]]\n", "3:1", "`ends` is missing in [[link]]", "ends = [\"alice:eth0\""},
      {"[[link]]\nends = \"a\"\n", "4:8", "`ends` is a list of strings, not a string", ""},
      {"[[link]]\nends = [\"a\"]\n", "4:8", "a link has two ends, not 1", "kind = \"switch\""},
      {"[[link]]\nends = [\"a\", \"c\"]\n", "4:14", "there is no node \"c\"", "a, b"},
      {"[[link]]\nends = [\"a\", \"a\"]\n", "4:8", "both ends are a", ""},
      {"[[link]]\nends = [\"a:\", \"b\"]\n", "4:9", "cannot be an interface's name", ""},
      {"[[link]]\nends = [\"a:sixteencharacter\", \"b\"]\n", "4:9", "Linux allows 15 bytes", ""},
      {"[[link]]\nends = [\"a:lo\", \"b\"]\n", "4:9", "every node has \"lo\" already", ""},
      {"[[link]]\nends = [\"a:x\", \"b\"]\n[[link]]\nends = [\"b\", \"a:x\"]\n", "6:14",
       "a has an interface \"x\" already", ""},
      {"[[link]]\nends = [\"a-*\", \"b\"]\n", "4:9", "there is no such [node.a]", "count = 10"},
      {"[node.c]\ncount = 2\n[[link]]\nends = [\"c\", \"b\"]\n", "6:9", "\"c\" is 2 nodes",
       "\"c-1\""},
      {"[node.c]\ncount = 2\n[[link]]\nends = [\"c-*\", \"c-*\"]\n", "6:8", "only one of the ends",
       ""},
      {"[node.c]\ncount = 2\n[[link]]\nends = [\"c-*\", \"b\"]\naddresses = [\"\", \"\"]\n", "7:1",
       "cannot be the same for many links", "subnet"},
      {"[[link]]\nname = \"x\"\nends = [\"a\", \"b\"]\n[[link]]\nname = \"x\"\nends = [\"a\", "
       "\"b\"]\n",
       "7:8", "a link called \"x\" is there already", ""},
      {"[[link]]\nends = [\"a\", \"b\"]\nprofile = \"lte\"\n", "5:11",
       "there is no profile \"lte\"", "this lab has no profile"},
      {"[profile.lte]\n[[link]]\nends = [\"a\", \"b\"]\nprofile = \"lta\"\n", "6:11",
       "there is no profile \"lta\"", "did you mean \"lte\"?"},
      {"[[link]]\nends = [\"a\", \"b\"]\nmtu = 67\n", "5:7", "67 is not from 68 to 65521", ""},
      {"[[link]]\nends = [\"a\", \"b\"]\nsubnet = \"fd00::/64\"\nmtu = 1279\n", "6:7",
       "too small for IPv6", ""},
      {"[[link]]\nends = [\"a\", \"b\"]\nwired = false\ndelay = \"1ms\"\n", "5:9",
       "the link is impaired", "leave `wired` out"},
  };
  check_cases(kNodes, cases);
}

TEST_CASE("addresses and subnets are checked") {
  const Case cases[] = {
      {"subnet = \"10.1\"\n", "5:10", "is no network", ""},
      {"subnet = \"10.1.0.0/24\"\n[[link]]\nends = [\"a\", \"b\"]\nsubnet = \"10.1.0.0/16\"\n",
       "8:10", "10.1.0.0/16 overlaps 10.1.0.0/24 (line 5)", ""},
      {"subnet = \"127.0.1.0/24\"\n", "5:10", "127.0.1.0/24 is of the loopback", "10.1.0.0/24"},
      {"subnet = \"224.0.0.0/24\"\n", "5:10", "is no host's address", ""},
      {"subnet = \"fe80::/64\"\n", "5:10", "is link-local", ""},
      {"addresses = [\"10.1.0.1/24\"]\n", "5:13", "two ends, and these are 1 items", ""},
      {"addresses = [1, 2]\n", "5:13", "not a list of something else", ""},
      {"addresses = [\"10.1.0.1\", \"\"]\n", "5:14", "no prefix length", "\"10.1.0.1/24\""},
      {"addresses = [\"10.1.0.x/24\", \"\"]\n", "5:14", "is no address", ""},
      {"addresses = [\"10.1.0.0/24\", \"\"]\n", "5:14", "the network's own address", ""},
      {"addresses = [\"10.1.0.255/24\", \"\"]\n", "5:14", "broadcast address", ""},
      {"addresses = [\"127.0.0.2/8\", \"\"]\n", "5:14", "is of the loopback", ""},
      {"addresses = [\"224.0.0.1/24\", \"\"]\n", "5:14", "is no host's address", ""},
      {"addresses = [\"fe80::1/64\", \"\"]\n", "5:14", "is link-local", ""},
      {"addresses = [\"10.1.0.1/24\", \"10.1.0.1/24\"]\n", "5:29", "given out already (line 5)",
       ""},
      {"addresses = [\"10.1.0.1/24\", \"10.1.0.2/25\"]\n", "5:29", "overlaps 10.1.0.0/24", ""},
      {"subnet = \"10.1.0.0/32\"\n", "5:10", "has room for 1 addresses", "larger network"},
      {"[node.s]\nkind = \"switch\"\n[[link]]\nends = [\"a\", \"s\"]\n"
       "addresses = [\"\", \"10.1.0.1/24\"]\n",
       "9:18", "is for a switch", "write \"\""},
      {"[node.s]\nkind = \"switch\"\n[[link]]\nends = [\"a\", \"s\"]\nsubnet = \"10.1.0.0/24\"\n"
       "[[link]]\nends = [\"b\", \"s\"]\nsubnet = \"10.2.0.0/24\"\n",
       "12:10", "have 10.1.0.0/24 already (line 9)", "once"},
      {"[lab]\nipv4 = \"127.0.0.0/8\"\n", "6:8", "is of the loopback", "10.0.0.0/16"},
      {"[lab]\nipv6 = \"ff00::/8\"\n", "6:8", "is no host's address", "fd00:1ab::/48"},
      {"[lab]\nipv4 = \"10.0.0.0/24\"\n[[link]]\nends = [\"a\", \"b\"]\n", "7:1",
       "no subnet is left in 10.0.0.0/24", "a larger ipv4"},
  };
  check_cases(kLink, cases);
}

TEST_CASE("impairments are checked") {
  const Case cases[] = {
      {"delay = 35\n", "5:9", "`delay` is a string, not a number", "delay = \"35ms\""},
      {"delay = \"35\"\n", "5:9", "has no unit", "ns, us, µs, ms, s, m, min, h"},
      {"delay = \"2m\"\n", "5:9", "more than 60 seconds", ""},
      {"loss = \"1.5\"\n", "5:8", "has no unit", "\"1%\""},
      {"loss = 0.01\n", "5:8", "`loss` is a string or a table, not a fraction", "loss = \"1%\""},
      {"loss = \"120%\"\n", "5:8", "more than 100%", ""},
      {"loss = \"-1%\"\n", "5:8", "is negative", ""},
      {"loss = { p = \"1%\", r = \"3%\" }\n", "5:20", "`r` is of the model \"gilbert\" only",
       "add model"},
      {"loss = { model = \"gilbert\", p = \"1%\" }\n", "5:8", "`r` is missing", "r = \"30%\""},
      {"loss = { model = \"gilbert\", p = \"1%\", r = \"0%\" }\n", "5:43", "never end", ""},
      {"loss = { model = \"gilbret\", p = \"1%\" }\n", "5:18", "cannot be \"gilbret\"", "gilbert"},
      {"loss = { r = \"1%\" }\n", "5:8", "`p` is missing in `loss`", "p = \"1%\""},
      {"loss = { pp = \"1%\" }\n", "5:10", "unknown key `pp` in `loss` of [[link]]",
       "did you mean `p`?"},
      {"jitter = \"3ms\"\n", "5:10", "no delay that it could vary", "add delay"},
      {"delay = \"2ms\"\njitter = \"3ms\"\n", "6:10", "more than the delay", "raise `delay`"},
      {"delay = \"2ms\"\njitter = { amount = \"1ms\", distribution = \"gauss\" }\n", "6:43",
       "cannot be \"gauss\"", "uniform, normal, pareto"},
      {"reorder = \"5%\"\n", "5:11", "without a delay", "add delay"},
      {"delay = \"2ms\"\nreorder = { p = \"5%\", ahead = \"3ms\" }\n", "6:11",
       "more than the delay", ""},
      {"rate = \"1Mbit\"\ntrace = \"x\"\n", "6:1", "a `rate` or a `trace`, not both", ""},
      {"rate = \"0bit\"\n", "5:8", "lets nothing through", "up = false"},
      {"trace = \"\"\n", "5:9", "the name of the file is empty", ""},
      {"queue = \"codel\"\n", "5:9", "in front of a rate or a trace only", "add rate"},
      {"rate = \"1Mbit\"\nqueue = \"red\"\n", "6:9", "cannot be \"red\"", "fifo, codel"},
      {"rate = \"1Mbit\"\nqueue = { bytes = 0 }\n", "6:19", "0 is not from 1", ""},
      {"rate = \"1Mbit\"\nqueue = { bytes = \"2GiB\" }\n", "6:19", "is more than 1073741824", ""},
      {"rate = \"1Mbit\"\nqueue = { bytes = \"some\" }\n", "6:19", "is no size", ""},
      {"rate = \"1Mbit\"\nqueue = { target = \"1ms\" }\n", "6:11",
       "of the discipline \"codel\" only", ""},
      {"rate = \"1Mbit\"\nqueue = { discipline = \"codel\", interval = \"0s\" }\n", "6:44",
       "it cannot be 0", ""},
      {"drop = [\"udp#3\", \"upd#4\"]\n", "5:18", "\"upd\" is no kind of packet", "\"udp\""},
      {"drop = [\"udp#3\", \"udp#3\"]\n", "5:18", "is there twice", ""},
      {"drop = [3]\n", "5:8", "not a list of something else", ""},
      {"reverse = { delai = \"1ms\" }\n", "5:13", "unknown key `delai` in `reverse` of [[link]]",
       "did you mean `delay`?"},
      {"reverse = { jitter = \"1ms\" }\n", "5:22", "no delay", ""},
      {"reverse = { profile = \"x\" }\n", "5:23", "there is no profile \"x\"", ""},
      {"reverse = { name = \"x\" }\n", "5:13", "unknown key `name`", "belongs into [lab]"},
      {"up = \"no\"\n", "5:6", "`up` is true or false, not a string", "up = false"},
  };
  check_cases(kLink, cases);
}

TEST_CASE("a trace that cannot be read is shown with the key that names it") {
  const std::string text = std::string(kLink) + "trace = \"no/such.trace\"\n";
  try {
    parse_topology(text, "/nonexistent/test.toml");
    FAIL("no ConfigError was thrown");
  } catch (const config::ConfigError& error) {
    CHECK(std::string(error.what()).starts_with("/nonexistent/test.toml:5:9: "));
    CHECK(contains(error.what(), "No such file"));
    CHECK(contains(error.hint(), "relative to the lab's file"));
  }
}

TEST_CASE("tunnels are checked") {
  const Case cases[] = {
      {"[[tunnel]]\nends = [\"a\", \"b\"]\n", "5:1", "`name` is missing in [[tunnel]]", "\"wr0\""},
      {"[[tunnel]]\nname = \"wr0\"\nends = [\"a\"]\n", "7:8", "two or more ends", ""},
      {"[[tunnel]]\nname = \"wr0\"\nends = [\"a\", \"a\"]\n", "7:14", "\"a\" is there twice", ""},
      {"[[tunnel]]\nname = \"wr0\"\nends = [\"a\", \"x\"]\n", "7:14", "there is no node \"x\"", ""},
      {"[node.s]\nkind = \"switch\"\n[[tunnel]]\nname = \"wr0\"\nends = [\"a\", \"s\"]\n", "9:14",
       "is a switch", "name a host"},
      {"[[tunnel]]\nname = \"eth0\"\nends = [\"a\", \"b\"]\n", "6:8", "a has an interface \"eth0\"",
       ""},
      {"[[tunnel]]\nname = \"lo\"\nends = [\"a\", \"b\"]\n", "6:8", "every node has \"lo\"", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nnetwork = \"224.0.0.0/24\"\n", "8:11",
       "is no host's address", ""},
      {"[[tunnel]]\nname = \"a/b\"\nends = [\"a\", \"b\"]\n", "6:8",
       "cannot be an interface's name", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\n[[tunnel]]\nname = \"t\"\nends = [\"a\", "
       "\"b\"]\n",
       "9:8", "a tunnel called \"t\" is there already", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nnetwork = \"10.0.0\"\n", "8:11",
       "is no network", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nnetwork = \"10.9.0.0/32\"\n", "8:11",
       "has room for 1 addresses", ""},
      {"subnet = \"10.9.0.0/16\"\n[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\n"
       "network = \"10.9.9.0/24\"\n",
       "9:11", "10.9.9.0/24 overlaps 10.9.0.0/16 (line 5)", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nhub = \"c\"\n", "8:7", "no end of t \"c\"",
       "a, b"},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nmode = \"tup\"\n", "8:8",
       "cannot be \"tup\"", "\"tun\""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\ncipher = \"aes\"\n", "8:10",
       "cannot be \"aes\"", "aes-256-gcm"},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nmtu = 100\n", "8:7", "100 is not from 576",
       ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nmtu = 1200\nnetwork = \"fd99::/64\"\n",
       "8:7", "too small for IPv6", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nkeepalive = \"1500ms\"\n", "8:13",
       "whole seconds", "keepalive = 25"},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nport = 0\n", "8:8", "0 is not from 1", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\n[[tunnel]]\nname = \"u\"\nends = [\"a\", "
       "\"b\"]\n"
       "port = 51820\n",
       "11:8", "another tunnel of a has port 51820", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nsubnets = { c = [\"10.5.0.0/24\"] }\n",
       "8:13", "no end of t \"c\"", ""},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\n"
       "subnets = { a = [\"10.5.0.0/24\"], b = [\"10.5.0.0/16\"] }\n",
       "8:39", "10.5.0.0/16 overlaps 10.5.0.0/24", "one end"},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\nmode = \"tap\"\nsubnets = {}\n", "9:1",
       "for IP packets", ""},
      {"[node.c]\n[[tunnel]]\nname = \"t\"\nends = [\"a\", \"c\"]\n", "8:8",
       "neither a nor c reaches the other", "hub = "},
      {"[[tunnel]]\nname = \"t\"\nends = [\"a\", \"b\"]\n[node.x]\nroutes = [\"default dev t\"]\n",
       "9:11", "t\" is a tunnel, which comes up after the routes", "`subnets`"},
  };
  check_cases(kLink, cases);
}

TEST_CASE("events are checked") {
  const Case cases[] = {
      {"[[at]]\nlink = \"a-b\"\n", "5:1", "`t` is missing in [[at]]", "t = \"2s\""},
      {"[[at]]\nt = \"1s\"\n", "5:1", "needs a `link` or a `node`", ""},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\nnode = \"a\"\n", "5:1", "a `link` or about a `node`",
       ""},
      {"[[at]]\nt = \"1s\"\nlink = \"ab\"\nset = { up = false }\n", "7:8",
       "there is no link \"ab\"", "did you mean \"a-b\"?"},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\n", "5:1", "`set` is missing", "up = false"},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\nset = {}\n", "8:7", "nothing changes", ""},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\nset = { down = true }\n", "8:9",
       "unknown key `down` in `set` of [[at]]", ""},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\nset = { jitter = \"1ms\" }\n", "8:18", "no delay", ""},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\nset = { up = true }\nrun = \"x\"\n", "9:1",
       "`run` does not go with `link`", ""},
      {"[[at]]\nt = \"1s\"\nlink = \"a-b\"\nset = { up = true }\nreverse = { up = true }\n"
       "direction = \"both\"\n",
       "10:1", "does not go with `reverse`", ""},
      {"[[at]]\nt = \"1s\"\nnode = \"a\"\n", "5:1", "one of `run`, `signal` and `start`", ""},
      {"[[at]]\nt = \"1s\"\nnode = \"a\"\nsignal = \"TERM\"\n", "5:1", "`program` is missing", ""},
      {"[[at]]\nt = \"1s\"\nnode = \"a\"\nprogram = \"x\"\nsignal = \"TERM\"\n", "8:11",
       "no program of a \"x\"", "no program of a"},
      {"[[at]]\nt = \"1s\"\nnode = \"a\"\nrun = \"x\"\nprogram = \"x\"\n", "9:1",
       "`program` does not go with `run`", ""},
      {"[[at]]\nt = \"61s\"\nnode = \"a\"\nrun = \"x\"\n", "6:5", "over by then", "`timeout`"},
      {"wired = false\n[[at]]\nt = \"1s\"\nlink = \"a-b\"\nset = { up = true }\n", "5:9",
       "an event changes it (line 6)", ""},
      {"[node.c]\nrun = { name = \"web\", command = \"x\" }\n[[at]]\nt = \"1s\"\nnode = \"c\"\n"
       "program = \"wep\"\nstart = true\n",
       "10:11", "no program of c \"wep\"", "did you mean \"web\"?"},
      {"[node.c]\nrun = { name = \"web\", command = \"x\" }\n[[at]]\nt = \"1s\"\nnode = \"c\"\n"
       "program = \"web\"\nstart = false\n",
       "11:9", "it can only be true", ""},
      {"[node.c]\nrun = { name = \"web\", command = \"x\" }\n[[at]]\nt = \"1s\"\nnode = \"c\"\n"
       "program = \"web\"\nsignal = \"KIL\"\n",
       "11:10", "\"KIL\" is no signal", "\"KILL\""},
  };
  check_cases(kLink, cases);
}

TEST_CASE("expectations are checked") {
  const Case cases[] = {
      {"", "5:1", "an expectation needs a check", "one of: ping, rtt"},
      {"pong = {}\n", "6:1", "unknown table `pong`", "did you mean `ping`?"},
      {"ping = { from = \"a\", to = \"b\" }\nrtt = { from = \"a\", to = \"b\" }\n", "7:1",
       "one check, and this one has `ping` and `rtt`", "an [[expect]] for each"},
      {"name = \"\"\nping = { from = \"a\", to = \"b\" }\n", "6:8", "it is empty", ""},
      {"name = \"x\"\nping = { from = \"a\", to = \"b\" }\n[[expect]]\nname = \"x\"\n", "9:8",
       "called \"x\" is there already", ""},
      {"together = true\nping = { from = \"a\", to = \"b\" }\n", "6:12", "no expectation before",
       ""},
      {"after = \"2m\"\nping = { from = \"a\", to = \"b\" }\n", "6:9", "over by then", "`timeout`"},
      {"tcp = { from = \"a\", to = \"b\", duration = \"1h\" }\n", "6:7",
       "`tcp` takes longer than the scenario", "`timeout`"},
      {"rtt = { from = \"a\", to = \"b\", count = 700, interval = \"100ms\", loss = \"0%\" }\n",
       "6:7", "`rtt` takes longer", ""},
      {"udp = { from = \"a\", to = \"b\", pps = 10, count = 700, loss = \"0%\" }\n", "6:7",
       "`udp` takes longer", ""},
      {"after = \"50s\"\nping = { from = \"a\", to = \"b\", within = \"11s\", reachable = false "
       "}\n",
       "7:8", "`ping` takes longer", ""},
      {"ping = { to = \"b\" }\n", "6:8", "`from` is missing in `ping` of [[expect]]", ""},
      {"ping = { from = \"a\", to = \"c\" }\n", "6:27", "there is no node \"c\"", "a, b"},
      {"ping = { from = \"a\", to = \"b@eht0\" }\n", "6:27", "no interface of b \"eht0\"",
       "did you mean \"eth0\"?"},
      {"ping = { from = \"a\", to = \"b@\" }\n", "6:27", "no interface of b \"\"", ""},
      {"ping = { from = \"a\", to = \"b/6\" }\n", "6:27", "\"b/6\" has no IPv6 address", "ipv6 ="},
      {"ping = { from = \"a\", to = \"b\", family = 5 }\n", "6:41", "it is 4 or 6", ""},
      {"ping = { from = \"a\", to = \"10.0.0.2\", family = 6 }\n", "6:48", "other family", ""},
      {"ping = { from = \"a\", to = \"b/4\", family = 6 }\n", "6:43", "says otherwise", ""},
      {"ping = { from = \"a\", to = \"b\", within = \"0s\" }\n", "6:41", "no time", ""},
      {"ping = { from = \"a\", to = \"b\", payload = 70000 }\n", "6:42", "is not from 0 to 65507",
       ""},
      {"rtt = { from = \"a\", to = \"b\" }\n", "6:7", "`rtt` expects nothing", "p50"},
      {"rtt = { from = \"a\", to = \"b\", p50 = \"70ms\" }\n", "6:37", "never met exactly", "±"},
      {"rtt = { from = \"a\", to = \"b\", p50 = \"<70\" }\n", "6:37", "has no unit", ""},
      {"rtt = { from = \"a\", to = \"b\", count = 0 }\n", "6:39", "0 is not from 1", ""},
      {"tcp = { from = \"a\", to = \"a\" }\n", "6:26", "the same node", ""},
      {"tcp = { from = \"a\", to = \"192.0.2.1\" }\n", "6:26", "the address of no node",
       "name a node"},
      {"tcp = { from = \"a\", to = \"b\", duration = \"1s\", bytes = 5 }\n", "6:48",
       "do not go together", ""},
      {"tcp = { from = \"a\", to = \"b\", rate = \">1Mbit\", at_least = \"1Mbit\" }\n", "6:48",
       "say the same", ""},
      {"tcp = { from = \"a\", to = \"b\", at_least = \"2Mbit\", at_most = \"1Mbit\" }\n", "6:61",
       "less than `at_least`", ""},
      {"tcp = { from = \"a\", to = \"b\", port = 443 }\n[[expect]]\ntogether = true\n"
       "tcp = { from = \"a\", to = \"10.0.0.2\", port = 443 }\n",
       "9:45", "the expectation of line 6 runs at the same time and has it", "one of its own"},
      {"udp = { from = \"a\", to = \"b\", port = 9, loss = \"0%\" }\n[[expect]]\ntogether = true\n"
       "ping = { from = \"a\", to = \"b\" }\n[[expect]]\ntogether = true\n"
       "loss = { from = \"a\", to = \"b\", port = 9, expected = \"0%\" }\n",
       "12:39", "the expectation of line 6 runs at the same time and has it", "one of its own"},
      {"udp = { from = \"a\", to = \"b\" }\n", "6:7", "`udp` expects nothing", ""},
      {"udp = { from = \"a\", to = \"b\", rate = \"1Mbit\", pps = 5, loss = \"0%\" }\n", "6:47",
       "`rate` and `pps` say the same", ""},
      {"loss = { from = \"a\", to = \"b\" }\n", "6:8", "`expected` is missing", "1%±0.5%"},
      {"run = { node = \"a\", command = \"\" }\n", "6:31", "the command is empty", ""},
      {"run = { node = \"a\", command = \"x\", stdout_matches = \"[\" }\n", "6:53",
       "no regular expression", ""},
      {"no_plaintext = { link = \"a-b\", marker = \"short\", sent = { from = \"a\", to = \"b\" } "
       "}\n",
       "6:41", "from 8 to 1000", "CANARY"},
      {"no_plaintext = { link = \"a-b\", marker = \"CANARY-1\" }\n", "6:16", "`sent` is missing",
       ""},
      {"route = { node = \"a\", to = \"b\" }\n", "6:9", "`route` expects nothing", ""},
      {"route = { node = \"a\", to = \"b\", dev = \"eth9\" }\n", "6:39",
       "no interface of a \"eth9\"", ""},
      {"route = { node = \"a\", to = \"b\", source = \"x\" }\n", "6:42", "\"x\" is no address", ""},
      {"handshake = { tunnel = \"wr0\" }\n", "6:24", "there is no tunnel \"wr0\"", "has no tunnel"},
      {"counters = { values = { lost = 1 } }\n", "6:12", "of a `link`, or of a `node`", ""},
      {"counters = { node = \"a\", values = { rx_packets = 1 } }\n", "6:12", "`iface` is missing",
       ""},
      {"counters = { link = \"a-b\", values = { lots = 1 } }\n", "6:39",
       "no counter of a link \"lots\"", "did you mean \"lost\"?"},
      {"counters = { node = \"a\", iface = \"eth0\", values = { rx_packet = 1 } }\n", "6:53",
       "no counter of an interface \"rx_packet\"", "\"rx_packets\""},
      {"counters = { link = \"a-b\", values = {} }\n", "6:37", "expects nothing", ""},
      {"counters = { link = \"a-b\", values = { lost = \"some\" } }\n", "6:46", "is no number", ""},
      {"file = { node = \"a\", path = \"x\" }\n", "6:29", "does not begin with /", ""},
      {"file = { node = \"a\", path = \"/x\", exists = false, contains = \"y\" }\n", "6:44",
       "has no text", ""},
      {"[node.s]\nkind = \"switch\"\n[[expect]]\nping = { from = \"s\", to = \"b\" }\n", "5:1",
       "an expectation needs a check", ""},
  };
  check_cases(std::string(kLink) + "[[expect]]\n", cases);
}

TEST_CASE("a switch neither sends nor receives") {
  const Case cases[] = {
      {"[[expect]]\nping = { from = \"s\", to = \"b\" }\n", "8:17", "\"s\" is a switch", ""},
      {"[[expect]]\nping = { from = \"b\", to = \"s\" }\n", "8:27", "\"s\" is a switch", ""},
      {"[[at]]\nt = \"1s\"\nnode = \"s\"\nrun = \"x\"\n", "9:8", "\"s\" is a switch", ""},
  };
  check_cases(std::string(kLink) + "[node.s]\nkind = \"switch\"\n", cases);
}

TEST_CASE("two logs cannot be one file") {
  const Case cases[] = {
      {"[node.\"a.b\"]\nrun = { name = \"c\", command = \"x\" }\n"
       "[node.a]\nrun = { name = \"b.c\", command = \"x\" }\n",
       "4:16", "\"b.c\" would write into the log of line 2: a.b.c.log", "another name"},
      {"[node.a]\nrun = { name = \"wr0\", command = \"x\" }\n[node.b]\n"
       "[[link]]\nends = [\"a\", \"b\"]\n[[tunnel]]\nname = \"wr0\"\nends = [\"a\", \"b\"]\n",
       "7:8", "\"wr0\" would write into the log of line 2: a.wr0.log", "another name"},
  };
  check_cases("", cases);
}

TEST_CASE("a ring of switches is refused, unless one of its links is down") {
  const std::string ring =
      "[node.s]\nkind = \"switch\"\n[node.t]\nkind = \"switch\"\n[node.u]\nkind = \"switch\"\n"
      "[[link]]\nends = [\"s\", \"t\"]\n[[link]]\nends = [\"t\", \"u\"]\n"
      "[[link]]\nends = [\"u\", \"s\"]\n";
  const Case cases[] = {{"", "15:1", "u and s are joined already", "a router"}};
  check_cases(std::string(kLink) + ring, cases);
  CHECK_NOTHROW(lab::parse_topology(ring + "up = false\n[node.a]\n", "lab.toml", false));
}

TEST_CASE("two routes to one network need different metrics") {
  const Case cases[] = {
      {"routes = [\"10.9.0.0/24 via b\", \"10.9.0.0/24 dev eth0\"]\n[node.b]\n"
       "[[link]]\nends = [\"a\", \"b\"]\n",
       "2:32", "two routes to 10.9.0.0/24 with the same metric", "metrics"},
      {"routes = [\"10.9.0.0/24 via b metric x\"]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\n",
       "2:11", "\"x\" is no metric", ""},
      {"routes = [\"10.9.0.0/24 via fd00::1\"]\n[node.b]\n[[link]]\nends = [\"a\", \"b\"]\n",
       "2:11", "not of the family", ""},
      {"routes = [\"10.9.0.0/24 via b\"]\n[node.b]\n", "2:11", "no network in common",
       "a neighbour"},
  };
  check_cases("[node.a]\n", cases);
}
