// Ids of the protocol core.
#pragma once

#include <cstdint>

#include <warren/base/strong_id.hpp>

namespace warren::protocol {

struct PeerIdTag;
/// A peer of this device. Never used again while the device lives.
using PeerId = base::StrongId<PeerIdTag, std::uint32_t>;

struct SessionIndexTag;
/// Names a session on the wire; chosen at random by its receiver.
using SessionIndex = base::StrongId<SessionIndexTag, std::uint32_t>;

}  // namespace warren::protocol
