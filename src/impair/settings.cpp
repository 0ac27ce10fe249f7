#include <warren/impair/settings.hpp>

namespace warren::impair {
namespace {

bool loses_nothing(const Loss& loss) noexcept {
  if (const auto* bernoulli = std::get_if<BernoulliLoss>(&loss)) return bernoulli->p <= 0;
  if (const auto* chain = std::get_if<GilbertElliottLoss>(&loss)) {
    const bool reaches_bad = chain->p > 0;
    return chain->loss_good <= 0 && (!reaches_bad || chain->loss_bad <= 0);
  }
  return true;
}

}  // namespace

bool Settings::passes_all() const noexcept {
  const bool at_once = delay <= base::Duration::zero() &&
                       (!jitter || jitter->amount <= base::Duration::zero()) && rate_bps == 0 &&
                       trace == nullptr;
  return up && at_once && loses_nothing(loss) && duplicate <= 0 && corrupt <= 0 && drop.empty() &&
         mtu == 0;
}

}  // namespace warren::impair
