// Theory of operation
//
// Both sockets receive into one pool of slots. A multishot receive (Linux 6.0) places a small
// header, the sender's address, the control data and the payload one behind the other in a slot it
// picks itself; with UDP_GRO a payload is up to 64 KiB of equal-sized datagrams and the control
// data tells their length. It ends when slots are out and is armed again when some came back;
// meanwhile datagrams wait in the socket's buffer. Without multishot a few single receives per
// socket are in flight, laid out in their slots in the same way, so that all else is one path.
//
// A completion names its family in the tag's index and the generation of its sockets: receives of
// sockets that were replaced end with ECANCELED, and what they had received is handled like all
// else.
#include "udp_port.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <warren/base/assert.hpp>

namespace warren::engine {
namespace {

constexpr std::uint16_t kUdpBufferGroup = 2;
constexpr std::size_t kUdpSlotBytes = std::size_t{68} * 1024;

constexpr std::size_t index_of(base::Family family) {
  return family == base::Family::v4 ? 0 : 1;
}
template <class T>
T read_as(const void* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void read_control(const cmsghdr& control, Received& received) noexcept {
  const auto* data = CMSG_DATA(&control);
  const std::size_t bytes = control.cmsg_len - CMSG_LEN(0);
  const int level = control.cmsg_level;
  const int type = control.cmsg_type;
  if (level == IPPROTO_UDP && type == UDP_GRO && bytes >= sizeof(int)) {
    const int size = read_as<int>(data);
    if (size > 0) received.segment_bytes = static_cast<std::size_t>(size);
  } else if (level == IPPROTO_IP && type == IP_PKTINFO && bytes >= sizeof(in_pktinfo)) {
    const auto info = read_as<in_pktinfo>(data);
    received.from.local = base::LocalSource{
        base::IpAddress::from_bytes(base::Family::v4,
                                    reinterpret_cast<const std::byte*>(&info.ipi_spec_dst)),
        static_cast<std::uint32_t>(info.ipi_ifindex)};
  } else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO && bytes >= sizeof(in6_pktinfo)) {
    const auto info = read_as<in6_pktinfo>(data);
    received.from.local = base::LocalSource{
        base::IpAddress::from_bytes(base::Family::v6,
                                    reinterpret_cast<const std::byte*>(&info.ipi6_addr)),
        static_cast<std::uint32_t>(info.ipi6_ifindex)};
  } else if (level == IPPROTO_IP && type == IP_TOS && bytes >= 1) {
    received.ecn = read_as<std::uint8_t>(data) & 3;
  } else if (level == IPPROTO_IPV6 && type == IPV6_TCLASS && bytes >= sizeof(int)) {
    received.ecn = static_cast<std::uint8_t>(read_as<int>(data) & 3);
  }
}

}  // namespace

UdpPort::UdpPort(Ring& ring, system::UdpSockets sockets, Engine::Statistics& statistics,
                 const UdpPortOptions& options)
    : ring_(ring),
      sockets_(std::move(sockets)),
      statistics_(statistics),
      gro_wanted_(options.gro),
      multishot_(options.multishot),
      pool_(ring, kUdpBufferGroup, options.slots, kUdpSlotBytes, options.multishot) {
  multishot_ = pool_.provided();
  for (auto& receiver : receivers_) {
    receiver.shape.msg_namelen = kNameBytes;
    receiver.shape.msg_controllen = kControlBytes;
  }
  apply_options();
}

void UdpPort::apply_options() {
  if (gro_wanted_) return;
  const int off = 0;
  for (const auto family : {base::Family::v4, base::Family::v6}) {
    if (socket(family) != nullptr) {
      ::setsockopt(fd(family), IPPROTO_UDP, UDP_GRO, &off, sizeof off);
    }
  }
}

const system::UdpSocket* UdpPort::socket(base::Family family) const noexcept {
  const auto& socket = family == base::Family::v4 ? sockets_.v4 : sockets_.v6;
  return socket ? &*socket : nullptr;
}

int UdpPort::fd(base::Family family) const noexcept {
  const auto* found = socket(family);
  return found != nullptr ? found->fd() : -1;
}

bool UdpPort::segment(base::Family family) const noexcept {
  const auto* found = socket(family);
  return found != nullptr && found->segment();
}

void UdpPort::set_fwmark(std::uint32_t fwmark) {
  if (sockets_.v4) sockets_.v4->set_fwmark(fwmark);
  if (sockets_.v6) sockets_.v6->set_fwmark(fwmark);
}

void UdpPort::replace(system::UdpSockets sockets) {
  for (std::uint32_t index = 0; index < receivers_.size(); ++index) {
    if (multishot_ && receivers_[index].armed) {
      ring_.cancel({Op::udp_receive, generation_, index});
      receivers_[index].armed = false;
    }
  }
  for (std::uint32_t index = 0; index < singles_.size(); ++index) {
    if (singles_[index].slot) ring_.cancel({Op::udp_receive, singles_[index].generation, index});
  }
  // The requests find the sockets by descriptor only when they are submitted: before it is closed.
  ring_.submit();
  generation_ = (generation_ + 1) & 0xffffffU;
  sockets_ = std::move(sockets);
  apply_options();
  arm();
}

void UdpPort::arm() {
  pool_.publish();
  arm_family(base::Family::v4);
  arm_family(base::Family::v6);
}

void UdpPort::arm_family(base::Family family) {
  if (socket(family) == nullptr) return;
  const auto index = static_cast<std::uint32_t>(index_of(family));
  if (multishot_) {
    if (receivers_[index].armed || pool_.arena().count(SlotState::kernel_receiving) == 0) return;
    ring_.recvmsg_multishot(fd(family), receivers_[index].shape, pool_.group(),
                            {Op::udp_receive, generation_, index});
    receivers_[index].armed = true;
    return;
  }
  for (std::uint32_t shot = 0; shot < kSingleShots; ++shot) {
    arm_single(family, index * kSingleShots + shot);
  }
}

void UdpPort::arm_single(base::Family family, std::uint32_t index) {
  SingleShot& single = singles_[index];
  if (single.slot) return;
  single.slot = pool_.arena().take();
  if (!single.slot) return;
  pool_.arena().give_to_receive(*single.slot);
  const auto bytes = pool_.arena().bytes(*single.slot);
  std::byte* const name = bytes.data() + sizeof(io_uring_recvmsg_out);
  single.payload = {name + kNameBytes + kControlBytes,
                    bytes.size() - sizeof(io_uring_recvmsg_out) - kNameBytes - kControlBytes};
  single.message = {};
  single.message.msg_name = name;
  single.message.msg_namelen = kNameBytes;
  single.message.msg_control = name + kNameBytes;
  single.message.msg_controllen = kControlBytes;
  single.message.msg_iov = &single.payload;
  single.message.msg_iovlen = 1;
  single.generation = generation_;
  ring_.recvmsg(fd(family), single.message, {Op::udp_receive, generation_, index});
}

std::optional<SlotIndex> UdpPort::finish_single(const Completion& completion) {
  SingleShot& single = singles_[completion.tag.index];
  const auto slot = std::exchange(single.slot, std::nullopt);
  WARREN_ASSERT(slot.has_value(), "index={}", completion.tag.index);
  pool_.arena().received(*slot);
  if (completion.result < 0) return slot;
  const io_uring_recvmsg_out header{static_cast<std::uint32_t>(single.message.msg_namelen),
                                    static_cast<std::uint32_t>(single.message.msg_controllen),
                                    static_cast<std::uint32_t>(completion.result),
                                    static_cast<std::uint32_t>(single.message.msg_flags)};
  std::memcpy(pool_.arena().bytes(*slot).data(), &header, sizeof header);
  return slot;
}

std::optional<Received> UdpPort::on_receive(const Completion& completion) {
  std::optional<SlotIndex> slot;
  std::size_t length = 0;
  if (multishot_) {
    const bool current = completion.tag.generation == generation_;
    if (!completion.more && current) receivers_[completion.tag.index].armed = false;
    if (completion.buffer) slot = pool_.received(*completion.buffer, completion.bytes());
    if (completion.result > 0) length = static_cast<std::size_t>(completion.result);
    if (!received_before_ && completion.result == -EINVAL) {
      // This kernel has no multishot receive. Single receives need the slots for themselves.
      multishot_ = false;
      pool_.withdraw();
    }
  } else {
    // The second of two multishot receives may be refused after the first one was.
    if (!singles_[completion.tag.index].slot ||
        (completion.result == -EINVAL && !received_before_)) {
      return std::nullopt;
    }
    slot = finish_single(completion);
    if (completion.result >= 0) {
      length = sizeof(io_uring_recvmsg_out) + kNameBytes + kControlBytes +
               static_cast<std::size_t>(completion.result);
    }
  }
  if (!slot) return std::nullopt;
  auto received = completion.result >= 0 ? parse(*slot, length) : std::nullopt;
  if (!received) {
    pool_.drop(*slot);
    return std::nullopt;
  }
  received_before_ = true;
  ++statistics_.udp_receives;
  statistics_.udp_receive_bytes += received->payload.size();
  return received;
}

std::optional<Received> UdpPort::parse(SlotIndex slot, std::size_t length) noexcept {
  const auto bytes = pool_.arena().bytes(slot);
  msghdr& shape = receivers_[0].shape;
  auto* const out = io_uring_recvmsg_validate(bytes.data(), static_cast<int>(length), &shape);
  if (out == nullptr) return std::nullopt;
  Received received;
  received.slot = slot;
  const auto remote = base::Endpoint::from_sockaddr(
      static_cast<const sockaddr*>(io_uring_recvmsg_name(out)), out->namelen);
  if (!remote) return std::nullopt;
  received.from.remote = *remote;
  received.payload = {static_cast<std::byte*>(io_uring_recvmsg_payload(out, &shape)),
                      io_uring_recvmsg_payload_length(out, static_cast<int>(length), &shape)};
  received.segment_bytes = received.payload.size();
  received.truncated = (out->flags & MSG_TRUNC) != 0;
  for (auto* control = io_uring_recvmsg_cmsg_firsthdr(out, &shape); control != nullptr;
       control = io_uring_recvmsg_cmsg_nexthdr(out, &shape, control)) {
    if (control->cmsg_len < CMSG_LEN(0)) break;
    read_control(*control, received);
  }
  if (received.segment_bytes == 0) received.segment_bytes = 1;  // one empty datagram
  return received;
}

void UdpPort::add_features(std::vector<Feature>& features) const {
  features.push_back({"udp receive", multishot_ ? "multishot" : "single-shot", !multishot_});
  for (const auto family : {base::Family::v4, base::Family::v6}) {
    const char* const name = family == base::Family::v4 ? "udp ipv4" : "udp ipv6";
    const auto* found = socket(family);
    if (found == nullptr) {
      features.push_back({name, "off: the machine lacks it", true});
      continue;
    }
    const bool gro = found->gro() && gro_wanted_;
    features.push_back({name,
                        fmt::format("{}, receive buffer {} KiB",
                                    gro ? "receive offload (UDP_GRO)" : "no receive offload",
                                    found->receive_buffer_bytes() / 1024),
                        gro_wanted_ && !gro, !gro_wanted_});
  }
}

}  // namespace warren::engine
