#include <fmt/core.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>
#include <warren/system/netlink_batch.hpp>

#include "rtnl_messages.hpp"

namespace warren::system {

using rtnl::link_header;
using rtnl::Message;
using rtnl::Nest;

namespace {

// The answers of one batch wait in the socket's buffer, at less than 1 KiB each as the kernel
// counts them; its default of 208 KiB holds three times as many as these.
constexpr std::size_t kMostRequests = 64;
constexpr std::size_t kMostBytes = std::size_t{32} * 1024;

void put_end(Message& message, const VethEnd& end) {
  message.put_string(IFLA_IFNAME, end.name);
  message.put(IFLA_ADDRESS, end.mac.bytes.data(), end.mac.bytes.size());
  message.put_u32(IFLA_MTU, end.mtu);
  message.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(end.netns));
}

Message named_link(std::string_view device, unsigned flags = 0) {
  ifinfomsg header{};
  header.ifi_flags = flags;
  header.ifi_change = flags;
  Message message(RTM_NEWLINK, 0, header);
  message.put_string(IFLA_IFNAME, device);
  return message;
}

}  // namespace

struct NetlinkBatch::State {
  struct Request {
    std::uint32_t sequence = 0;
    std::string attempted, object;
  };

  void add(const Message& message, std::string attempted, std::string object) {
    // A number of ours: libnl expects the ones that it gives out to be answered through itself.
    nlmsghdr* header = nlmsg_hdr(message.get());
    header->nlmsg_seq = ++last_sequence;
    nl_complete_msg(socket.get(), message.get());
    const auto* begin = reinterpret_cast<const std::byte*>(header);
    bytes.insert(bytes.end(), begin, begin + header->nlmsg_len);
    bytes.resize(NLMSG_ALIGN(bytes.size()));
    requests.push_back({header->nlmsg_seq, std::move(attempted), std::move(object)});
    if (requests.size() == kMostRequests || bytes.size() > kMostBytes) flush();
  }

  void flush() {
    if (requests.empty()) return;
    const auto sent = std::move(requests);
    requests = {};
    const int fd = nl_socket_get_fd(socket.get());
    const auto result = ::send(fd, bytes.data(), bytes.size(), 0);
    const int error = errno;
    bytes.clear();
    if (result < 0) throw base::SystemError("sending to", "rtnetlink", error);
    read_answers(fd, sent);
  }

  /// The kernel answers in order, once each. All answers are read before the first refusal is
  /// thrown.
  static void read_answers(int fd, const std::vector<Request>& sent) {
    const Request* refused = nullptr;
    rtnl::Socket::Outcome outcome;
    alignas(nlmsghdr) std::array<std::byte, kMostBytes> buffer{};
    for (std::size_t answered = 0; answered < sent.size();) {
      const auto received = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (received < 0 && errno == EINTR) continue;
      if (received < 0) throw base::SystemError("reading the answer of", "rtnetlink", errno);
      auto left = static_cast<int>(received);
      auto* message = reinterpret_cast<nlmsghdr*>(buffer.data());
      for (; nlmsg_ok(message, left) != 0; message = nlmsg_next(message, &left)) {
        if (message->nlmsg_type != NLMSG_ERROR) continue;
        WARREN_ASSERT(answered < sent.size() && message->nlmsg_seq == sent[answered].sequence,
                      "answered={} sequence={}", answered, message->nlmsg_seq);
        const auto* answer = static_cast<const nlmsgerr*>(nlmsg_data(message));
        if (answer->error != 0 && refused == nullptr) {
          refused = &sent[answered];
          outcome = {-answer->error, rtnl::explanation_of(answer)};
        }
        ++answered;
      }
    }
    if (refused != nullptr) rtnl::throw_refused(outcome, refused->attempted, refused->object);
  }

  rtnl::Socket socket;
  std::vector<std::byte> bytes;
  std::vector<Request> requests;
  std::uint32_t last_sequence = 0;
};

NetlinkBatch::NetlinkBatch() : state_(std::make_unique<State>()) {}
NetlinkBatch::NetlinkBatch(NetlinkBatch&&) noexcept = default;
NetlinkBatch& NetlinkBatch::operator=(NetlinkBatch&&) noexcept = default;
NetlinkBatch::~NetlinkBatch() = default;

void NetlinkBatch::create_veth(const VethEnd& first, const VethEnd& second) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(first.index));
  put_end(message, first);
  {
    const Nest info(message, IFLA_LINKINFO);
    message.put_string(IFLA_INFO_KIND, "veth");
    const Nest data(message, IFLA_INFO_DATA);
    const Nest peer(message, VETH_INFO_PEER);
    message.put_raw(link_header(second.index));
    put_end(message, second);
  }
  state_->add(message, "creating the veth pair", fmt::format("{}, {}", first.name, second.name));
}

void NetlinkBatch::create_bridge(std::string_view name, std::uint32_t index) {
  auto header = link_header(index);
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header);
  message.put_string(IFLA_IFNAME, name);
  {
    const std::uint8_t off = 0;
    const Nest info(message, IFLA_LINKINFO);
    message.put_string(IFLA_INFO_KIND, "bridge");
    const Nest data(message, IFLA_INFO_DATA);
    message.put_u32(IFLA_BR_STP_STATE, 0);
    message.put_u32(IFLA_BR_FORWARD_DELAY, 0);
    message.put(IFLA_BR_MCAST_SNOOPING, &off, sizeof off);
  }
  state_->add(message, "creating the bridge", std::string(name));
}

void NetlinkBatch::configure(std::string_view device, const base::MacAddress& mac,
                             std::uint32_t mtu) {
  auto message = named_link(device);
  message.put(IFLA_ADDRESS, mac.bytes.data(), mac.bytes.size());
  message.put_u32(IFLA_MTU, mtu);
  state_->add(message,
              fmt::format("setting the address {} and the MTU {} of", mac.to_string(), mtu),
              std::string(device));
}

void NetlinkBatch::join_bridge(std::string_view device, std::uint32_t bridge_index) {
  auto message = named_link(device);
  message.put_u32(IFLA_MASTER, bridge_index);
  state_->add(message, "joining to a bridge", std::string(device));
}

void NetlinkBatch::set_up(std::string_view device) {
  state_->add(named_link(device, IFF_UP), "switching on", std::string(device));
}

void NetlinkBatch::add_address(std::uint32_t index, const base::InterfaceAddress& address) {
  auto message = rtnl::address_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, index, address);
  rtnl::put_no_duplicate_detection(message, address);
  state_->add(message, fmt::format("adding the address {} to", address.to_string()),
              fmt::format("interface {}", index));
}

void NetlinkBatch::add_route(const Route& route) {
  state_->add(
      rtnl::route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route), "adding the route",
      fmt::format("to {} through interface {}", route.network.to_string(), route.interface_index));
}

void NetlinkBatch::flush() {
  state_->flush();
}

bool NetlinkBatch::empty() const noexcept {
  return state_->requests.empty();
}

std::vector<Link> NetlinkBatch::links() {
  flush();
  return rtnl::get_links(state_->socket);
}

}  // namespace warren::system
