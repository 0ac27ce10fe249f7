#include "rtnl.hpp"

#include <fmt/core.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>

namespace warren::system::rtnl {
namespace {

constexpr int kDumpAttempts = 8;

/// What the callbacks of one exchange fill in.
struct Exchange {
  const Socket::Handler* handle = nullptr;
  Socket::Outcome outcome;
  bool finished = false;
};

// These run below libnl's C frames: nothing may be thrown through them.
int on_message(nl_msg* message, void* argument) noexcept {
  const auto& exchange = *static_cast<Exchange*>(argument);
  if (*exchange.handle) (*exchange.handle)(nlmsg_hdr(message));
  return NL_OK;
}

int on_end(nl_msg* /*message*/, void* argument) noexcept {
  static_cast<Exchange*>(argument)->finished = true;
  return NL_STOP;
}

int on_error(sockaddr_nl* /*from*/, nlmsgerr* error, void* argument) noexcept {
  auto& exchange = *static_cast<Exchange*>(argument);
  exchange.outcome = {-error->error, explanation_of(error)};
  exchange.finished = true;
  return NL_STOP;
}

struct FreeCallbacks {
  void operator()(nl_cb* callbacks) const noexcept { nl_cb_put(callbacks); }
};

}  // namespace

// NLMSGERR_ATTR_MSG. With NETLINK_CAP_ACK the attributes
// follow the nlmsgerr at once, without the request in between.
std::string explanation_of(const nlmsgerr* error) {
  const auto* header =
      reinterpret_cast<const nlmsghdr*>(reinterpret_cast<const std::byte*>(error) - NLMSG_HDRLEN);
  constexpr auto kSkip = static_cast<int>(sizeof(nlmsgerr));
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0 || nlmsg_datalen(header) <= kSkip) return {};
  nlattr* text =
      nla_find(nlmsg_attrdata(header, kSkip), nlmsg_attrlen(header, kSkip), NLMSGERR_ATTR_MSG);
  if (text == nullptr) return {};
  const auto* characters = static_cast<const char*>(nla_data(text));
  return {characters, ::strnlen(characters, static_cast<std::size_t>(nla_len(text)))};
}

Message::Message(int type, int flags) : message_(nlmsg_alloc_simple(type, flags)) {
  if (!message_) throw std::bad_alloc();
}

void Message::append(const void* data, std::size_t bytes) {
  // libnl does not write through the pointer.
  if (nlmsg_append(get(), const_cast<void*>(data), bytes, NLMSG_ALIGNTO) < 0)
    throw std::bad_alloc();
}

void Message::put(int attribute, const void* data, std::size_t bytes) {
  if (nla_put(get(), attribute, static_cast<int>(bytes), data) < 0) throw std::bad_alloc();
}

void Message::put_string(int attribute, std::string_view text) {
  const std::string terminated(text);
  put(attribute, terminated.c_str(), terminated.size() + 1);
}

void Message::put_address(int attribute, const base::IpAddress& address) {
  put(attribute, address.bytes().data(), address.bytes().size());
}

std::optional<Attributes> Attributes::parse(const nlmsghdr* message, std::size_t header_bytes) {
  Attributes attributes;
  // libnl takes a mutable message and leaves it alone.
  if (nlmsg_parse(const_cast<nlmsghdr*>(message), static_cast<int>(header_bytes),
                  attributes.table_.data(), kMost, nullptr) < 0) {
    return std::nullopt;
  }
  return attributes;
}

nlattr* Attributes::at(int attribute, std::size_t bytes) const {
  WARREN_ASSERT(attribute >= 0 && attribute <= kMost, "attribute={}", attribute);
  nlattr* found = table_[static_cast<std::size_t>(attribute)];
  if (found == nullptr || static_cast<std::size_t>(nla_len(found)) < bytes) return nullptr;
  return found;
}

std::optional<std::uint32_t> Attributes::u32(int attribute) const {
  const nlattr* found = at(attribute, sizeof(std::uint32_t));
  if (found == nullptr) return std::nullopt;
  return nla_get_u32(found);
}

std::optional<std::uint64_t> Attributes::u64(int attribute, std::size_t offset_bytes) const {
  const nlattr* const found = at(attribute, offset_bytes + sizeof(std::uint64_t));
  if (found == nullptr) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, static_cast<const std::byte*>(nla_data(found)) + offset_bytes, sizeof value);
  return value;
}

std::string Attributes::string(int attribute) const {
  const nlattr* found = at(attribute, 0);
  if (found == nullptr) return {};
  const auto* text = static_cast<const char*>(nla_data(found));
  return {text, ::strnlen(text, static_cast<std::size_t>(nla_len(found)))};
}

std::optional<base::IpAddress> Attributes::address(int attribute, base::Family family) const {
  const nlattr* found = at(attribute, base::IpAddress::any(family).bytes().size());
  if (found == nullptr) return std::nullopt;
  return base::IpAddress::from_bytes(family, static_cast<const std::byte*>(nla_data(found)));
}

std::optional<base::MacAddress> Attributes::mac(int attribute) const {
  base::MacAddress result;
  const nlattr* found = at(attribute, result.bytes.size());
  if (found == nullptr) return std::nullopt;
  std::memcpy(result.bytes.data(), nla_data(found), result.bytes.size());
  return result;
}

std::optional<std::uint32_t> Attributes::nested_u32(int attribute, int inner) const {
  nlattr* nest = at(attribute, 0);
  if (nest == nullptr) return std::nullopt;
  const nlattr* found = nla_find(static_cast<const nlattr*>(nla_data(nest)), nla_len(nest), inner);
  if (found == nullptr || nla_len(found) < static_cast<int>(sizeof(std::uint32_t))) {
    return std::nullopt;
  }
  return nla_get_u32(found);
}

Socket::Socket() : socket_(nl_socket_alloc()) {
  if (!socket_) throw std::bad_alloc();
  if (nl_connect(socket_.get(), NETLINK_ROUTE) < 0) {
    throw base::SystemError("opening", "an rtnetlink socket", errno);
  }
  // Explanations are a comfort of kernels since 4.12: without them errno has to do.
  const int on = 1;
  const int fd = nl_socket_get_fd(socket_.get());
  ::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
}

Socket::Outcome Socket::call(const Message& request, const Handler& handle,
                             const std::function<void()>& restart) {
  for (int attempt = 1;; ++attempt) {
    Exchange exchange{.handle = &handle, .outcome = {}};
    const std::unique_ptr<nl_cb, FreeCallbacks> callbacks(nl_cb_alloc(NL_CB_DEFAULT));
    if (!callbacks) throw std::bad_alloc();
    nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_message, &exchange);
    nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_end, &exchange);
    nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_end, &exchange);
    nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &exchange);

    // A request that is sent again needs a sequence number of its own: 0 makes libnl choose one.
    nlmsg_hdr(request.get())->nlmsg_seq = NL_AUTO_SEQ;
    if (nl_send_auto(socket_.get(), request.get()) < 0) return {errno, {}};
    int result = 0;
    while (!exchange.finished && result >= 0) result = nl_recvmsgs(socket_.get(), callbacks.get());
    if (exchange.finished && result != -NLE_DUMP_INTR) return exchange.outcome;
    if (result != -NLE_DUMP_INTR || attempt == kDumpAttempts) {
      return {EIO, fmt::format("reading the answer: {}", nl_geterror(result))};
    }
    if (restart) restart();
  }
}

void throw_refused(const Socket::Outcome& outcome, const std::string& attempted,
                   const std::string& object, std::string hint) {
  if (hint.empty() && (outcome.error_number == EPERM || outcome.error_number == EACCES)) {
    hint = "this needs CAP_NET_ADMIN: run as root";
  }
  if (!outcome.explanation.empty()) {
    hint =
        fmt::format("the kernel says: {}{}{}", outcome.explanation, hint.empty() ? "" : "; ", hint);
  }
  throw base::SystemError(attempted, object, outcome.error_number, std::move(hint));
}

void Socket::require(const Message& request, const std::string& attempted,
                     const std::string& object, const Handler& handle,
                     const std::function<void()>& restart) {
  const auto outcome = call(request, handle, restart);
  if (outcome.error_number != 0) throw_refused(outcome, attempted, object);
}

unsigned char family_number(base::Family family) noexcept {
  return family == base::Family::v4 ? AF_INET : AF_INET6;
}

std::optional<base::Family> family_of(unsigned number) noexcept {
  if (number == AF_INET) return base::Family::v4;
  if (number == AF_INET6) return base::Family::v6;
  return std::nullopt;
}

std::optional<Link> parse_link(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) return std::nullopt;
  const auto attributes = Attributes::parse<ifinfomsg>(message);
  if (!attributes) return std::nullopt;
  const auto& header = header_of<ifinfomsg>(message);
  // A bridge tells of its ports in messages of its own family, which lack what is read here.
  if (header.ifi_family != AF_UNSPEC) return std::nullopt;
  return Link{
      .index = static_cast<std::uint32_t>(header.ifi_index),
      .name = attributes->string(IFLA_IFNAME),
      .mtu = attributes->u32(IFLA_MTU).value_or(0),
      .up = (header.ifi_flags & IFF_UP) != 0,
      .running = (header.ifi_flags & IFF_RUNNING) != 0,
      .transmit_queue_length = attributes->u32(IFLA_TXQLEN).value_or(0),
      .transmit_dropped =
          attributes->u64(IFLA_STATS64, offsetof(rtnl_link_stats64, tx_dropped)).value_or(0),
      .mac = attributes->mac(IFLA_ADDRESS)};
}

std::optional<Link> get_link(Socket& socket, std::uint32_t index, std::string_view name,
                             std::optional<std::int32_t> netns_id) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(index);
  Message request(RTM_GETLINK, 0, header);
  if (index == 0) request.put_string(IFLA_IFNAME, name);
  if (netns_id) request.put_u32(IFLA_TARGET_NETNSID, static_cast<std::uint32_t>(*netns_id));
  std::optional<Link> link;
  const auto outcome =
      socket.call(request, [&](const nlmsghdr* answer) { link = parse_link(answer); });
  if (outcome.error_number == ENODEV) return std::nullopt;
  if (outcome.error_number != 0) {
    throw_refused(outcome, "asking for the interface",
                  index == 0 ? std::string(name) : fmt::format("with index {}", index));
  }
  return link;
}

std::vector<Link> get_links(Socket& socket) {
  std::vector<Link> links;
  socket.require(
      Message(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{}), "listing", "the interfaces",
      [&](const nlmsghdr* answer) {
        if (auto link = parse_link(answer)) links.push_back(std::move(*link));
      },
      [&] { links.clear(); });
  return links;
}

}  // namespace warren::system::rtnl
