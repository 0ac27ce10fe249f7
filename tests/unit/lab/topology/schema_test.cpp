// docs/lab.schema.json and the reader cannot drift apart: both follow the table of keys.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "keys.hpp"
#include "schema_document.hpp"

using namespace warren::lab;

namespace {

const std::filesystem::path kRoot = WARREN_SOURCE_DIR;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

void visit(const Keys& keys, const std::function<void(const Key&)>& action) {
  const auto each = [&](const Key& key) {
    action(key);
    if (key.table != nullptr) visit(*key.table, action);
  };
  for (const Key& key : keys.known) each(key);
  if (keys.any != nullptr) each(*keys.any);
}

/// The sources that read, without those that hold the table itself.
std::string reader_sources() {
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot / "src/lab/topology")) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".cpp") && !name.ends_with("keys.cpp")) text += text_of(entry.path());
  }
  return text;
}

}  // namespace

// WARREN_UPDATE_GOLDEN=1 writes the file anew.
TEST_CASE("docs/lab.schema.json is what the table of keys says") {
  const std::filesystem::path file = kRoot / "docs/lab.schema.json";
  const std::string wanted = test::schema_document().dump(2) + "\n";
  if (std::getenv("WARREN_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << wanted;
  const bool is_same = text_of(file) == wanted;
  INFO("repeat with WARREN_UPDATE_GOLDEN=1 in the environment, and look at the difference");
  CHECK(is_same);
}

TEST_CASE("every key has a line about it, and an example of its type unless it is a table") {
  visit(file_keys(), [](const Key& key) {
    CAPTURE(key.name);
    CHECK_FALSE(key.summary.empty());
    if (key.table != nullptr && (key.types & ~(kTable | kTableList)) == 0) return;
    const auto example = nlohmann::json::parse(key.example);
    const bool fits = (example.is_string() && (key.types & kText) != 0) ||
                      (example.is_number_integer() && (key.types & kInteger) != 0) ||
                      (example.is_boolean() && (key.types & kBoolean) != 0) ||
                      (example.is_array() && (key.types & (kTextList | kMixedList)) != 0);
    CHECK(fits);
    const std::string pattern = test::pattern_of(key.format);
    const bool is_chosen =
        example.is_string() &&
        std::ranges::find(key.choices, example.get<std::string>()) != key.choices.end();
    if (pattern.empty() || is_chosen) return;
    for (const auto& item : example.is_array() ? example : nlohmann::json::array({example})) {
      if (!item.is_string()) continue;
      CHECK(std::regex_search(item.get<std::string>(), std::regex(pattern)));
    }
  });
}

TEST_CASE("the reader asks for every key of the table, and for no other") {
  const std::string sources = reader_sources();
  std::set<std::string> known;
  visit(file_keys(), [&](const Key& key) {
    if (key.name == "*") return;
    known.emplace(key.name);
    CAPTURE(key.name);
    CHECK(sources.find('"' + std::string(key.name) + '"') != std::string::npos);
  });
  const std::regex asks(
      R"re((?:text|integer|boolean|duration|value|texts|list|inner|size|bound|command|host_of|node_of|link_of)\((?:fields, )?"([a-z_0-9]+)")re");
  std::size_t asked = 0;
  for (auto i = std::sregex_iterator(sources.begin(), sources.end(), asks);
       i != std::sregex_iterator(); ++i) {
    CAPTURE((*i)[0].str());
    CHECK(known.contains((*i)[1].str()));
    ++asked;
  }
  CHECK(asked > 80);
}
