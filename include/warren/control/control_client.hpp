// The other end of the control protocol: what `warren status`, `reload` and `down` use.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace warren::control {

/// Asks the tunnel `name` and returns its answer. Waits up to ten seconds. Throws base::Error, with
/// the running tunnels in its hint, when there is none of that name.
nlohmann::json ask(const std::string& name, std::string_view request);

}  // namespace warren::control
