// Where the sockets of a running tunnel are.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace warren::control {

/// Where `wg` looks for userspace implementations; fixed by the userspace API.
inline constexpr const char* kUapiDirectory = "/var/run/wireguard";

/// /var/run/wireguard/NAME.sock
std::filesystem::path uapi_socket_path(std::string_view name);

/// Warren's own sockets: $WARREN_RUNTIME_DIR, or /run/warren.
std::filesystem::path runtime_directory();
/// NAME.sock in runtime_directory().
std::filesystem::path control_socket_path(std::string_view name);

/// The names whose control sockets accept connections now, sorted. Sockets that crashed processes
/// left behind are not among them.
std::vector<std::string> running_names();

}  // namespace warren::control
