// Theory of operation. The socket is made deaf (protocol 0), gets its filter and its ring, and
// begins to hear by bind(2): so no frame of another interface gets in before the filter is there.
// The kernel fills blocks of the ring one after another and hands each over when it is full or when
// `latency` is over; the reader walks it and gives it back. Interfaces are told apart by index: the
// filter keeps only those asked for, so that loopback and tunnels of the same namespace cost
// nothing. A tag that the kernel took out of a received frame (802.1Q) is put back, into four bytes
// that PACKET_RESERVE leaves in front of the frame.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <unordered_map>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/system/packet_tap.hpp>

namespace warren::system {
namespace {

constexpr std::uint32_t kTagBytes = 4;
constexpr std::uint32_t kSmallBlock = 64 * 1024;
constexpr std::uint32_t kLargeBlock = 256 * 1024;  // holds whole super-packets
constexpr std::size_t kBlocksPerDrain = 64;

template <class T>
void set_option(int fd, int name, const T& value, const char* what) {
  base::check_system_call(::setsockopt(fd, SOL_PACKET, name, &value, sizeof value), "setting",
                          what);
}

// accept (snap_bytes) if the frame's interface is one of `indices`, else drop.
void attach_filter(int fd, const std::vector<unsigned>& indices, std::uint32_t snap_bytes) {
  std::vector<sock_filter> code;
  code.push_back(
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_IFINDEX)));
  for (const unsigned index : indices) {
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, index, 0, 1));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, snap_bytes));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  base::check_system_call(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program),
                          "attaching", "the filter of a packet socket");
}

class Mapping {
 public:
  Mapping(int fd, std::size_t bytes) : bytes_(bytes) {
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) throw base::SystemError("mapping", "the ring of a packet socket", errno);
    at_ = static_cast<std::byte*>(at);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { ::munmap(at_, bytes_); }
  [[nodiscard]] std::byte* at() const noexcept { return at_; }

 private:
  std::byte* at_ = nullptr;
  std::size_t bytes_;
};

}  // namespace

struct PacketTap::State {
  base::Fd fd;
  std::uint32_t snap_bytes = 0;
  std::uint32_t block_bytes = 0;
  std::size_t blocks = 0, next_block = 0;
  std::optional<Mapping> ring;  // unmapped before the socket is closed
  std::unordered_map<unsigned, std::size_t> interfaces;
  mutable std::uint64_t missed = 0;

  void open_ring(const PacketTapOptions& options);
  std::size_t walk(std::byte* block, const std::function<void(const TappedFrame&)>& visit);
  [[nodiscard]] TappedFrame frame(std::byte* at) const;
};

void PacketTap::State::open_ring(const PacketTapOptions& options) {
  set_option(fd.get(), PACKET_VERSION, int{TPACKET_V3}, "the version of a packet socket");
  set_option(fd.get(), PACKET_RESERVE, kTagBytes, "the reserve of a packet socket");
  block_bytes = snap_bytes <= kSmallBlock / 4 ? kSmallBlock : kLargeBlock;
  blocks = std::max<std::size_t>(options.ring_bytes / block_bytes, 2);
  tpacket_req3 request{};
  request.tp_block_size = block_bytes;
  request.tp_block_nr = static_cast<unsigned>(blocks);
  request.tp_frame_size = TPACKET_ALIGNMENT << 7;  // of no meaning for version 3, but checked
  request.tp_frame_nr = request.tp_block_nr * (block_bytes / request.tp_frame_size);
  request.tp_retire_blk_tov = static_cast<unsigned>(
      std::max<std::int64_t>(options.latency / std::chrono::milliseconds(1), 1));
  set_option(fd.get(), PACKET_RX_RING, request, "the ring of a packet socket");
  ring.emplace(fd.get(), blocks * block_bytes);
}

TappedFrame PacketTap::State::frame(std::byte* at) const {
  const auto* header = reinterpret_cast<const tpacket3_hdr*>(at);
  const auto* address =
      reinterpret_cast<const sockaddr_ll*>(at + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
  TappedFrame frame;
  frame.when = base::WallTime(std::chrono::seconds(header->tp_sec) +
                              std::chrono::nanoseconds(header->tp_nsec));
  const auto known = interfaces.find(static_cast<unsigned>(address->sll_ifindex));
  WARREN_ASSERT(known != interfaces.end(), "interface {}", address->sll_ifindex);
  frame.interface = known->second;
  frame.outgoing = address->sll_pkttype == PACKET_OUTGOING;
  frame.frame_bytes = header->tp_len;
  std::byte* bytes = at + header->tp_mac;
  std::uint32_t captured = header->tp_snaplen;
  constexpr std::size_t kAddresses = std::size_t{2} * ETH_ALEN;
  if ((header->tp_status & TP_STATUS_VLAN_VALID) != 0 && captured >= kAddresses) {
    const auto type = (header->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0
                          ? header->hv1.tp_vlan_tpid
                          : std::uint16_t{ETH_P_8021Q};
    std::memmove(bytes - kTagBytes, bytes, kAddresses);
    bytes -= kTagBytes;
    base::store_be(bytes + kAddresses, type);
    base::store_be(bytes + kAddresses + 2, static_cast<std::uint16_t>(header->hv1.tp_vlan_tci));
    captured += kTagBytes;
    frame.frame_bytes += kTagBytes;
  }
  frame.bytes = {bytes, std::min(captured, snap_bytes)};
  return frame;
}

std::size_t PacketTap::State::walk(std::byte* block,
                                   const std::function<void(const TappedFrame&)>& visit) {
  const auto& description = reinterpret_cast<const tpacket_block_desc*>(block)->hdr.bh1;
  std::byte* at = block + description.offset_to_first_pkt;
  for (std::uint32_t i = 0; i < description.num_pkts; ++i) {
    visit(frame(at));
    at += reinterpret_cast<const tpacket3_hdr*>(at)->tp_next_offset;
  }
  return description.num_pkts;
}

PacketTap::PacketTap(const std::vector<std::string>& interfaces, const PacketTapOptions& options)
    : state_(std::make_unique<State>()) {
  WARREN_ASSERT(!interfaces.empty() && interfaces.size() <= kInterfacesMost, "{} interfaces",
                interfaces.size());
  std::vector<unsigned> indices;
  for (const std::string& name : interfaces) {
    const unsigned index = ::if_nametoindex(name.c_str());
    if (index == 0) throw base::SystemError("finding the interface", name, errno);
    state_->interfaces.emplace(index, indices.size());
    indices.push_back(index);
  }
  state_->fd.reset(base::check_system_call(
      ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "opening", "a packet socket",
      "to capture frames needs CAP_NET_RAW in the namespace"));
  state_->snap_bytes = std::min(options.snap_bytes, kLargeBlock / 2);
  attach_filter(state_->fd.get(), indices, state_->snap_bytes);
  state_->open_ring(options);
  sockaddr_ll hear{};
  hear.sll_family = AF_PACKET;
  hear.sll_protocol = htons(ETH_P_ALL);
  base::check_system_call(
      ::bind(state_->fd.get(), reinterpret_cast<const sockaddr*>(&hear), sizeof hear), "binding",
      "a packet socket");
}

PacketTap::PacketTap(PacketTap&& other) noexcept = default;
PacketTap& PacketTap::operator=(PacketTap&& other) noexcept = default;
PacketTap::~PacketTap() = default;

int PacketTap::fd() const noexcept {
  return state_->fd.get();
}

std::size_t PacketTap::drain(const std::function<void(const TappedFrame&)>& visit) {
  std::size_t frames = 0;
  for (std::size_t n = 0; n < kBlocksPerDrain; ++n) {
    std::byte* block = state_->ring->at() + state_->next_block * state_->block_bytes;
    auto& status = reinterpret_cast<tpacket_block_desc*>(block)->hdr.bh1.block_status;
    // The kernel writes the frames before the status, and reuses the block after it.
    const std::atomic_ref shared(status);
    if ((shared.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) break;
    frames += state_->walk(block, visit);
    shared.store(TP_STATUS_KERNEL, std::memory_order_release);
    state_->next_block = (state_->next_block + 1) % state_->blocks;
  }
  return frames;
}

std::uint64_t PacketTap::missed() const noexcept {
  tpacket_stats_v3 statistics{};  // since the last reading
  socklen_t bytes = sizeof statistics;
  if (::getsockopt(state_->fd.get(), SOL_PACKET, PACKET_STATISTICS, &statistics, &bytes) == 0) {
    state_->missed += statistics.tp_drops;
  }
  return state_->missed;
}

}  // namespace warren::system
