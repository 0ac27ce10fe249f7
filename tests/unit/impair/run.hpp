// Frames, and a pipeline run in virtual time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/ip.hpp>
#include <warren/impair/pipeline.hpp>

#include "support/packets.hpp"

namespace warren::test {

using namespace std::chrono_literals;
using Frame = std::vector<std::byte>;

/// The start of virtual time; not zero, so that a forgotten offset is seen.
inline constexpr base::Instant kStart{1000s};

struct Host {
  std::string_view address;
  std::uint16_t port = 0;
};

/// An Ethernet frame around an IP packet of `protocol`, of `bytes` in all; the transport header is
/// zeros behind its ports.
inline Frame ip_frame(Host from, Host to, std::uint8_t protocol, std::size_t bytes) {
  const auto source = ip(from.address);
  const auto packet = ip_packet(source, ip(to.address), bytes - 14);
  const std::size_t header = source.is_v4() ? 20 : 40;
  Frame result(bytes);
  base::store_be(&result[12], static_cast<std::uint16_t>(source.is_v4() ? 0x0800 : 0x86dd));
  std::copy_n(packet.begin(), header, result.begin() + 14);
  result[14U + (source.is_v4() ? 9U : 6U)] = std::byte{protocol};
  base::store_be(&result[14 + header], from.port);
  base::store_be(&result[16 + header], to.port);
  return result;
}
inline Frame udp_frame(Host from, Host to, std::size_t bytes = 142) {
  return ip_frame(from, to, 17, bytes);
}
inline constexpr std::uint8_t kFin = 1, kSyn = 2, kRst = 4, kAck = 16;
inline Frame tcp_frame(Host from, Host to, std::uint8_t flags, std::size_t bytes = 74) {
  Frame result = ip_frame(from, to, 6, bytes);
  const std::size_t header = ip(from.address).is_v4() ? 34 : 54;
  result[header + 13] = std::byte{flags};
  return result;
}
/// The same frame behind an 802.1Q tag.
inline Frame tagged(const Frame& frame, std::uint16_t vlan) {
  Frame result(frame.size() + 4);
  std::copy_n(frame.begin(), 12, result.begin());
  base::store_be(&result[12], std::uint16_t{0x8100});
  base::store_be(&result[14], vlan);
  std::copy(frame.begin() + 12, frame.end(), result.begin() + 16);
  return result;
}
/// UDP between two fixed hosts and ports.
inline Frame plain_frame(std::size_t bytes = 142) {
  return udp_frame({"10.0.0.1", 5000}, {"10.0.0.2", 6000}, bytes);
}

/// What became of a frame.
struct Left {
  std::uint32_t handle;
  base::Instant at;
  impair::Verdict verdict;
  bool last;
};

/// A pipeline and the time of its world: due frames are taken as time goes on.
class Run {
 public:
  explicit Run(const impair::Settings& settings, const impair::Limits& limits = {1024, 1024},
               const impair::StreamKey& key = {.seed = 42, .link = "wan", .direction = 0},
               std::shared_ptr<const impair::Recording> replay = nullptr)
      : pipeline(key, settings, limits, kStart, std::move(replay)) {}

  /// Since the start.
  void advance_to(base::Duration time) {
    while (const auto due = pipeline.next_due()) {
      if (*due > kStart + time) break;
      now = std::max(now, *due);
      take();
    }
    now = std::max(now, kStart + time);
    take();
  }
  /// Until nothing is held.
  void drain() {
    while (const auto due = pipeline.next_due()) {
      now = std::max(now, *due);
      take();
    }
  }
  impair::Fate send(Frame frame) { return send_in_place(frame); }
  impair::Fate send_in_place(Frame& frame) {
    return pipeline.admit(now, frame, impair::FrameHandle(next_handle++));
  }
  /// Since the start, of each departure.
  [[nodiscard]] std::vector<base::Duration> times() const {
    std::vector<base::Duration> result;
    for (const Left& one : left) result.push_back(one.at - kStart);
    return result;
  }
  [[nodiscard]] std::vector<std::uint32_t> handles() const {
    std::vector<std::uint32_t> result;
    for (const Left& one : left) result.push_back(one.handle);
    return result;
  }

  impair::Pipeline pipeline;
  base::Instant now = kStart;
  std::vector<Left> left;
  std::uint32_t next_handle = 0;

 private:
  void take() {
    while (const auto gone = pipeline.pop(now)) {
      left.push_back({gone->frame.value(), gone->due, gone->verdict, gone->last});
    }
  }
};

}  // namespace warren::test
