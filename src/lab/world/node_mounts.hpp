// What the processes of a node see of the file system and of the machine's name.
#pragma once

#include <string>

#include <warren/base/fd.hpp>

namespace warren::lab {

/// Where enter_sandbox() mounts the /proc of the lab's processes.
inline constexpr const char* kLabProc = "/run/.proc";

struct NodeMounts {
  base::Fd mount, uts;
};

/// A copy of the caller's mount namespace with the node's own /run/warren, /run/wireguard, /sys (of
/// `netns`) and the lab's /proc; the last two where the machine lets us. Throws SystemError.
NodeMounts make_node_mounts(int netns, const std::string& name);

}  // namespace warren::lab
