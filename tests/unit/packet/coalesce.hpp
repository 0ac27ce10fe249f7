// Runs lists of packets through the coalescer, and its results through the segmenter.
#pragma once

#include <vector>

#include <warren/packet/coalescer.hpp>
#include <warren/packet/segmenter.hpp>

#include "unit/packet/packets.hpp"

namespace warren::test {

struct Coalesced {
  VirtioHeader header;
  PacketBytes bytes;
  std::size_t pieces = 0;
  bool sizes_agree = false;  // the pieces' sum is what the result claims
};

/// Coalesces `packets` in one batch, from copies of exactly their sizes.
inline std::vector<Coalesced> coalesce(const packet::CoalesceOptions& options,
                                       std::vector<PacketBytes> packets) {
  packet::Coalescer coalescer(options, std::max<std::size_t>(packets.size(), 1));
  for (auto& bytes : packets) coalescer.add(view(bytes));
  coalescer.finish();
  std::vector<Coalesced> results;
  for (std::size_t i = 0; i < coalescer.count(); ++i) {
    const auto result = coalescer.packet(i);
    Coalesced out{result.header, {}, result.pieces.size(), false};
    for (const auto piece : result.pieces) {
      const auto bytes = to_bytes(piece);
      out.bytes.insert(out.bytes.end(), bytes.begin(), bytes.end());
    }
    out.sizes_agree = out.bytes.size() == result.bytes;
    results.push_back(std::move(out));
  }
  return results;
}

/// The packets that segmenting `result` gives; empty when the segmenter refuses it.
inline std::vector<PacketBytes> segment(const Coalesced& result, Framing framing) {
  std::vector<PacketBytes> packets;
  const auto segmenter = packet::Segmenter::create(result.header, view(result.bytes), framing);
  if (!segmenter) return packets;
  for (std::size_t i = 0; i < segmenter->count(); ++i) {
    PacketBytes bytes(segmenter->length(i));
    segmenter->write(i, view(bytes).data());
    packets.push_back(std::move(bytes));
  }
  return packets;
}

}  // namespace warren::test
