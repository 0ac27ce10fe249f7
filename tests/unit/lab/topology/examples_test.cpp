// The published labs are read without complaint.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/lab/topology.hpp>

using namespace warren;

TEST_CASE("every lab in configs/lab is valid") {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path folder = std::filesystem::path(WARREN_SOURCE_DIR) / "configs/lab";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  REQUIRE(files.size() >= 3);
  for (const auto& file : files) {
    try {
      const lab::Topology topology = lab::load_topology(file);
      CHECK(topology.name == file.stem());
      CHECK_FALSE(topology.expectations.empty());
    } catch (const base::Error& error) {
      FAIL_CHECK(error.what() << "\n  " << error.hint());
    }
  }
}
