// The commands of labs that are up.
#include "lab_sessions.hpp"

#include <CLI/CLI.hpp>

#include "lab.hpp"

namespace warren::cli {

void register_lab_sessions(CLI::App& lab, int& exit_code) {
  register_lab_up(lab);
  register_lab_down(lab);
  register_lab_list(lab);
  register_lab_status(lab);
  register_lab_exec(lab, exit_code);
  register_lab_shell(lab, exit_code);
  register_lab_set(lab);
  register_lab_capture(lab);
}

}  // namespace warren::cli
