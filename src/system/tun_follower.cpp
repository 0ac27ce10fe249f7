// Theory of operation. A TUN device tells through its descriptor which network namespace it is in
// (TUNGETDEVNETNS) and what it is called (TUNGETIFF); its MTU and state only rtnetlink knows. One
// socket in the home namespace asks about other namespaces by id (IFLA_TARGET_NETNSID) and hears of
// their changes (NETLINK_LISTEN_ALL_NSID): an id neither keeps a namespace alive, as a socket in it
// would, nor needs CAP_SYS_ADMIN, as entering it would.
//
// The races: the subscription is older than every state that is read, so a change after the reading
// makes the descriptor readable again. A namespace is heard of only once it has an id, so the id is
// given first and the device's place read again after that. The kernel sends RTM_DELLINK in the old
// namespace before the device is in the new one, but under the RTNL lock, which TUNGETDEVNETNS
// takes as well: what it answers after the message is the new place. A move between the two
// questions of one round shows as a name that is not found or as a changed place: the round is
// repeated.
#include <linux/net_namespace.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>

#include <warren/base/error.hpp>
#include <warren/system/namespaces.hpp>
#include <warren/system/tun_follower.hpp>

#include "rtnl.hpp"

namespace warren::system {
namespace {

// Every round in vain means that the device moved or was renamed during it.
constexpr int kRounds = 16;

struct NamespaceIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const NamespaceIdentity&, const NamespaceIdentity&) = default;
};

NamespaceIdentity identity_of(int netns) {
  struct stat info {};
  base::check_system_call(::fstat(netns, &info), "identifying", "a network namespace");
  return {info.st_dev, info.st_ino};
}

rtnl::Message id_message(int type, int netns) {
  rtnl::Message message(type, 0, rtgenmsg{});
  message.put_u32(NETNSA_FD, static_cast<std::uint32_t>(netns));
  return message;
}

/// The id that the socket's namespace has for `netns`, which is given one if it has none.
std::int32_t netns_id(rtnl::Socket& socket, int netns) {
  for (;;) {
    std::int32_t id = NETNSA_NSID_NOT_ASSIGNED;
    socket.require(id_message(RTM_GETNSID, netns), "asking for the id of", "a network namespace",
                   [&](const nlmsghdr* answer) {
                     const auto attributes = rtnl::Attributes::parse<rtgenmsg>(answer);
                     const auto value =
                         attributes ? attributes->u32(NETNSA_NSID) : std::optional<std::uint32_t>();
                     if (value) id = static_cast<std::int32_t>(*value);
                   });
    if (id != NETNSA_NSID_NOT_ASSIGNED) return id;
    auto request = id_message(RTM_NEWNSID, netns);
    request.put_u32(NETNSA_NSID, static_cast<std::uint32_t>(NETNSA_NSID_NOT_ASSIGNED));
    const auto outcome = socket.call(request);
    if (outcome.error_number != 0 && outcome.error_number != EEXIST) {
      rtnl::throw_refused(outcome, "giving an id to", "a network namespace");
    }
  }
}

}  // namespace

struct TunFollower::Impl {
  const TunDevice* tun;
  LinkMonitor monitor{LinkMonitor::Scope::all_namespaces};
  rtnl::Socket socket;
  NamespaceIdentity home = identity_of(current_netns().get());
  NamespaceIdentity place = home;
  State state;

  explicit Impl(const TunDevice& device) : tun(&device) {}

  /// The identity of the namespace the device is in; empty when it was deleted, or when its
  /// namespace is being destroyed, which is the same.
  [[nodiscard]] std::optional<NamespaceIdentity> where() const {
    const auto netns = tun->netns();
    if (!netns) return std::nullopt;
    return identity_of(netns.get());
  }

  /// Empty when the device was deleted, moved or renamed meanwhile.
  std::optional<Link> read_link(NamespaceIdentity& read_in) {
    try {
      std::optional<std::int32_t> id;
      {
        const auto netns = tun->netns();  // kept no longer than this: it keeps the namespace alive
        if (!netns) return std::nullopt;
        read_in = identity_of(netns.get());
        if (read_in != home) id = netns_id(socket, netns.get());
      }
      auto link = rtnl::get_link(socket, 0, tun->name(), id);
      if (!link || where() != read_in) return std::nullopt;
      return link;
    } catch (const base::SystemError&) {
      // The device, or its namespace, went between two questions.
      if (where() != read_in) return std::nullopt;
      throw;
    }
  }
};

TunFollower::TunFollower(const TunDevice& tun) : impl_(std::make_unique<Impl>(tun)) {}
TunFollower::TunFollower(TunFollower&&) noexcept = default;
TunFollower& TunFollower::operator=(TunFollower&&) noexcept = default;
TunFollower::~TunFollower() = default;

int TunFollower::fd() const noexcept {
  return impl_->monitor.fd();
}

TunFollower::State TunFollower::refresh() {
  impl_->monitor.drain();
  for (int round = 0; round < kRounds; ++round) {
    if (!impl_->where()) {
      impl_->state.exists = false;
      impl_->state.moved = false;
      return impl_->state;
    }
    NamespaceIdentity read_in;
    const auto link = impl_->read_link(read_in);
    if (!link) continue;
    impl_->state = {.exists = true,
                    .index = link->index,
                    .name = link->name,
                    .mtu = link->mtu,
                    .up = link->up,
                    .moved = read_in != impl_->place,
                    .away = read_in != impl_->home};
    impl_->place = read_in;
    return impl_->state;
  }
  throw base::SystemError("following", "the TUN device", EAGAIN,
                          "it was moved or renamed faster than its state could be read");
}

}  // namespace warren::system
