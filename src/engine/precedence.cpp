#include "precedence.hpp"

#include <fmt/core.h>

#include <cerrno>

#include <warren/base/error.hpp>
#include <warren/system/scheduling.hpp>

namespace warren::engine {

Precedence::Precedence(Scheduling wanted, base::Instant now) noexcept
    : wanted_(wanted), window_(now) {
  if (wanted_ == Scheduling::ordinary) return;
  take();  // whether it is allowed
  leave();
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

void Precedence::worked(base::Instant begin, base::Instant end) noexcept {
  if (wanted_ == Scheduling::ordinary || refusal_ != 0) return;
  busy_ += end - begin;
  const base::Duration window = end - window_;
  if (window < kWindow) return;
  const double share = static_cast<double>(busy_.count()) / static_cast<double>(window.count());
  if (!held_ && share > kTakeAt && end >= pause_end_) {
    take();
  } else if (held_ && share > kMostBusy) {
    leave();
    pause_end_ = end + kPause;
  } else if (held_ && share < kLeaveAt) {
    leave();
  }
  window_ = end;
  busy_ = {};
}

Feature Precedence::feature() const {
  constexpr const char* kName = "scheduling";
  if (wanted_ == Scheduling::ordinary) return {kName, "as ordinary threads", false};
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
