#include <fmt/core.h>

#include <span>

#include <warren/config/model.hpp>
#include <warren/crypto/keys.hpp>

#include "file.hpp"
#include "limits.hpp"

namespace warren::config {

Tunnel load(const std::filesystem::path& file) {
  FileText content = read_file(file, kMaxFileBytes);
  struct Wiper {
    std::string& text;
    ~Wiper() { crypto::wipe(std::as_writable_bytes(std::span(text))); }
  } wiper{content.text};
  Tunnel tunnel = parse(content.text, file);
  if (tunnel.has_inline_secret && is_open_to_others(content.mode)) {
    throw ConfigError(
        fmt::format("{}: the file holds a secret key and is open to others (mode {:04o})",
                    file.native(), content.mode),
        chmod_hint(file) + ", or keep the key in a file of its own (private_key_file)");
  }
  return tunnel;
}

}  // namespace warren::config
