// Warren's own control protocol, spoken on /run/warren/NAME.sock: one request line, one answer
// line.
//
//   status   {"ok": true, "status": {…}}     docs/status.schema.json describes the status
//   reload   {"ok": true} or {"ok": false, "error": "…", "hint": "…", "wrong_configuration": false}
//   down     {"ok": true}, then the process ends
#pragma once

#include <string>
#include <string_view>

#include <warren/control/conversation.hpp>
#include <warren/control/host.hpp>

namespace warren::control {

class ControlSession final : public Conversation {
 public:
  static constexpr std::size_t kMaxRequestBytes = 128;

  /// Borrows `host`. The engine's thread only.
  explicit ControlSession(Host& host) : host_(host) {}
  std::size_t feed(std::string_view in, std::string& out) override;
  void end_of_input(std::string&) override { finished_ = true; }
  [[nodiscard]] bool finished() const override { return finished_; }
  void answered() override;

 private:
  void handle(std::string_view request, std::string& out);

  Host& host_;
  std::string partial_;
  bool finished_ = false;
  bool shut_down_ = false;  // once the answer is sent
};

}  // namespace warren::control
