// Tells the service manager how the process is doing: the protocol of sd_notify(3).
#pragma once

#include <string_view>

namespace warren::system {

/// Sends `state` ("READY=1") to the socket that NOTIFY_SOCKET names: a path, or an abstract name
/// after
/// '@'. False when there is none or it could not be reached; never an error. Not while another
/// thread changes the environment.
bool sd_notify(std::string_view state) noexcept;

/// The service is up, or has finished reloading.
bool sd_notify_ready() noexcept;
/// The configuration is being read again; sd_notify_ready follows (Type=notify-reload).
bool sd_notify_reloading();
bool sd_notify_stopping() noexcept;

}  // namespace warren::system
