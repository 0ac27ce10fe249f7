#include "judge.hpp"

#include <algorithm>
#include <cmath>

#include "distribution.hpp"

namespace warren::impair {
namespace {

// Keeps the sums of times inside an Instant.
constexpr base::Duration kLongestTravel = std::chrono::hours(24 * 365);

/// Whether the n-th of its kind is the frame that the selector names.
bool names(const Selector& selector, const Flow& flow, const Classified& frame) noexcept {
  switch (selector.kind) {
    case Selector::Kind::any:
      return flow.number == selector.number;
    case Selector::Kind::udp:
      return frame.kind == Kind::udp && flow.number == selector.number;
    case Selector::Kind::tcp:
      return frame.kind == Kind::tcp && flow.number == selector.number;
    case Selector::Kind::icmp:
      return frame.kind == Kind::icmp && flow.number == selector.number;
    case Selector::Kind::arp:
      return frame.kind == Kind::arp && flow.number == selector.number;
    case Selector::Kind::tcp_syn:
      return frame.syn && flow.syns == selector.number;
    case Selector::Kind::tcp_fin:
      return frame.fin && flow.fins == selector.number;
    case Selector::Kind::tcp_rst:
      return frame.rst && flow.rsts == selector.number;
  }
  return false;
}

}  // namespace

void Judge::configure(const Settings& settings) noexcept {
  // A chain goes on where only its probabilities change; with another model it begins anew.
  if (chain_ == 0 || settings.loss.index() != settings_.loss.index()) ++chain_;
  settings_ = settings;
}

Fate Judge::decide(Flow& flow, const Classified& frame, std::size_t frame_bytes) const noexcept {
  Fate fate;
  fate.flow = flow.id;
  fate.number = flow.number;
  // Every frame is asked about, lest an outage or a selector shift the chain.
  const bool lost = loses(flow);
  const std::size_t payload_bytes = frame_bytes - frame.payload_offset;
  if (!settings_.up)
    fate.verdict = Verdict::link_down;
  else if (settings_.mtu != 0 && payload_bytes > settings_.mtu)
    fate.verdict = Verdict::too_big;
  else if (selects(flow, frame))
    fate.verdict = Verdict::selected;
  else if (lost)
    fate.verdict = Verdict::lost;
  if (fate.verdict != Verdict::passed) return fate;

  if (settings_.corrupt > 0 && payload_bytes > 0) {
    const Roll dice = roll(flow, Purpose::corruption);
    fate.corrupted = unit(dice.first) < settings_.corrupt;
    if (fate.corrupted) {
      fate.corrupted_bit = static_cast<std::uint32_t>(std::uint64_t{frame.payload_offset} * 8 +
                                                      dice.second % (payload_bytes * 8));
    }
  }
  if (settings_.duplicate > 0 || settings_.reorder) {
    const Roll dice = roll(flow, Purpose::copy);
    fate.duplicated = unit(dice.first) < settings_.duplicate;
    fate.reordered = settings_.reorder && unit(dice.second) < settings_.reorder->p;
  }
  if (settings_.jitter) {
    fate.jitter = jitter(flow, Purpose::jitter);
    if (fate.duplicated) fate.copy_jitter = jitter(flow, Purpose::copy_jitter);
  }
  return fate;
}

base::Duration Judge::travel(const Fate& fate, base::Duration jitter) const noexcept {
  constexpr base::Duration kZero{};
  const base::Duration delay = std::clamp(settings_.delay, kZero, kLongestTravel);
  base::Duration travel = delay + std::clamp(jitter, -kLongestTravel, kLongestTravel);
  if (fate.reordered && settings_.reorder) {
    if (!settings_.reorder->ahead) return kZero;
    travel -= std::clamp(*settings_.reorder->ahead, kZero, kLongestTravel);
  }
  return std::max(travel, kZero);
}

bool Judge::selects(const Flow& flow, const Classified& frame) const noexcept {
  return std::ranges::any_of(
      settings_.drop, [&](const Selector& selector) { return names(selector, flow, frame); });
}

bool Judge::loses(Flow& flow) const noexcept {
  if (const auto* chain = std::get_if<GilbertElliottLoss>(&settings_.loss)) {
    return loses(*chain, flow);
  }
  const auto* bernoulli = std::get_if<BernoulliLoss>(&settings_.loss);
  return bernoulli != nullptr && unit(roll(flow, Purpose::loss).first) < bernoulli->p;
}

bool Judge::loses(const GilbertElliottLoss& chain, Flow& flow) const noexcept {
  if (flow.chain != chain_) {
    flow.chain = chain_;
    const double start = unit(roll(flow, Purpose::chain_start).first);
    flow.bad = start * (chain.p + chain.r) < chain.p;
  }
  const Roll dice = roll(flow, Purpose::loss);
  const bool lost = unit(dice.first) < (flow.bad ? chain.loss_bad : chain.loss_good);
  if (unit(dice.second) < (flow.bad ? chain.r : chain.p)) flow.bad = !flow.bad;
  return lost;
}

base::Duration Judge::jitter(const Flow& flow, Purpose purpose) const noexcept {
  const Jitter& jitter = *settings_.jitter;
  const double ns = static_cast<double>(jitter.amount.count()) *
                    sample(jitter.distribution, roll(flow, purpose).first);
  constexpr double kMost = static_cast<double>(kLongestTravel.count());
  return base::Duration(static_cast<std::int64_t>(std::round(std::clamp(ns, -kMost, kMost))));
}

}  // namespace warren::impair
