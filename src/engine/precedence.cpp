#include "precedence.hpp"

#include <fmt/core.h>

#include <cerrno>

#include <warren/base/error.hpp>
#include <warren/system/scheduling.hpp>

namespace warren::engine {

Precedence::Precedence(Scheduling wanted, base::Instant now, const PrecedenceRules& rules) noexcept
    : wanted_(wanted), rules_(rules), window_(now) {
  if (wanted_ == Scheduling::ordinary) return;
  take();  // whether it is allowed
  if (!rules_.at_once) leave();
}

Precedence::~Precedence() {
  leave();
}

void Precedence::take() noexcept {
  refusal_ = system::schedule_first();
  held_ = refusal_ == 0;
}

void Precedence::leave() noexcept {
  if (held_) system::schedule_normally();
  held_ = false;
}

void Precedence::worked(base::Instant begin, base::Instant end, std::size_t bytes) noexcept {
  if (!follows_load()) return;
  busy_ += end - begin;
  bytes_ += bytes;
  ++turns_;
  if (end - window_ < kWindow) return;
  judge(end);
  window_ = end;
  busy_ = {};
  bytes_ = turns_ = 0;
}

void Precedence::judge(base::Instant now) noexcept {
  const double share =
      static_cast<double>(busy_.count()) / static_cast<double>((now - window_).count());
  const std::size_t turn_bytes = bytes_ / turns_;
  if (!held_) {
    if (share > rules_.take_at && turn_bytes >= rules_.long_turn_bytes && now >= pause_end_) take();
  } else if (share < rules_.leave_at) {
    leave();
  } else if (share > kMostBusy || turn_bytes < rules_.short_turn_bytes) {
    leave();
    pause_end_ = now + kPause;
  }
}

Feature Precedence::feature() const {
  constexpr const char* kName = "scheduling";
  if (wanted_ == Scheduling::ordinary) return {kName, "as ordinary threads", false, true};
  if (refusal_ != 0) {
    return {kName,
            fmt::format("as ordinary threads: {}{}", base::errno_text(refusal_),
                        refusal_ == EPERM ? " (needs CAP_SYS_NICE)" : ""),
            true};
  }
  return {
      kName,
      held_ ? "ahead of ordinary threads now (SCHED_FIFO)" : "ahead of ordinary threads under load",
      false};
}

}  // namespace warren::engine
