// Asking a lab that is up.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include <warren/base/fd.hpp>

namespace warren::cli {

struct LabReply {
  nlohmann::json answer;
  std::vector<base::Fd> fds;
  base::Fd connection;
};

/// Sends the request, with `fds` (borrowed) beside it, to the lab of the name and returns its
/// answer. Throws UsageError when there is no such lab, naming those that are up, and base::Error
/// with what the lab said.
LabReply ask_lab(const std::string& name, const nlohmann::json& request,
                 std::span<const int> fds = {});

}  // namespace warren::cli
