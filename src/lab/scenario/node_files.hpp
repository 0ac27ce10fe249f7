// Files as a node's processes see them: in its mount namespace.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include <warren/lab/topology.hpp>
#include <warren/lab/world.hpp>

namespace warren::lab {

/// Runs `work` in the node's mount namespace, in a thread of its own, and waits; an exception from
/// `work` comes out here. Throws base::SystemError.
void run_in_mounts(const World& world, NodeId node, const std::function<void()>& work);

/// Whether there is anything, at the end of links. Nothing is opened: a socket cannot be, a FIFO
/// and a device may mind. Throws base::SystemError when that cannot be said.
bool exists_in_node(const World& world, NodeId node, const std::filesystem::path& path);
/// At most `most_bytes` of it; empty when there is none. Throws base::SystemError when it cannot be
/// read.
std::optional<std::string> read_in_node(const World& world, NodeId node,
                                        const std::filesystem::path& path,
                                        std::size_t most_bytes = 1 << 20);

}  // namespace warren::lab
