// A VLAN device over an Ethernet device of a namespace, as 8021q makes one in kernels that have it:
// a TAP device whose frames are sent with one tag (802.1Q) or two (QinQ) through the other device,
// super-packets in one piece, and which gets the frames that have these tags:
//
//   sockets - TAP vlan10 10.9.0.x/24 fd09::x - [tags on and off] - packet socket - eth0 ...
#pragma once

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <warren/base/bytes.hpp>
#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/packet/virtio.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/sysctl.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"

namespace warren::test {

struct VlanTag {
  std::uint16_t type = 0x8100;
  std::uint16_t control = 0;  ///< priority and VLAN id
  friend bool operator==(const VlanTag&, const VlanTag&) = default;
};

struct VlanOptions {
  std::string lower = "eth0";
  std::vector<VlanTag> tags;  ///< outermost first
  std::string address, address6;
  std::uint32_t mtu = 1500;
};

class VlanDevice {
 public:
  VlanDevice(const TestNetns& netns, VlanOptions options)
      : options_(std::move(options)), tap_(make_tap(netns)), socket_(make_socket(netns)) {
    thread_ = std::thread([this] { pass_frames(); });
  }
  VlanDevice(const VlanDevice&) = delete;
  VlanDevice& operator=(const VlanDevice&) = delete;
  ~VlanDevice() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(stop_.get(), &one, sizeof one));
    thread_.join();
  }

 private:
  static constexpr std::size_t kMacs = 12;
  static constexpr std::size_t kTagBytes = 4;
  static constexpr std::size_t kMostBytes = 1U << 17;

  [[nodiscard]] system::TunDevice make_tap(const TestNetns& netns) const {
    return netns.run([&] {
      system::TunDevice tap({.name = "vlan10",
                             .kind = system::TunKind::tap,
                             .offload = system::TunOffload::tso,
                             .queue_packets = 8192});
      system::write_sysctl("net.ipv6.conf.vlan10.disable_ipv6", "0");
      system::Netlink netlink;
      const auto index = netlink.link_index("vlan10");
      netlink.set_mtu(index, options_.mtu);
      netlink.add_address(index, *base::InterfaceAddress::parse(options_.address + "/24"));
      netlink.add_address(index, *base::InterfaceAddress::parse(options_.address6 + "/64"));
      netlink.set_link_up(index, true);
      return tap;
    });
  }

  [[nodiscard]] base::Fd make_socket(const TestNetns& netns) const {
    return netns.run([&] {
      base::Fd socket(
          base::check_system_call(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)),
                                  "making", "a packet socket"));
      const auto set = [&](int level, int option, int value) {
        base::check_system_call(::setsockopt(socket.get(), level, option, &value, sizeof value),
                                "setting up", "a packet socket");
      };
      set(SOL_PACKET, PACKET_VNET_HDR, 1);
      set(SOL_PACKET, PACKET_AUXDATA, 1);
      set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
      set(SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20);
      sockaddr_ll address{};
      address.sll_family = AF_PACKET;
      address.sll_protocol = htons(ETH_P_ALL);
      address.sll_ifindex = static_cast<int>(system::Netlink().link_index(options_.lower));
      base::check_system_call(
          ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
          "binding to", options_.lower);
      return socket;
    });
  }

  void pass_frames() {
    std::array<pollfd, 3> polls{
        {{tap_.fd(), POLLIN, 0}, {socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    while (polls[2].revents == 0) {
      if (::poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) return;
      if (polls[0].revents != 0) send_tagged();
      if (polls[1].revents != 0) receive_tagged();
    }
  }

  void send_tagged() {
    const auto length = ::read(tap_.fd(), buffer_.data(), buffer_.size());
    if (length < static_cast<ssize_t>(packet::kVirtioHeaderBytes + kMacs)) return;
    std::vector<std::byte> tags(options_.tags.size() * kTagBytes);
    for (std::size_t i = 0; i < options_.tags.size(); ++i) {
      base::store_be(tags.data() + i * kTagBytes, options_.tags[i].type);
      base::store_be(tags.data() + i * kTagBytes + 2, options_.tags[i].control);
    }
    move_offsets(static_cast<int>(tags.size()));
    const std::size_t before = packet::kVirtioHeaderBytes + kMacs;
    std::array<iovec, 3> pieces{
        {{buffer_.data(), before},
         {tags.data(), tags.size()},
         {buffer_.data() + before, static_cast<std::size_t>(length) - before}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    // What the other device has no room for is lost, as on any wire.
    static_cast<void>(::sendmsg(socket_.get(), &message, 0));
  }

  /// The header says where checksums start, from the frame's first byte.
  void move_offsets(int by) {
    auto header = *packet::VirtioHeader::parse(buffer_);
    if ((header.flags & packet::VirtioHeader::kNeedsChecksum) != 0) {
      header.checksum_start = static_cast<std::uint16_t>(header.checksum_start + by);
    }
    if (header.gso_type != packet::VirtioHeader::kGsoNone) {
      header.header_length = static_cast<std::uint16_t>(header.header_length + by);
    }
    header.write(buffer_.data());
  }

  void receive_tagged() {
    iovec piece{buffer_.data(), buffer_.size()};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(tpacket_auxdata))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto received = ::recvmsg(socket_.get(), &message, 0);
    if (received < 0) return;
    std::size_t length = static_cast<std::size_t>(received);
    if (!has_outer_tag(message)) return;
    // The kernel has taken the outermost tag out of the frame, and no other.
    for (std::size_t i = 1; i < options_.tags.size(); ++i) {
      std::byte* at = buffer_.data() + packet::kVirtioHeaderBytes + kMacs;
      const VlanTag tag{base::load_be<std::uint16_t>(at), base::load_be<std::uint16_t>(at + 2)};
      if (tag != options_.tags[i]) return;
      length -= kTagBytes;
      std::memmove(at, at + kTagBytes, length - packet::kVirtioHeaderBytes - kMacs);
      move_offsets(-static_cast<int>(kTagBytes));
    }
    static_cast<void>(::write(tap_.fd(), buffer_.data(), length));
  }

  [[nodiscard]] bool has_outer_tag(msghdr& message) const {
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_level != SOL_PACKET || each->cmsg_type != PACKET_AUXDATA) continue;
      tpacket_auxdata data{};
      std::memcpy(&data, CMSG_DATA(each), sizeof data);
      return (data.tp_status & TP_STATUS_VLAN_VALID) != 0 &&
             VlanTag{data.tp_vlan_tpid, data.tp_vlan_tci} == options_.tags.front();
    }
    return false;
  }

  VlanOptions options_;
  system::TunDevice tap_;
  base::Fd socket_;
  base::Fd stop_{::eventfd(0, EFD_CLOEXEC)};
  std::vector<std::byte> buffer_ = std::vector<std::byte>(kMostBytes);
  std::thread thread_;
};

}  // namespace warren::test
