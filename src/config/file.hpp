// Reading configuration and key files: regular files only, bounded, and secrets only from files
// that nobody else can read.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>

namespace warren::config {

struct FileText {
  std::string text;
  mode_t mode = 0;  ///< permission bits
};

/// Reads a regular file. Throws ConfigError for anything else and for more than `max_bytes`,
/// base::SystemError when opening or reading fails. Never blocks on a FIFO or a device.
FileText read_file(const std::filesystem::path& file, std::size_t max_bytes);

/// Whether group or others may do anything with a file of this mode.
bool is_open_to_others(mode_t mode) noexcept;

/// "chmod 600 FILE": the remedy.
std::string chmod_hint(const std::filesystem::path& file);

}  // namespace warren::config
