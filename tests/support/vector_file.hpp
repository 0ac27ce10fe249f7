// Reads vectors: blocks of name=hex lines, with an empty line between blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace warren::test {

using VectorBlock = std::map<std::string, std::string>;

/// Blocks of tests/support/data/`name`; empty when the file cannot be read.
inline std::vector<VectorBlock> read_vectors(const std::string& name) {
  std::ifstream file(std::string(WARREN_SOURCE_DIR) + "/tests/support/data/" + name);
  std::vector<VectorBlock> blocks(1);
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    if (equals == std::string::npos) blocks.emplace_back();
    else blocks.back()[line.substr(0, equals)] = line.substr(equals + 1);
  }
  std::erase_if(blocks, [](const VectorBlock& block) { return block.empty(); });
  return blocks;
}

inline std::vector<std::byte> unhex(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace warren::test
