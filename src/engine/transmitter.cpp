// Theory of operation
//
// Sealed datagrams lie side by side in transmit slots; a message is an address, control data and a
// run of datagrams. With UDP_SEGMENT the kernel cuts the run into datagrams of equal length (the
// last may be shorter) after one walk through its network stack, which is where most of a
// datagram's cost is. A slot is free again when the last message that refers to it is complete.
//
// Sends carry MSG_DONTWAIT: they complete within their submission, so that the order of packets is
// the order of submission, and a full socket buffer drops packets instead of holding slots.
//
// Failures are rare, and repaired synchronously:
//   the remembered source is gone   ENETUNREACH, EINVAL (IPv6), ENODEV: forgotten, sent again
//   without segmented messages do not work  EIO (no checksum offload on the way out), EINVAL,
//   EMSGSIZE (a
//                                   datagram exceeds the path's MTU): sent again as single
//                                   datagrams, which the kernel may fragment, and the endpoint goes
//                                   without segmentation for a while
//   zero-copy does not work         EINVAL, EOPNOTSUPP, ENOMEM (RLIMIT_MEMLOCK), EMSGSIZE, EFAULT,
//                                   and a copied send of the same does: not used any more
//   anything else                   counted
//
// Zero-copy (SENDMSG_ZC, when asked for): datagrams lie side by side, so that a long message is one
// piece of memory, which the kernel sends from where it lies. A message is then complete twice:
// when the kernel has taken it, and when the last of its packets was freed, which is when its slot
// is let go of. Each of the two wakes the loop.
//
// The interface of a remembered source is told to the kernel only for link-local IPv6, which needs
// it. For other addresses it would overrule routing: an IPv4 send with an interface that lost its
// route takes the destination for a neighbour on that link.
#include "transmitter.hpp"

#include <fmt/core.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <warren/base/assert.hpp>
#include <warren/base/error.hpp>

namespace warren::engine {
namespace {

constexpr base::Duration kWithoutSegmentation = std::chrono::seconds(60);

template <class T>
void put_control(msghdr& message, int level, int type, const T& value) noexcept {
  auto* const at = reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(message.msg_control) +
                                              message.msg_controllen);
  at->cmsg_level = level;
  at->cmsg_type = type;
  at->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(at), &value, sizeof value);
  message.msg_controllen += CMSG_SPACE(sizeof value);
}

void put_source(msghdr& message, const base::LocalSource& source) noexcept {
  if (source.address.is_v4()) {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, source.address.bytes().data(), 4);
    put_control(message, IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, source.address.bytes().data(), 16);
    if (source.address.is_link_local()) info.ipi6_ifindex = source.interface_index;
    put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

static_assert(CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
                  CMSG_SPACE(sizeof(std::uint16_t)) <=
              128);

bool source_may_be_gone(int error) {
  return error == ENETUNREACH || error == EINVAL || error == ENODEV;
}
bool zero_copy_may_be_refused(int error) {
  return error == EINVAL || error == EOPNOTSUPP || error == ENOMEM || error == EMSGSIZE ||
         error == EFAULT;
}
bool segmentation_may_be_refused(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE;
}

/// The piece of memory that is made of `datagrams`, which lie one behind the other.
iovec side_by_side(std::span<const Datagram> datagrams) {
  std::byte* const begin = datagrams.front().bytes.data();
  std::size_t bytes = 0;
  for (const Datagram& datagram : datagrams) bytes += datagram.bytes.size();
  const base::Bytes last = datagrams.back().bytes;
  WARREN_ASSERT(begin + bytes == last.data() + last.size(),
                "{} datagrams of {} bytes do not lie side by side", datagrams.size(), bytes);
  return {begin, bytes};
}

}  // namespace

Transmitter::Transmitter(Ring& ring, UdpPort& port, protocol::Device& device,
                         Engine::Statistics& statistics, const TransmitterOptions& options)
    : ring_(ring),
      port_(port),
      device_(device),
      statistics_(statistics),
      segmentation_(options.segmentation),
      zero_copy_wanted_(options.zero_copy),
      arena_(options.slots, kSlotBytes),
      messages_(options.messages) {
  free_.reserve(options.messages);
  for (std::uint32_t index = options.messages; index > 0; --index) free_.push_back(index - 1);
  if (!zero_copy_wanted_) return;
  zero_copy_ = probe_zero_copy();
  zero_copy_.registered =
      zero_copy_.registered && ring_.register_buffer(arena_.memory(), FixedBuffer::transmit);
}

bool Transmitter::fits(std::size_t room) const noexcept {
  return slot_ && used_ + room <= kSlotBytes;
}

bool Transmitter::next_slot() noexcept {
  if (!has_messages()) return false;
  if (arena_.count(SlotState::free) == 0) return false;
  if (slot_) arena_.drop(*slot_);
  slot_ = arena_.take();
  used_ = 0;
  return true;
}

// Why whoever sleeps on this does not sleep for ever. Between turns, slots and messages are out
// only because of messages in flight: the current slot was let go of, or nothing lies in it. A
// copied message completes within its submission, mostly without a completion (Ring), so nobody
// sleeps while there is one: the next turn submits it, and has its slot. What is left are zero-copy
// messages, one at least. The last completion of those is never left out, as they are no instant
// operations of the ring: the kernel sends it when it has freed the last packet, or refused the
// message. If it has come already, the ring does not begin to sleep. With each there is one message
// less, and so the wait ends.
bool Transmitter::waits_for_completion() const noexcept {
  const bool has_slot = slot_ || arena_.count(SlotState::free) > 0;
  if (has_slot && has_messages()) return false;
  return notifying_ > 0 && notifying_ == messages_.size() - free_.size();
}

base::Bytes Transmitter::take(std::size_t room) noexcept {
  WARREN_ASSERT(fits(room), "room={} used={}", room, used_);
  const auto bytes = arena_.bytes(*slot_).subspan(used_, room);
  used_ += room;
  return bytes;
}

void Transmitter::end_turn(base::Instant now) noexcept {
  if (now > last_without_) last_without_ = base::Instant{};
  if (!slot_ || used_ == 0) return;
  arena_.drop(*slot_);
  slot_.reset();
}

void Transmitter::send(base::Instant now, const base::Path& path,
                       std::optional<protocol::PeerId> peer,
                       std::span<const Datagram> datagrams) noexcept {
  const auto family = path.remote.address.family();
  const int fd = port_.fd(family);
  const bool segment = segmentation_ && port_.segment(family) && may_segment(path.remote, now);
  while (!datagrams.empty()) {
    if (datagrams.front().bytes.size() > kMaxMessageBytes) {
      device_.drops().add(base::Drop::out_too_big);
      datagrams = datagrams.subspan(1);
      continue;
    }
    const std::size_t count = message_length(datagrams, segment);
    if (fd < 0 || free_.empty()) {
      device_.drops().add(fd < 0 ? base::Drop::out_send_failed : base::Drop::out_no_buffer, count);
      datagrams = datagrams.subspan(count);
      continue;
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Message& message = messages_[index];
    message.path = path;
    message.peer = peer;
    message.slot = *slot_;
    message.ecn = datagrams.front().ecn;
    message.segment_bytes = static_cast<std::uint16_t>(datagrams.front().bytes.size());
    message.datagrams = static_cast<std::uint16_t>(count);
    message.payload = side_by_side(datagrams.first(count));
    message.zero_copy = zero_copy_.available && message.payload.iov_len >= kMinZeroCopyBytes;
    message.notifies = message.zero_copy;
    notifying_ += message.notifies ? 1 : 0;
    address(message);
    arena_.hold_for_sending(message.slot);
    if (message.zero_copy) {
      ring_.sendmsg_zero_copy(fd, message.header, zero_copy_, {Op::udp_send, 0, index});
    } else {
      ring_.sendmsg(fd, message.header, {Op::udp_send, 0, index});
    }
    datagrams = datagrams.subspan(count);
  }
}

/// How many of `datagrams` go into the first message.
std::size_t Transmitter::message_length(std::span<const Datagram> datagrams,
                                        bool segment) const noexcept {
  if (!segment) return 1;
  const std::size_t length = datagrams.front().bytes.size();
  std::size_t bytes = length;
  std::size_t count = 1;
  while (count < std::min(datagrams.size(), kMaxSegments)) {
    const Datagram& next = datagrams[count];
    bytes += next.bytes.size();
    if (next.bytes.size() > length || next.ecn != datagrams.front().ecn ||
        bytes > kMaxMessageBytes) {
      break;
    }
    ++count;
    if (next.bytes.size() < length) break;
  }
  return count;
}

void Transmitter::address(Message& message) noexcept {
  msghdr& header = message.header;
  header.msg_name = &message.to;
  header.msg_namelen = static_cast<socklen_t>(message.path.remote.to_sockaddr(&message.to));
  header.msg_control = message.control.data();
  header.msg_controllen = 0;
  header.msg_flags = 0;
  header.msg_iov = &message.payload;
  header.msg_iovlen = 1;
  const bool v4 = message.path.remote.address.is_v4();
  if (message.path.local && message.path.local->address.is_v4() == v4) {
    put_source(header, *message.path.local);
  }
  if (message.ecn != 0) {
    put_control(header, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS,
                static_cast<int>(message.ecn));
  }
  if (message.datagrams > 1) put_control(header, IPPROTO_UDP, UDP_SEGMENT, message.segment_bytes);
  if (header.msg_controllen == 0) header.msg_control = nullptr;
}

void Transmitter::count_sent(const Message& message) noexcept {
  ++statistics_.udp_sends;
  statistics_.udp_send_datagrams += message.datagrams;
  statistics_.udp_send_bytes += message.payload.iov_len;
}

void Transmitter::on_sent(const Completion& completion, base::Instant now) noexcept {
  const std::uint32_t index = completion.tag.index;
  Message& message = messages_[index];
  if (completion.notification) {
    if (completion.result == kZeroCopyCopied) ++statistics_.udp_zero_copy_copies;
  } else {
    on_accepted(message, completion.result, now);
  }
  // Zero-copy: a notification follows, also for most failures. The kernel may read until it comes.
  if (completion.more) return;
  notifying_ -= message.notifies ? 1 : 0;
  arena_.drop(message.slot);
  free_.push_back(index);
}

void Transmitter::on_accepted(Message& message, int result, base::Instant now) noexcept {
  if (result < 0) return recover(message, -result, now);
  if (message.zero_copy) ++statistics_.udp_zero_copy_sends;
  count_sent(message);
}

/// Sends again what a zero-copy send failed for, with a copy; 0 or an errno.
int Transmitter::send_copied(Message& message, int error) noexcept {
  message.zero_copy = false;
  const int copied_error = send_now(message);
  if (copied_error == 0 && zero_copy_.available) {
    zero_copy_ = {};
    zero_copy_refusal_ = error;
    ++step_downs_;
  }
  return copied_error;
}

/// Sends again, at once; 0 or an errno.
int Transmitter::send_now(Message& message) noexcept {
  address(message);
  const int fd = port_.fd(message.path.remote.address.family());
  if (::sendmsg(fd, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return errno;
  count_sent(message);
  return 0;
}

void Transmitter::recover(Message& message, int error, base::Instant now) noexcept {
  if (message.zero_copy && zero_copy_may_be_refused(error)) {
    error = send_copied(message, error);
    if (error == 0) return;
  }
  if (message.path.local && message.peer && source_may_be_gone(error)) {
    if (const auto path = device_.forget_source(*message.peer)) {
      message.path = {path->remote, std::nullopt};
      error = send_now(message);
      if (error == 0) return;
    }
  }
  if (message.datagrams > 1 && segmentation_may_be_refused(error)) {
    ++statistics_.udp_segment_fallbacks;
    last_refusal_ = error;
    stop_segmenting(message.path.remote, now);
    send_apart(message);
    return;
  }
  device_.drops().add(base::Drop::out_send_failed, message.datagrams);
}

void Transmitter::send_apart(Message& message) noexcept {
  auto rest =
      base::Bytes(static_cast<std::byte*>(message.payload.iov_base), message.payload.iov_len);
  message.datagrams = 1;
  while (!rest.empty()) {
    const auto datagram = rest.first(std::min<std::size_t>(rest.size(), message.segment_bytes));
    message.payload = {datagram.data(), datagram.size()};
    if (send_now(message) != 0) device_.drops().add(base::Drop::out_send_failed);
    rest = rest.subspan(datagram.size());
  }
}

bool Transmitter::may_segment(const base::Endpoint& endpoint, base::Instant now) noexcept {
  if (last_without_ == base::Instant{}) return true;
  return std::none_of(without_.begin(), without_.end(), [&](const Without& entry) {
    return entry.until > now && entry.endpoint == endpoint;
  });
}

void Transmitter::stop_segmenting(const base::Endpoint& endpoint, base::Instant now) noexcept {
  const auto known = std::find_if(without_.begin(), without_.end(),
                                  [&](const Without& entry) { return entry.endpoint == endpoint; });
  Without& entry = known != without_.end() ? *known : without_[next_without_];
  if (entry.until <= now || known == without_.end()) ++step_downs_;
  if (known == without_.end()) next_without_ = (next_without_ + 1) % without_.size();
  entry = {endpoint, now + kWithoutSegmentation};
  last_without_ = std::max(last_without_, entry.until);
}

void Transmitter::add_features(std::vector<Feature>& features) const {
  const bool kernel = port_.segment(base::Family::v4) || port_.segment(base::Family::v6);
  if (!segmentation_) {
    features.push_back({"udp segmentation", "off", false, true});
  } else if (!kernel) {
    features.push_back({"udp segmentation", "off: the kernel lacks it", true});
  } else if (last_without_ != base::Instant{}) {
    features.push_back({"udp segmentation",
                        fmt::format("off for some endpoints: {}", base::errno_text(last_refusal_)),
                        true});
  } else {
    features.push_back({"udp segmentation", "on"});
  }
  add_zero_copy_feature(features);
}

void Transmitter::add_zero_copy_feature(std::vector<Feature>& features) const {
  constexpr const char* kName = "zero-copy send";
  if (!zero_copy_wanted_) {
    features.push_back({kName, "off"});
  } else if (zero_copy_refusal_ != 0) {
    features.push_back(
        {kName, fmt::format("off: {}", base::errno_text(zero_copy_refusal_)), true, true});
  } else if (!zero_copy_.available) {
    features.push_back({kName, "off: the kernel lacks it", true, true});
  } else {
    const std::uint64_t copies = statistics_.udp_zero_copy_copies;
    std::string state = zero_copy_.registered ? "on, registered buffer" : "on";
    if (copies > 0) {
      state += fmt::format(", but the kernel copies: {} of {} messages", copies,
                           statistics_.udp_zero_copy_sends);
    }
    features.push_back({kName, std::move(state), copies > 0, true});
  }
}

}  // namespace warren::engine
