// Measurements between two network namespaces, without any tool: sockets are made inside the
// namespaces and driven from this process. A probe that cannot reach its goal says so in its report
// (`obstacle`); exceptions are for a machine that refuses a socket.
//
// Every probe runs in the calling thread, some with a second one beside it, and returns early when
// `stop` is requested. Namespace descriptors are borrowed.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/base/ip.hpp>
#include <warren/base/time.hpp>

namespace warren::lab {

/// Asks everything that waits to end now.
class Stop {
 public:
  Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  ~Stop() = default;
  /// Any thread; also from a signal handler. `reason` is a literal; the first one counts.
  void request(const char* reason) noexcept;
  [[nodiscard]] bool requested() const noexcept { return reason_.load() != nullptr; }
  /// Empty until then.
  [[nodiscard]] std::string_view reason() const noexcept;
  /// Readable from then on.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  base::Fd fd_;
  std::atomic<const char*> reason_{nullptr};
};

// ---- ICMP echo ---------------------------------------------------------------------------------

struct PingProbe {
  int netns = -1;
  base::IpAddress to;
  std::uint16_t identifier = 1;  ///< of the echo requests: tells probes of one node apart
  std::uint32_t payload_bytes = 56;
  bool dont_fragment = false;
};

struct PingReport {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;  ///< different ones
  std::uint64_t duplicates = 0;
  /// In order of arrival, from the moment of sending to the kernel's receive stamp.
  std::vector<base::Duration> round_trips;
  std::optional<base::Duration> first_reply;  ///< since the probe began
  /// What was said last instead of a reply: "No route to host, says 10.0.0.1"; may be empty.
  std::string obstacle;
};

/// One request each 50 ms until the first reply or the end of `within`.
PingReport ping_until_reply(const PingProbe& probe, base::Duration within, const Stop& stop);
/// `count` requests, one each `interval` by absolute deadlines; then waits for replies on their
/// way: a second, or twice the longest round trip seen. What the way needs first (a neighbour's
/// address, a handshake) is part of the first round trips.
PingReport ping_series(const PingProbe& probe, std::uint32_t count, base::Duration interval,
                       const Stop& stop);

// ---- TCP throughput ----------------------------------------------------------------------------

struct TcpProbe {
  int from_netns = -1;
  int to_netns = -1;
  base::IpAddress to;  ///< an address of the receiver's, who listens on it
  std::uint16_t port = 5201;
  /// Of the first stream, the next ones count up; another one where it is taken.
  std::uint16_t source_port = 0;
  std::uint32_t streams = 1;
  base::Duration duration = std::chrono::seconds(2);
  std::optional<std::uint64_t> bytes;  ///< of all streams together, instead of a duration
  std::string congestion;              ///< empty: the kernel's choice
};

struct TcpReport {
  std::uint64_t bytes = 0;  ///< received
  base::Duration took{};    ///< from the first byte to the last
  double rate_bps = 0;      ///< at the receiver, over the steady part: all but its beginning
  std::uint64_t retransmissions = 0;
  base::Duration round_trip{};  ///< smoothed, of the first stream at its end
  std::string congestion;       ///< the algorithm that was used
  std::string obstacle;         ///< not empty: it did not work
};

/// Bulk data from one node to the other.
TcpReport measure_tcp(const TcpProbe& probe, const Stop& stop);

// ---- UDP
// -----------------------------------------------------------------------------------------

struct UdpProbe {
  int from_netns = -1;
  int to_netns = -1;
  base::IpAddress to;  ///< an address of the receiver's, who binds to it
  std::uint16_t port = 5202;
  std::uint16_t source_port = 0;
  std::uint64_t count = 0;
  base::Duration interval{};           ///< between packets; 0: as fast as they go
  std::uint32_t payload_bytes = 1200;  ///< at least kLeastUdpPayload
};
/// The probe's own header: a magic number, the probe's and the packet's number.
inline constexpr std::uint32_t kLeastUdpPayload = 16;

struct UdpReport {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;    ///< different ones
  std::uint64_t duplicated = 0;  ///< further copies
  std::uint64_t reordered = 0;   ///< first copies that came after one with a higher number
  /// Of payload, between the first arrival and the last, or over the time of sending if that was
  /// longer.
  double rate_bps = 0;
  std::uint64_t overflowed = 0;  ///< dropped by the receiving socket: the probe was too slow
  std::string obstacle;
};

/// Numbered datagrams, paced by absolute deadlines. Ends when all have arrived, or when nothing
/// came for a second and twice the delay of the first one.
UdpReport measure_udp(const UdpProbe& probe, const Stop& stop);

// ---- plaintext on a link
// ---------------------------------------------------------------------------

struct TapPoint {
  int netns = -1;
  std::string device;
};

struct PlaintextProbe {
  int from_netns = -1;
  int to_netns = -1;
  base::IpAddress to;
  std::uint16_t port = 5203;  ///< UDP and TCP
  std::uint16_t source_port = 0;
  std::string marker;
  std::vector<TapPoint> link;  ///< the devices at its ends
};

struct PlaintextReport {
  std::uint64_t frames = 0, bytes = 0;  ///< seen on the link meanwhile
  std::uint64_t sent_bytes = 0;         ///< of payload that arrived
  bool udp_arrived = false, tcp_arrived = false;
  std::uint64_t capture_lost = 0;  ///< frames that the search did not see
  std::uint64_t found = 0;         ///< frames with the marker
  std::string first_found;         ///< which: "frame 3 at eth0: 98 bytes, marker at byte 54"
  std::string obstacle;
};

/// Sends the marker by UDP and by TCP and looks for it in every frame of the link.
PlaintextReport search_plaintext(const PlaintextProbe& probe, const Stop& stop);

// ---- what the kernel of a node says
// ------------------------------------------------------------------

/// Whether somebody listens on a port (TCP), or has bound it (UDP), as /proc/net tells. Opened
/// once: asking again takes no thread and no system call but reads.
class ListenTable {
 public:
  enum class Protocol : std::uint8_t { tcp, udp };
  ListenTable(int netns, Protocol protocol);
  [[nodiscard]] bool has(std::uint16_t port) const;
  /// With the addresses they are bound to; 0.0.0.0 or ::: to all.
  [[nodiscard]] std::vector<base::Endpoint> all() const;

 private:
  Protocol protocol_;
  std::vector<base::Fd> files_;  // one per family
};

/// The sockets of /proc/net's `table` (tcp, tcp6, udp, udp6) that wait for somebody: listening TCP
/// sockets, UDP sockets that are not connected. In its order; broken lines are left out. Pure.
std::vector<base::Endpoint> listeners(std::string_view table, ListenTable::Protocol protocol);

/// The counters of an interface, named as in /sys/class/net/NAME/statistics. Throws
/// base::SystemError when there is no such interface.
std::map<std::string, std::uint64_t> interface_counters(int netns, const std::string& name);

}  // namespace warren::lab
