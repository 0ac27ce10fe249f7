// What a lab's status is for people, and the commands that work on a lab that is up. The JSON is
// what lab_session_answers.cpp makes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace CLI {
class App;
}

namespace warren::cli {

/// After `lab up`: what there is, how to get in, how long it took.
std::string render_lab_came_up(const nlohmann::json& status);
std::string render_lab_status(const nlohmann::json& status);

void register_lab_up(CLI::App& lab);
void register_lab_down(CLI::App& lab);
void register_lab_list(CLI::App& lab);
void register_lab_status(CLI::App& lab);
void register_lab_set(CLI::App& lab);
void register_lab_capture(CLI::App& lab);
void register_lab_exec(CLI::App& lab, int& exit_code);
void register_lab_shell(CLI::App& lab, int& exit_code);

}  // namespace warren::cli
