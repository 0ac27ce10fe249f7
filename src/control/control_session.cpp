#include <nlohmann/json.hpp>
#include <utility>

#include <warren/control/control_session.hpp>
#include <warren/control/status.hpp>

namespace warren::control {

using nlohmann::json;

std::size_t ControlSession::feed(std::string_view in, std::string& out) {
  const auto end = in.find('\n');
  if (end == std::string_view::npos) {
    partial_ += in.substr(0, kMaxRequestBytes + 1);
    if (partial_.size() > kMaxRequestBytes) finished_ = true;
    return in.size();
  }
  partial_ += in.substr(0, std::min(end, kMaxRequestBytes + 1));
  handle(std::exchange(partial_, {}), out);
  return end + 1;
}

void ControlSession::handle(std::string_view request, std::string& out) {
  json answer{{"ok", true}};
  if (request == "status") {
    answer["status"] = build_status(host_);
  } else if (request == "reload") {
    if (auto error = host_.reload()) {
      answer = {{"ok", false},
                {"error", std::move(error->message)},
                {"hint", std::move(error->hint)},
                {"wrong_configuration", error->wrong_configuration}};
    }
  } else if (request == "down") {
    shut_down_ = true;
  } else {
    answer = {{"ok", false}, {"error", "unknown request: status, reload and down are known"}};
  }
  // Names come from configuration files: bytes that are not UTF-8 are replaced, not thrown over.
  out += answer.dump(-1, ' ', false, json::error_handler_t::replace);
  out += '\n';
}

void ControlSession::answered() {
  if (std::exchange(shut_down_, false)) host_.shut_down();
}

}  // namespace warren::control
