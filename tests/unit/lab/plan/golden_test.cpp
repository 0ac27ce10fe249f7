// Plans, scripts and pictures of whole files, word for word. After a wanted change:
//   WARREN_UPDATE_GOLDEN=1 build/release/tests/unit/lab/plan/test_lab_plan '[golden]'
// writes them anew; `git diff` then shows what the change means.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <warren/lab/plan.hpp>

using namespace warren::lab;

namespace {

const std::filesystem::path kFolder = WARREN_SOURCE_DIR "/tests/unit/lab/plan/golden";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> labs() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// The file's own name instead of its path, which differs from machine to machine.
Topology load(const std::filesystem::path& file) {
  return parse_topology(text_of(file), file.filename());
}

void compare(std::filesystem::path file, const char* ending, const std::string& text) {
  file.replace_extension(ending);
  CAPTURE(file);
  if (std::getenv("WARREN_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file, std::ios::binary) << text;
    return;
  }
  CHECK(text == text_of(file));
}

}  // namespace

TEST_CASE("the steps of a lab are those of its golden file", "[golden]") {
  CHECK(labs().size() >= 5);
  for (const auto& file : labs()) {
    const Topology lab = load(file);
    std::string text;
    for (const Step& step : plan(lab)) text += describe(lab, step) + "\n";
    compare(file, ".plan", text);
  }
}

TEST_CASE("the script of a lab is its golden file", "[golden]") {
  for (const auto& file : labs()) {
    const Topology lab = load(file);
    compare(file, ".sh", shell_script(lab, plan(lab)));
  }
}

TEST_CASE("the pictures of a lab are its golden files", "[golden]") {
  for (const auto& file : labs()) {
    const Topology lab = load(file);
    compare(file, ".dot", draw(lab, GraphFormat::dot));
    compare(file, ".mmd", draw(lab, GraphFormat::mermaid));
  }
}
