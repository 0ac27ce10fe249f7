// Runs the real binary and collects what it says.
#pragma once

#include <sys/wait.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "support/temp_dir.hpp"

namespace warren::cli::test {

using TemporaryFolder = ::warren::test::TempDir;

struct Result {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Runs `script` with the shell in `folder`, where `warren` is the binary under test.
inline Result run(const TemporaryFolder& folder, const std::string& script) {
  const std::filesystem::path out = folder.path() / ".out";
  const std::filesystem::path err = folder.path() / ".err";
  std::ofstream(folder.path() / ".script") << "warren() { '" WARREN_BINARY "' \"$@\"; }\n"
                                           << script << '\n';
  const std::string command = "cd '" + folder.path().native() + "' && umask 077 && sh .script >'" +
                              out.native() + "' 2>'" + err.native() + "'";
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), text_of(out), text_of(err)};
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace warren::cli::test
