// Files on disk: key files, their modes, and what is no file at all.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/config/model.hpp>

#include "config_test_support.hpp"
#include "support/counting_new.hpp"

using namespace warren;
using namespace warren::config;
using namespace warren::config::test;

namespace {

constexpr std::string_view kWithKeyFile =
    "[interface]\nname = \"wr0\"\nprivate_key_file = \"wr0.key\"\n";

std::string key_line() {
  return std::string(kPrivate) + "\n";
}

}  // namespace

TEST_CASE("a key file is found relative to the configuration file") {
  const TemporaryFolder folder;
  folder.write("keys/wr0.key", key_line());
  const auto file = folder.write(
      "wr0.toml", "[interface]\nname = \"wr0\"\nprivate_key_file = \"keys/wr0.key\"\n", 0644);
  const Tunnel tunnel = load(file);
  CHECK(tunnel.interface.private_key.reveal_base64() == kPrivate);
  CHECK(tunnel.file == file);
  CHECK_FALSE(tunnel.has_inline_secret);
}

TEST_CASE("a key file may be named by an absolute path") {
  const TemporaryFolder folder;
  const TemporaryFolder elsewhere;
  const auto key = elsewhere.write("secret", key_line());
  const auto file = folder.write(
      "wr0.toml",
      fmt::format("[interface]\nname = \"wr0\"\nprivate_key_file = \"{}\"\n", key.native()));
  CHECK(load(file).interface.private_key.reveal_base64() == kPrivate);
}

TEST_CASE("white space around the key in a key file does not matter") {
  const TemporaryFolder folder;
  folder.write("wr0.key", fmt::format("\n  {}\t\r\n\n", kPrivate));
  CHECK(load(folder.write("wr0.toml", kWithKeyFile)).interface.private_key.reveal_base64() ==
        kPrivate);
}

TEST_CASE("a preshared key is read from its file") {
  const TemporaryFolder folder;
  folder.write("wr0.key", key_line());
  folder.write("bob.psk", kPreshared);
  const auto file = folder.write(
      "wr0.toml", fmt::format("{}[[peer]]\npublic_key = \"{}\"\npreshared_key_file = \"bob.psk\"\n",
                              kWithKeyFile, kPublicA));
  const Tunnel tunnel = load(file);
  REQUIRE(tunnel.peers.at(0).preshared_key);
  CHECK(tunnel.peers.at(0).preshared_key->reveal_base64() == kPreshared);
}

TEST_CASE("a key file that others may read is refused with the remedy") {
  const TemporaryFolder folder;
  const auto file = folder.write("wr0.toml", kWithKeyFile);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0777U}) {
    const auto key = folder.write("wr0.key", key_line(), mode);
    const ConfigError error = error_of([&] { return load(file); });
    CAPTURE(error.what());
    CHECK(contains(error.what(), "wr0.toml:3:20: key file"));
    CHECK(contains(error.what(), fmt::format("open to others (mode {:04o})", mode)));
    CHECK(error.hint() == "chmod 600 " + key.native());
  }
  folder.write("wr0.key", key_line(), 0400);
  CHECK(load(file).interface.name == "wr0");
}

TEST_CASE("a configuration that holds a secret and that others may read is refused") {
  const TemporaryFolder folder;
  const std::string text =
      fmt::format("[interface]\nname = \"wr0\"\nprivate_key = \"{}\"\n", kPrivate);
  const auto file = folder.write("wr0.toml", text, 0644);
  const ConfigError error = error_of([&] { return load(file); });
  CHECK(contains(error.what(), "open to others (mode 0644)"));
  CHECK(contains(error.hint(), "chmod 600 " + file.native()));
  CHECK(load(folder.write("wr0.toml", text, 0600)).has_inline_secret);
}

TEST_CASE("a missing key file is told with the command that makes one") {
  const TemporaryFolder folder;
  const auto file = folder.write("wr0.toml", kWithKeyFile);
  const ConfigError error = error_of([&] { return load(file); });
  CHECK(contains(error.what(), "wr0.toml:3:20: key file: open"));
  CHECK(contains(error.what(), "No such file or directory"));
  CHECK(contains(error.hint(), "warren genkey > " + (folder.path() / "wr0.key").native()));
}

TEST_CASE("what is wrong inside a key file names that file and not its content") {
  const TemporaryFolder folder;
  const auto file = folder.write("wr0.toml", kWithKeyFile);
  struct Case {
    std::string content;
    std::string_view says;
  };
  const Case cases[] = {
      {"", "this has 0"},
      {std::string(kPrivate.substr(0, 43)), "this has 43"},
      {key_line() + key_line(), "this has 89"},
      {std::string(43, '-') + "=", "character 1 is not base64"},
      {std::string(5000, 'A'), "more than 4096 bytes"},
      {std::string(43, 'A') + "=", "all zeros"},
  };
  for (const Case& each : cases) {
    const auto key = folder.write("wr0.key", each.content);
    const ConfigError error = error_of([&] { return load(file); });
    CAPTURE(error.what());
    CHECK(contains(error.what(), "wr0.toml:3:20: "));
    CHECK(contains(error.what(), key.native()));
    CHECK(contains(error.what(), each.says));
    CHECK_FALSE(contains(error.what(), kPrivate.substr(0, 8)));
  }
}

TEST_CASE("a key file that is no regular file is refused and never waited for") {
  const TemporaryFolder folder;
  const auto file = folder.write("wr0.toml", kWithKeyFile);
  std::filesystem::create_directory(folder.path() / "wr0.key");
  CHECK(contains(error_of([&] { return load(file); }).what(), "this is a directory"));
  std::filesystem::remove(folder.path() / "wr0.key");
  REQUIRE(mkfifo((folder.path() / "wr0.key").c_str(), 0600) == 0);
  CHECK(contains(error_of([&] { return load(file); }).what(), "not a regular file"));
}

TEST_CASE("a configuration that does not exist is a system error with its errno") {
  const TemporaryFolder folder;
  try {
    (void)load(folder.path() / "none.toml");
    FAIL("no error was thrown");
  } catch (const base::SystemError& error) {
    CHECK(error.error_number() == ENOENT);
    CHECK(contains(error.what(), "none.toml"));
  }
}

TEST_CASE("a directory and a device are no configuration") {
  const TemporaryFolder folder;
  CHECK(contains(error_of([&] { return load(folder.path()); }).what(), "this is a directory"));
  CHECK(contains(error_of([&] { return load("/dev/zero"); }).what(), "not a regular file"));
}

TEST_CASE("keys in a configuration stay nowhere but in the model") {
  // The TOML library's own buffer cannot be wiped; each longer string takes the place of the last.
  const std::string longer = "endpoint = \"" + std::string(60, 'h') + ".example:51820\"\n";
  const std::string valid = fmt::format(
      "[interface]\nname = \"wr0\"\nprivate_key = \"{}\"\n"
      "[[peer]]\npublic_key = \"{}\"\npreshared_key = \"{}\"\n{}",
      kPrivate, kPublicA, kPreshared, longer);
  const std::string large = valid + "#" + std::string(200'000, '-') + "\n";
  const TemporaryFolder folder;
  const auto good = folder.write("wr0.toml", large);
  const auto wrong = folder.write("wr1.toml", valid + "allowed_ips = [\"10.0.0.0/33\"]\n");
  for (const std::string_view key : {kPrivate, kPreshared}) {
    std::optional<Tunnel> tunnel;
    CHECK(::warren::test::freed_with(key, [&] { tunnel = load(good); }) == 0);
    CHECK(tunnel->interface.private_key.reveal_base64() == kPrivate);
    CHECK(tunnel->peers.at(0).preshared_key.value().reveal_base64() == kPreshared);
    CHECK(::warren::test::freed_with(key, [&] {
            CHECK(contains(error_of([&] { load(wrong); }).what(), "10.0.0.0/33"));
          }) == 0);
  }
}
