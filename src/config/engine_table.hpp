// The table [engine].
#pragma once

#include <span>

#include <warren/config/document.hpp>
#include <warren/config/model.hpp>
#include <warren/config/source.hpp>

namespace warren::config {

/// `table` has passed check_keys. Throws ConfigError for a value that is not known, and for a
/// backend that is not among `available`: those that this build and this CPU can run for `cipher`,
/// the best one first; none when they cannot run the cipher.
EngineSettings read_engine(const Source& source, const Table& table, crypto::Cipher cipher,
                           std::span<const crypto::AeadBackend> available);

}  // namespace warren::config
