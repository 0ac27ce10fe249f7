// Building, sending and reading rtnetlink messages over libnl-3: what netlink.cpp, link_monitor.cpp
// and tun_follower.cpp share. libnl-route is not used: it folds errno into fewer codes of its own
// and drops the kernel's explanations.
#pragma once

#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/system/netlink.hpp>

namespace warren::system::rtnl {

/// A request: nlmsghdr, then `header` (ifinfomsg, rtmsg, …), then attributes.
class Message {
 public:
  /// `flags` besides NLM_F_REQUEST and NLM_F_ACK, which are always set.
  template <class Header>
  Message(int type, int flags, const Header& header) : Message(type, flags) {
    append(&header, sizeof header);
  }
  void put(int attribute, const void* data, std::size_t bytes);
  void put_u32(int attribute, std::uint32_t value) { put(attribute, &value, sizeof value); }
  void put_string(int attribute, std::string_view text);
  void put_address(int attribute, const base::IpAddress& address);
  /// A fixed structure within a nest, in front of its attributes.
  template <class Structure>
  void put_raw(const Structure& structure) {
    append(&structure, sizeof structure);
  }
  [[nodiscard]] nl_msg* get() const noexcept { return message_.get(); }

 private:
  Message(int type, int flags);
  void append(const void* data, std::size_t bytes);
  struct Free {
    void operator()(nl_msg* message) const noexcept { nlmsg_free(message); }
  };
  std::unique_ptr<nl_msg, Free> message_;
};

/// The attributes of a received message whose fixed header is a `Header`. Borrows from the message.
/// Every accessor checks the attribute's length.
class Attributes {
 public:
  template <class Header>
  static std::optional<Attributes> parse(const nlmsghdr* message) {
    return parse(message, sizeof(Header));
  }
  [[nodiscard]] std::optional<std::uint32_t> u32(int attribute) const;
  /// The u64 at an offset in a structure.
  [[nodiscard]] std::optional<std::uint64_t> u64(int attribute, std::size_t offset_bytes) const;
  [[nodiscard]] std::string string(int attribute) const;
  [[nodiscard]] std::optional<base::IpAddress> address(int attribute, base::Family family) const;
  [[nodiscard]] std::optional<base::MacAddress> mac(int attribute) const;
  /// A u32 inside a nest: RTA_METRICS, RTAX_MTU.
  [[nodiscard]] std::optional<std::uint32_t> nested_u32(int attribute, int inner) const;

 private:
  static constexpr int kMost = 63;
  static std::optional<Attributes> parse(const nlmsghdr* message, std::size_t header_bytes);
  [[nodiscard]] nlattr* at(int attribute, std::size_t bytes) const;
  std::array<nlattr*, kMost + 1> table_{};
};

/// The fixed header of a message that Attributes::parse accepted.
template <class Header>
const Header& header_of(const nlmsghdr* message) {
  return *static_cast<const Header*>(nlmsg_data(message));
}

/// A blocking request socket; one thread at a time.
class Socket {
 public:
  /// In the calling thread's network namespace.
  Socket();
  using Handler = std::function<void(const nlmsghdr*)>;
  struct Outcome {
    int error_number = 0;     ///< 0: done
    std::string explanation;  ///< the kernel's extended acknowledgement; may be empty
  };
  /// Sends and waits for the end of the answer; `handle` gets its messages. A dump that the kernel
  /// calls inconsistent is asked for again, after `restart`.
  Outcome call(const Message& request, const Handler& handle = {},
               const std::function<void()>& restart = {});
  /// The same; throws SystemError with the explanation as its hint.
  void require(const Message& request, const std::string& attempted, const std::string& object,
               const Handler& handle = {}, const std::function<void()>& restart = {});
  [[nodiscard]] nl_sock* get() const noexcept { return socket_.get(); }

 private:
  struct Free {
    void operator()(nl_sock* socket) const noexcept { nl_socket_free(socket); }
  };
  std::unique_ptr<nl_sock, Free> socket_;
};

[[noreturn]] void throw_refused(const Socket::Outcome& outcome, const std::string& attempted,
                                const std::string& object, std::string hint = {});

/// The kernel's words behind an error (its extended acknowledgement); may be empty.
std::string explanation_of(const nlmsgerr* error);

/// AF_INET or AF_INET6.
unsigned char family_number(base::Family family) noexcept;
/// Empty for another number.
std::optional<base::Family> family_of(unsigned number) noexcept;
/// From RTM_NEWLINK or RTM_DELLINK; empty when the message is neither or malformed.
std::optional<Link> parse_link(const nlmsghdr* message);
/// Asks for one interface by index, or by name where `index` is 0; `netns_id`: in the namespace
/// that the socket's own knows by this id. Empty when there is none.
std::optional<Link> get_link(Socket& socket, std::uint32_t index, std::string_view name,
                             std::optional<std::int32_t> netns_id = {});

/// All interfaces of the socket's namespace.
std::vector<Link> get_links(Socket& socket);

}  // namespace warren::system::rtnl
