#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include <warren/lab/pcapng.hpp>
#include <warren/lab/topology.hpp>

#include "frame_store.hpp"

namespace warren::lab {

/// The section and one interface per link, as every capture of a lab begins. With `only`, that link
/// alone, as interface 0.
PcapngBuffer capture_prelude(const Topology& topology, std::uint32_t snap_bytes,
                             std::string_view comment, std::optional<LinkId> only = std::nullopt);

struct CaptureFileOptions {
  bool arrivals = false;
  std::uint32_t snap_bytes = 0;
  std::uint64_t missed = 0;
};
/// The frames of the store, by time. Throws base::SystemError.
void write_capture_file(const std::filesystem::path& file, const Topology& topology,
                        const FrameStore& store, const CaptureFileOptions& options);

}  // namespace warren::lab
