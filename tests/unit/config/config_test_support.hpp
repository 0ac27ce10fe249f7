// What the configuration tests share: published example keys, a folder that goes away, and the
// parts of an error's text.
#pragma once

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <warren/config/model.hpp>

#include "support/temp_dir.hpp"

namespace warren::config::test {

// The example pairs of the wg(8) manual page, and what X25519 makes of them. Published: never use.
inline constexpr std::string_view kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
inline constexpr std::string_view kPublicA = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
inline constexpr std::string_view kPublicB = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
inline constexpr std::string_view kPublicC = "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA=";
inline constexpr std::string_view kPreshared = "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak=";

/// A folder that goes away with everything in it, and can be filled.
class TemporaryFolder : public ::warren::test::TempDir {
 public:
  /// Creates `name` with `text` and exactly `mode`.
  std::filesystem::path write(const std::string& name, std::string_view text,
                              mode_t mode = 0600) const {
    const std::filesystem::path file = path() / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    REQUIRE(chmod(file.c_str(), mode) == 0);
    return file;
  }
};

/// The error that `action` ends in; fails the test when there is none.
template <class Action>
ConfigError error_of(Action action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error;
  }
  FAIL("no ConfigError was thrown");
  return ConfigError({}, {});
}

inline ConfigError parse_error(std::string_view text) {
  return error_of([&] { return parse(text, "wr0.toml", false); });
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace warren::config::test
