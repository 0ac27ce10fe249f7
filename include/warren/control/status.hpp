// The status of a tunnel, as JSON and as text for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include <warren/control/host.hpp>

namespace warren::control {

/// Everything that `warren status --json` prints, as docs/status.schema.json describes it: what the
/// host says of itself, and the device's peers, drops and handshakes. Holds no secret. The engine's
/// thread only.
nlohmann::json build_status(Host& host);

/// As `wg show` prints it, with what Warren has beyond: names, drops, failed handshakes, features.
/// `colour` adds terminal escapes. Takes what build_status returned; throws
/// nlohmann::json::exception when it is something else.
std::string render_status(const nlohmann::json& status, bool colour);

}  // namespace warren::control
