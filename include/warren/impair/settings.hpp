// What one direction of a link does to the frames that pass: values that were validated already.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include <warren/base/time.hpp>

namespace warren::impair {

class Trace;

/// A probability, 0 to 1.
using Probability = double;

enum class Distribution : std::uint8_t { uniform, normal, pareto };

/// Added to the delay of each frame; never makes the sum negative. Frames keep their order: one
/// that would overtake waits for those before it, unless Reordering lets it go.
struct Jitter {
  /// uniform: half of the width around the delay; normal: the standard deviation; pareto: as
  /// tc-netem(8) scales its table, 4/3 (u^(-1/3) - 3/2) times this, at most 4 times.
  base::Duration amount{};
  Distribution distribution = Distribution::uniform;
  friend bool operator==(const Jitter&, const Jitter&) = default;
};

/// Each frame is lost on its own.
struct BernoulliLoss {
  Probability p = 0;
  friend bool operator==(const BernoulliLoss&, const BernoulliLoss&) = default;
};

/// Bursts: a chain of a good and a bad state (Gilbert 1960, Elliott 1963). One chain per flow,
/// which begins in the bad state with the share of time it spends there, p / (p + r), so that short
/// flows lose as much as long ones.
struct GilbertElliottLoss {
  Probability p = 0;          ///< good to bad, per frame
  Probability r = 1;          ///< bad to good, per frame
  Probability loss_bad = 1;   ///< 1 - h: of a frame in the bad state
  Probability loss_good = 0;  ///< 1 - k: of a frame in the good state
  friend bool operator==(const GilbertElliottLoss&, const GilbertElliottLoss&) = default;
};

using Loss = std::variant<std::monostate, BernoulliLoss, GilbertElliottLoss>;

/// A share of the frames overtakes those before it; the others keep their order. With p = 1 and
/// ahead = 0 jitter alone decides the order, as tc-netem(8) does it.
struct Reordering {
  Probability p = 0;
  /// How much earlier such a frame arrives, at most the delay; the whole delay when empty.
  std::optional<base::Duration> ahead;
  friend bool operator==(const Reordering&, const Reordering&) = default;
};

enum class Discipline : std::uint8_t { fifo, codel };

/// The queue in front of a rate or a trace.
struct Queue {
  Discipline discipline = Discipline::fifo;
  /// Capacity in bytes of frames; empty: rate x (delay + jitter), at least 64 KiB. One frame always
  /// finds room where none waits.
  std::optional<std::uint64_t> bytes;
  base::Duration target = std::chrono::milliseconds(5);      ///< codel (RFC 8289, 4.2)
  base::Duration interval = std::chrono::milliseconds(100);  ///< codel (RFC 8289, 4.2)
  friend bool operator==(const Queue&, const Queue&) = default;
};

/// The n-th packet of a kind, of each flow: "udp#3", "tcp.syn#1", "icmp#2", "any#10". Counted from
/// the flow's first frame, also while no selector asks; tcp_syn, tcp_fin and tcp_rst are segments
/// with that flag, whatever others they have.
struct Selector {
  enum class Kind : std::uint8_t { any, udp, tcp, tcp_syn, tcp_fin, tcp_rst, icmp, arp };
  Kind kind = Kind::any;
  std::uint64_t number = 1;  ///< counts from 1
  friend bool operator==(const Selector&, const Selector&) = default;
};

/// The default passes everything on at once.
struct Settings {
  bool up = true;
  base::Duration delay{};
  std::optional<Jitter> jitter;
  Loss loss;
  Probability duplicate = 0;
  std::optional<Reordering> reorder;
  Probability corrupt = 0;     ///< one bit of the frame's payload is flipped
  std::uint64_t rate_bps = 0;  ///< bits per second of frames; 0: unlimited
  std::shared_ptr<const Trace>
      trace;  ///< instead of a rate; counts as mahimahi does: the IP packet + 4
  Queue queue;
  std::vector<Selector> drop;
  std::uint32_t mtu = 0;  ///< bytes behind the Ethernet header; larger frames vanish; 0: any

  /// Whether frames pass at once and untouched.
  [[nodiscard]] bool passes_all() const noexcept;
};

}  // namespace warren::impair
