// The examples in configs/tunnel and the documentation are held to what the program knows.
#include <fmt/core.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <warren/config/document.hpp>
#include <warren/config/model.hpp>
#include <warren/crypto/keys.hpp>

#include "config_test_support.hpp"
#include "schema.hpp"

using namespace warren;
using namespace warren::config;
using namespace warren::config::test;

namespace {

const std::filesystem::path kRoot = WARREN_SOURCE_DIR;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> examples() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(kRoot / "configs/tunnel")) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

/// Makes the key files that `example` names, beside its copy.
void write_key_files(const TemporaryFolder& folder, const std::string& example) {
  const Source source(example, "example");
  const auto write_named_by = [&](const Table& table, std::string_view key) {
    const Entry* entry = table.find(key);
    if (entry == nullptr) return;
    const auto secret = crypto::generate_preshared_key(crypto::system_random());
    folder.write(*entry->value.get_if<std::string>(), secret.reveal_base64());
  };
  const Table document = parse_document(source);
  write_named_by(*document.find("interface")->value.get_if<Table>(), "private_key_file");
  for (const Value& peer : document.find("peer")->value.get_if<Array>()->items) {
    write_named_by(*peer.get_if<Table>(), "preshared_key_file");
  }
}

}  // namespace

TEST_CASE("every example configuration loads") {
  const auto files = examples();
  CHECK(files.size() >= 8);
  for (const auto& file : files) {
    CAPTURE(file);
    const TemporaryFolder folder;
    const std::string text = text_of(file);
    write_key_files(folder, text);
    const Tunnel tunnel = load(folder.write(file.filename(), text, 0644));
    CHECK_FALSE(tunnel.peers.empty());
  }
}

TEST_CASE("no example holds a secret") {
  for (const auto& file : examples()) {
    CAPTURE(file);
    CHECK_FALSE(parse(text_of(file), file, false).has_inline_secret);
  }
}

TEST_CASE("every key is described in CONFIG.md and in the manual page, and no other") {
  const std::string guide = text_of(kRoot / "docs/CONFIG.md");
  const std::string manual = text_of(kRoot / "docs/man/warren.toml.5");
  std::size_t known = 0;
  for (const auto keys : {interface_keys(), engine_keys(), peer_keys()}) {
    for (const KeySpec& key : keys) {
      CAPTURE(key.name);
      CHECK(contains(guide, fmt::format("### `{}`\n", key.name)));
      CHECK(contains(manual, fmt::format(".It Ic {}\n", key.name)));
      ++known;
    }
  }
  std::size_t described = 0;
  for (std::size_t i = 0; (i = guide.find("\n### `", i)) != std::string::npos; ++i) ++described;
  CHECK(described == known);
}
