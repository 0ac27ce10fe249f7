// What an invalid configuration is told: the exact place, what is wrong, and the remedy.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <span>
#include <string>
#include <string_view>

#include <warren/config/document.hpp>
#include <warren/config/model.hpp>

#include "config_test_support.hpp"
#include "engine_table.hpp"
#include "schema.hpp"

using namespace warren;
using namespace warren::config;
using namespace warren::config::test;

namespace {

/// @PRIVATE@, @A@, @B@ and @C@ in a case stand for keys.
std::string with_keys(std::string_view text) {
  std::string result(text);
  const std::pair<std::string_view, std::string_view> names[] = {
      {"@PRIVATE@", kPrivate}, {"@A@", kPublicA}, {"@B@", kPublicB}, {"@C@", kPublicC}};
  for (const auto& [name, key] : names) {
    for (std::size_t i = 0; (i = result.find(name, i)) != std::string::npos;) {
      result.replace(i, name.size(), key);
    }
  }
  return result;
}

struct Case {
  std::string_view text;
  std::string_view begins;  ///< "wr0.toml:line:column: "
  std::string_view says;
  std::string_view hints;
};

void check_cases(std::string_view before, std::span<const Case> cases) {
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const ConfigError error = parse_error(with_keys(fmt::format("{}{}", before, each.text)));
    const std::string what = error.what();
    CAPTURE(what, error.hint());
    CHECK(what.starts_with(each.begins));
    CHECK(contains(what.substr(0, what.find('\n')), each.says));
    CHECK(contains(error.hint(), each.hints));
  }
}

constexpr std::string_view kInterface =
    "[interface]\nname = \"wr0\"\nprivate_key = \"@PRIVATE@\"\n";  // the case begins on line 4
constexpr std::string_view kPeer =
    "[interface]\nname = \"wr0\"\nprivate_key = \"@PRIVATE@\"\n"
    "[[peer]]\npublic_key = \"@A@\"\n";  // the case begins on line 6
constexpr std::string_view kEngine =
    "[interface]\nname = \"wr0\"\nprivate_key = \"@PRIVATE@\"\n"
    "[engine]\n";  // the case begins on line 5

}  // namespace

TEST_CASE("an error shows file, line, column, the line itself and a caret under the place") {
  const ConfigError error = parse_error(with_keys(fmt::format("{}  mtu =  12\n", kInterface)));
  CHECK(std::string(error.what()) ==
        "wr0.toml:4:10: `mtu`: 12 is not from 576 to 65535\n"
        "  4 |   mtu =  12\n"
        "    |          ^");
}

TEST_CASE("a caret stands under its place behind tabs and behind characters of several bytes") {
  const ConfigError error =
      parse_error(with_keys(fmt::format("{}\taddress = [\"10.0.0.1/8\", \"ü\"]", kInterface)));
  CHECK(contains(error.what(), "\n    | \t                         ^"));
  CHECK(contains(error.what(), "wr0.toml:4:27: "));
  const ConfigError umlauts = parse_error("name = \"äöü\" x");
  CHECK(contains(umlauts.what(), "wr0.toml:1:14: "));
}

TEST_CASE("the structure of a file is checked") {
  const Case cases[] = {
      {"", "wr0.toml:1:1: ", "[interface] is missing", ""},
      {"# nothing\n", "wr0.toml:1:1: ", "[interface] is missing", ""},
      {"[interfaces]\n", "wr0.toml:1:2: ", "unknown table `interfaces`",
       "did you mean `interface`?"},
      {"mtu = 1\n", "wr0.toml:1:1: ", "unknown key `mtu`", "belongs into [interface]"},
      {"interface = 1\n", "wr0.toml:1:13: ", "`interface` is a table, not a number", "[interface]"},
      {"[[interface]]\n", "wr0.toml:1:1: ", "`interface` is a table, not a list", "[interface]"},
      {"[interface]\n[peer]\n", "wr0.toml:2:1: ", "`peer` is a list of tables, not a table",
       "[[peer]], with two brackets"},
      {"[interface]\n", "wr0.toml:1:1: ", "no `name`", "name = "},
      {"[interface]\nname = \"wr0\"\n", "wr0.toml:1:1: ", "neither `private_key_file` nor",
       "genkey"},
  };
  check_cases("", cases);
}

TEST_CASE("TOML that does not parse is shown at its place") {
  const Case cases[] = {
      {"[interface\n", "wr0.toml:1:11: ", "TOML syntax", ""},
      {"[interface]\nname = \"wr0\n", "wr0.toml:2:12: ", "TOML syntax", ""},
      {"[interface]\nname = wr0\n", "wr0.toml:2:8: ", "TOML syntax", ""},
      {"[interface]\nname = \"a\"\nname = \"b\"\n", "wr0.toml:3:", "TOML syntax", ""},
  };
  check_cases("", cases);
}

TEST_CASE("unknown keys are refused with the nearest known name") {
  const Case in_interface[] = {
      {"adress = []\n", "wr0.toml:4:1: ", "unknown key `adress` in [interface]",
       "did you mean `address`?"},
      {"  ListenPort = 1\n", "wr0.toml:4:3: ", "unknown key", "did you mean `listen_port`?"},
      {"allowed_ips = []\n", "wr0.toml:4:1: ", "unknown key", "belongs into [[peer]]"},
      {"zero_copy = true\n", "wr0.toml:4:1: ", "unknown key", "belongs into [engine]"},
      {"zebra = 1\n", "wr0.toml:4:1: ", "unknown key `zebra`", "known here: name, kind"},
      {"\"a\\u0007b\" = 1\n", "wr0.toml:4:1: ", "unknown key `a?b`", ""},
      {"[interface.dns]\n", "wr0.toml:4:12: ", "unknown table `dns` in [interface]", ""},
  };
  check_cases(kInterface, in_interface);
  const Case in_engine[] = {
      {"tun_ofload = \"tso\"\n", "wr0.toml:5:1: ", "unknown key `tun_ofload` in [engine]",
       "did you mean `tun_offload`?"},
      {"busy_poll = 1\n", "wr0.toml:5:1: ", "unknown key", "did you mean `busy_poll_us`?"},
      {"mtu = 1\n", "wr0.toml:5:1: ", "unknown key", "belongs into [interface]"},
  };
  check_cases(kEngine, in_engine);
  const Case in_peer[] = {
      {"alowed_ips = []\n", "wr0.toml:6:1: ", "unknown key `alowed_ips` in [[peer]]",
       "did you mean `allowed_ips`?"},
      {"AllowedIPs = []\n", "wr0.toml:6:1: ", "unknown key", "did you mean `allowed_ips`?"},
      {"PersistentKeepalive = 1\n", "wr0.toml:6:1: ", "", "did you mean `persistent_keepalive`?"},
      {"mtu = 1\n", "wr0.toml:6:1: ", "unknown key", "belongs into [interface]"},
  };
  check_cases(kPeer, in_peer);
}

TEST_CASE("values of the wrong type are refused") {
  const Case in_interface[] = {
      {"mtu = \"1420\"\n", "wr0.toml:4:7: ", "`mtu` is a number, not a string", "write mtu = 1420"},
      {"mtu = 1420.0\n", "wr0.toml:4:7: ", "`mtu` is a number, not a fraction", ""},
      {"mtu = 2020-01-01\n", "wr0.toml:4:7: ", "not a date", ""},
      {"routes = 1\n", "wr0.toml:4:10: ", "`routes` is true or false, not a number",
       "write routes = true"},
      {"address = \"10.0.0.1/8\"\n", "wr0.toml:4:11: ", "a list of strings, not a string",
       "write address = [\"10.8.0.1/24\"]"},
      {"address = [1]\n", "wr0.toml:4:12: ", "a list of strings, not a number", ""},
      {"address = [[\"10.0.0.1/8\"]]\n", "wr0.toml:4:12: ", "not a list", ""},
      {"fwmark = true\n", "wr0.toml:4:10: ", "a number or a string, not true or false",
       "write fwmark = 51820"},
      {"address = [\"10.0.0.1\\u0000\"]\n", "wr0.toml:4:12: ", "control characters", ""},
  };
  check_cases(kInterface, in_interface);
  const Case other[] = {
      {"peer = [1]\n", "wr0.toml:1:9: ", "`peer` is a list of tables, not a number", "[[peer]]"},
      {"peer = [{}]\n", "wr0.toml:1:", "[interface] is missing", ""},
  };
  check_cases("", other);
}

TEST_CASE("what the engine is told must be something it knows") {
  const Case cases[] = {
      {"tun_offload = \"uso\"\n",
       "wr0.toml:5:15: ", "`tun_offload` is \"auto\", \"tso\" or \"none\"", ""},
      {"tun_offload = false\n", "wr0.toml:5:15: ", "a string, not true or false", ""},
      {"udp_offload = \"off\"\n",
       "wr0.toml:5:15: ", "`udp_offload` is \"auto\", \"gso\", \"gro\" or \"none\"", ""},
      {"zero_copy = 1\n", "wr0.toml:5:13: ", "`zero_copy` is true or false, not a number", ""},
      {"aead = \"openssl\"\n",
       "wr0.toml:5:8: ", "`aead` is \"auto\", \"intel-ipsec-mb\" or \"libsodium\"", ""},
      {"scheduling = \"fifo\"\n", "wr0.toml:5:14: ", "`scheduling` is \"auto\" or \"ordinary\"",
       ""},
      {"busy_poll_us = -1\n", "wr0.toml:5:16: ", "`busy_poll_us` is -1", ""},
      {"busy_poll_us = 1000001\n", "wr0.toml:5:16: ", "not from 0 to 1000000", ""},
  };
  check_cases(kEngine, cases);
}

TEST_CASE("a backend that this CPU cannot run is refused, with the one that it can") {
  const Source source("[engine]\naead = \"intel-ipsec-mb\"\n", "wr0.toml");
  const Table document = parse_document(source);
  const Table& engine = *document.find("engine")->value.get_if<Table>();
  const std::array only_libsodium = {crypto::AeadBackend::libsodium};
  struct Row {
    crypto::Cipher cipher;
    std::span<const crypto::AeadBackend> available;
    std::string message;
    std::string hint;
  };
  const std::string refusal =
      "wr0.toml:2:8: `aead`: this build or this CPU cannot run intel-ipsec-mb for ";
  const Row rows[] = {
      {crypto::Cipher::chacha20_poly1305, only_libsodium, refusal + "chacha20-poly1305",
       "\"auto\" takes libsodium here"},
      {crypto::Cipher::aes_256_gcm, only_libsodium, refusal + "aes-256-gcm",
       "\"auto\" takes libsodium here"},
      {crypto::Cipher::aes_256_gcm,
       {},
       refusal + "aes-256-gcm",
       "nothing here can run that cipher"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.message, row.hint);
    try {
      read_engine(source, engine, row.cipher, row.available);
      FAIL("taken");
    } catch (const ConfigError& error) {
      CHECK(std::string(error.what()).starts_with(row.message));
      CHECK(contains(error.hint(), row.hint));
    }
  }
}

TEST_CASE("a backend is looked for among those of the interface's cipher") {
  for (const auto cipher : {crypto::Cipher::chacha20_poly1305, crypto::Cipher::aes_256_gcm}) {
    const auto available = crypto::available_backends(cipher);
    for (const auto backend : {crypto::AeadBackend::ipsec_mb, crypto::AeadBackend::libsodium}) {
      const std::string text =
          with_keys(fmt::format("{}cipher = \"{}\"\n[engine]\naead = \"{}\"\n", kInterface,
                                crypto::cipher_name(cipher), crypto::backend_name(backend)));
      CAPTURE(text);
      if (std::ranges::find(available, backend) != available.end()) {
        CHECK(parse(text, "wr0.toml").engine.aead == backend);
      } else {
        CHECK_THROWS_AS(parse(text, "wr0.toml"), ConfigError);
      }
    }
  }
}

TEST_CASE("an interface's name follows the rules of Linux") {
  const Case cases[] = {
      {"name = \"\"\n", "wr0.toml:3:8: ", "empty", ""},
      {"name = \"sixteen-letters0\"\n", "wr0.toml:3:8: ", "15 bytes and this has 16", ""},
      {"name = \"a/b\"\n", "wr0.toml:3:8: ", "`/` is not allowed", ""},
      {"name = \"a:b\"\n", "wr0.toml:3:8: ", "`:` is not allowed", ""},
      {"name = \"wr%d\"\n", "wr0.toml:3:8: ", "`%` is not allowed", ""},
      {"name = \"a b\"\n", "wr0.toml:3:8: ", "white space", ""},
      {"name = \".\"\n", "wr0.toml:3:8: ", "directory", ""},
      {"name = \"..\"\n", "wr0.toml:3:8: ", "directory", ""},
      {"name = \"wür\"\n", "wr0.toml:3:8: ", "ASCII", ""},
  };
  check_cases("[interface]\nprivate_key = \"@PRIVATE@\"\n", cases);
}

TEST_CASE("numbers out of range are refused") {
  const Case in_interface[] = {
      {"listen_port = 65536\n", "wr0.toml:4:15: ", "`listen_port` is 65536", ""},
      {"listen_port = -1\n", "wr0.toml:4:15: ", "not from 0 to 65535", ""},
      {"mtu = 575\n", "wr0.toml:4:7: ", "575 is not from 576", ""},
      {"mtu = 65536\n", "wr0.toml:4:7: ", "65536 is not from", ""},
      {"mtu = 9223372036854775807\n", "wr0.toml:4:7: ", "is not from", ""},
      {"fwmark = 4294967296\n", "wr0.toml:4:10: ", "not from 0 to 4294967295", ""},
      {"fwmark = \"0x100000000\"\n", "wr0.toml:4:10: ", "32 bits", ""},
      {"fwmark = \"0x\"\n", "wr0.toml:4:10: ", "32 bits", ""},
      {"fwmark = \"on\"\n", "wr0.toml:4:10: ", "no number", ""},
      {"kind = \"tup\"\n", "wr0.toml:4:8: ", "\"tun\" or \"tap\"", ""},
  };
  check_cases(kInterface, in_interface);
  const Case in_peer[] = {
      {"persistent_keepalive = 65536\n", "wr0.toml:6:24: ", "not from 0 to 65535", ""},
      {"persistent_keepalive = \"on\"\n", "wr0.toml:6:24: ", "no number", ""},
      {"persistent_keepalive = \"70000\"\n", "wr0.toml:6:24: ", "no number", ""},
  };
  check_cases(kPeer, in_peer);
}

TEST_CASE("IPv6 inside demands an mtu of at least 1280, wherever it comes from") {
  const Case cases[] = {
      {"mtu = 1279\naddress = [\"fd08::1/64\"]\n", "wr0.toml:4:7: ", "too small for IPv6", "raise"},
      {"mtu = 1279\n[[peer]]\npublic_key = \"@A@\"\nallowed_ips = [\"fd08::/64\"]\n",
       "wr0.toml:4:7: ", "too small for IPv6", "raise"},
  };
  check_cases(kInterface, cases);
}

TEST_CASE("malformed keys are told apart by length, alphabet and encoding") {
  const Case cases[] = {
      {"\"\"", "wr0.toml:5:14: ", "has 44 characters of base64 and this has 0", "pubkey"},
      {"\"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg\"", "wr0.toml:5:14: ", "this has 43", ""},
      {"\"xTIBA5rboUvnH4ht!djb6e697QjLERt1NAB4mZqp8Dg=\"", "wr0.toml:5:14: ", "character 17", ""},
      {"\"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dga\"", "wr0.toml:5:14: ", "ends in `=`", ""},
      {"\"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dh=\"", "wr0.toml:5:14: ", "beyond the 32", ""},
      {"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", "wr0.toml:5:14: ", "all zeros", ""},
  };
  check_cases("[interface]\nname = \"wr0\"\nprivate_key = \"@PRIVATE@\"\n[[peer]]\npublic_key = ",
              cases);
}

TEST_CASE("a secret key stands in the file or in a file of its own, not both") {
  const Case cases[] = {
      {"private_key_file = \"wr0.key\"\n",
       "wr0.toml:4:1: ", "both `private_key` (line 3) and `private_key_file` (line 4)", "keep one"},
      {"[[peer]]\npublic_key = \"@A@\"\npreshared_key_file = \"x\"\npreshared_key = \"@B@\"\n",
       "wr0.toml:7:1: ", "both `preshared_key` (line 7) and `preshared_key_file` (line 6)", "keep"},
  };
  check_cases(kInterface, cases);
}

TEST_CASE("malformed addresses and networks are refused") {
  const Case in_interface[] = {
      {"address = [\"10.0.0.1/33\"]\n", "wr0.toml:4:12: ", "a number from 0 to 32", ""},
      {"address = [\"fd08::1/129\"]\n", "wr0.toml:4:12: ", "a number from 0 to 128", ""},
      {"address = [\"10.0.0.1/\"]\n", "wr0.toml:4:12: ", "prefix length", ""},
      {"address = [\"10.0.0.256/8\"]\n", "wr0.toml:4:12: ", "is no address", "10.8.0.1/24"},
      {"address = [\"0.0.0.0/0\"]\n", "wr0.toml:4:12: ", "address of no host", ""},
      {"address = [\"10.0.0.1/8\", \"10.0.0.1/24\"]\n",
       "wr0.toml:4:26: ", "twice (first on line 4)", ""},
  };
  check_cases(kInterface, in_interface);
  const Case in_peer[] = {
      {"allowed_ips = [\"10.0.0.0/8\", \"10.0.0.0/x\"]\n", "wr0.toml:6:30: ", "prefix length", ""},
      {"allowed_ips = [\"everything\"]\n", "wr0.toml:6:16: ", "is no network", "10.8.0.0/24"},
      {"allowed_ips = [\n  \"10.0.0.1/8\",\n  \"10.0.0.2/8\"]\n",
       "wr0.toml:8:3: ", "10.0.0.0/8 stands here twice (first on line 7)", ""},
  };
  check_cases(kPeer, in_peer);
}

TEST_CASE("peers that collide are refused with both lines") {
  const Case cases[] = {
      {"allowed_ips = [\"10.0.0.0/8\"]\n[[peer]]\npublic_key = \"@B@\"\nallowed_ips = "
       "[\"10.0.0.0/8\"]\n",
       "wr0.toml:9:16: ", "10.0.0.0/8 is given to two peers: here and on line 6", "more specific"},
      {"[[peer]]\npublic_key = \"@A@\"\n",
       "wr0.toml:7:14: ", "two peers have this public key: here and on line 5", "merge"},
      {"name = \"bob\"\n[[peer]]\npublic_key = \"@B@\"\nname = \"bob\"\n",
       "wr0.toml:9:8: ", "two peers have this name: here and on line 6", ""},
      {"[[peer]]\nname = \"bob\"\n", "wr0.toml:6:1: ", "no `public_key`", "pubkey"},
      {"name = \"\"\n", "wr0.toml:6:8: ", "cannot be empty", ""},
  };
  check_cases(kPeer, cases);
}

TEST_CASE("a peer with the interface's own public key is refused") {
  const auto own = crypto::public_key_of(*crypto::SecretKey::from_base64(kPrivate));
  const ConfigError error = parse_error(
      with_keys(fmt::format("{}[[peer]]\npublic_key = \"{}\"\n", kInterface, own.to_base64())));
  CHECK(std::string_view(error.what()).starts_with("wr0.toml:5:14: "));
  CHECK(contains(error.what(), "own public key"));
}

TEST_CASE("malformed endpoints are refused with the form to write") {
  const Case cases[] = {
      {"\"\"", "wr0.toml:6:12: ", "has no port", ""},
      {"\"bob\"", "wr0.toml:6:12: ", "has no port", "bob:51820"},
      {"\"bob:\"", "wr0.toml:6:12: ", "is no port", ""},
      {"\"bob:0\"", "wr0.toml:6:12: ", "is no port", ""},
      {"\"bob:65536\"", "wr0.toml:6:12: ", "from 1 to 65535", ""},
      {"\"bob:-1\"", "wr0.toml:6:12: ", "is no port", ""},
      {"\":51820\"", "wr0.toml:6:12: ", "has no host", ""},
      {"\"2001:db8::1\"", "wr0.toml:6:12: ", "without a port", "[2001:db8::1]:51820"},
      {"\"2001:db8::1:5182\"", "wr0.toml:6:12: ", "without brackets", ""},
      {"\"2001:db8:0:0:0:0:0:1:51820\"", "wr0.toml:6:12: ", "more than one `:`", "brackets"},
      {"\"[2001:db8::1]\"", "wr0.toml:6:12: ", "has no port", ""},
      {"\"[2001:db8::1:51820\"", "wr0.toml:6:12: ", "no closing bracket", ""},
      {"\"[2001:db8::1]x:51820\"", "wr0.toml:6:12: ", "between bracket and port", ""},
      {"\"[192.0.2.1]:51820\"", "wr0.toml:6:12: ", "no IPv6 address", "brackets are for"},
      {"\"[fe80::1]:51820\"", "wr0.toml:6:12: ", "without its link", "%eth0"},
      {"\"0.0.0.0:51820\"", "wr0.toml:6:12: ", "address of no host", ""},
      {"\"300.1.2.3:51820\"", "wr0.toml:6:12: ", "is no IPv4 address", ""},
      {"\"bob example:51820\"", "wr0.toml:6:12: ", "neither a host name nor an address", ""},
      {"\"bob..example:51820\"", "wr0.toml:6:12: ", "part between dots", ""},
      {"\"bücher.example:51820\"", "wr0.toml:6:12: ", "not ASCII", "xn--"},
  };
  check_cases(fmt::format("{}endpoint = ", kPeer), cases);
}

TEST_CASE("a cipher that is not one of the two is refused with their names") {
  const Case cases[] = {
      {"cipher = \"aes-128-gcm\"\n",
       "wr0.toml:4:10: ", "`cipher` is \"chacha20-poly1305\" or \"aes-256-gcm\"", ""},
      {"cipher = \"\"\n", "wr0.toml:4:10: ", "`cipher` is", ""},
      {"cipher = 256\n", "wr0.toml:4:10: ", "`cipher` is a string, not", "write cipher"},
      {"ciphers = \"aes-256-gcm\"\n", "wr0.toml:4:1: ", "unknown key", "did you mean `cipher`?"},
  };
  check_cases(kInterface, cases);
}

TEST_CASE("what belongs to the other kind of interface is refused with the reason") {
  const Case cases[] = {
      {"hub = true\n", "wr0.toml:4:1: ", "`hub` needs kind = \"tap\"", "kernel forwards"},
      {"kind = \"tap\"\nroutes = true\n", "wr0.toml:5:1: ", "`routes` needs kind = \"tun\"", ""},
      {"kind = \"tap\"\nmtu = 65522\n", "wr0.toml:5:7: ", "576 to 65521", ""},
      {"kind = \"tap\"\n[[peer]]\npublic_key = \"@A@\"\nallowed_ips = []\n",
       "wr0.toml:7:1: ", "`allowed_ips` needs kind = \"tun\"", "MAC address"},
  };
  check_cases(kInterface, cases);
}

TEST_CASE("the nearest known name is found within a third of its letters, and no farther") {
  CHECK(nearest_name("alowed_ips", peer_keys()) == "allowed_ips");
  CHECK(nearest_name("presharedkey", peer_keys()) == "preshared_key");
  CHECK(nearest_name("privatekeyfile", interface_keys()) == "private_key_file");
  CHECK(nearest_name("nmae", interface_keys()).empty());
  CHECK(nearest_name("nam", interface_keys()) == "name");
  CHECK(nearest_name("unrelated", interface_keys()).empty());
  CHECK(nearest_name(std::string(100000, 'a'), interface_keys()).empty());
}
