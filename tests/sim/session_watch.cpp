#include "sim/session_watch.hpp"

#include <algorithm>

namespace warren::sim {
namespace {

constexpr std::uint32_t kResponse = 2;
constexpr std::uint32_t kData = 4;
constexpr std::size_t kResponseBytes = 92;

std::uint32_t word(base::ConstBytes datagram, std::size_t at) {
  return datagram.size() < at + 4 ? 0 : base::load_le<std::uint32_t>(datagram.data() + at);
}

}  // namespace

std::optional<base::Duration> SessionWatch::leaves(base::Instant now, HostId from,
                                                   std::optional<HostId> to,
                                                   base::ConstBytes datagram) {
  if (word(datagram, 0) == kResponse && datagram.size() == kResponseBytes) {
    const std::size_t session = sessions_.size();
    sessions_[session] = {.left = now, .arrived = {}};
    roles_[word(datagram, 4)] = {.session = session, .names_initiator = false};
    roles_[word(datagram, 8)] = {.session = session, .names_initiator = true};
    if (to) responses_[std::minmax(from, *to)] = now;
  }
  const auto role = roles_.find(word(datagram, 4));
  if (word(datagram, 0) == kData && to && role != roles_.end()) {
    // Data that names the responder's index comes from the initiator.
    last_sent_[{from, *to}] = {.session = role->second.session,
                               .began_it = !role->second.names_initiator};
  }
  return age(now, datagram, true);
}

std::optional<base::Duration> SessionWatch::arrives(base::Instant now, base::ConstBytes datagram) {
  if (word(datagram, 0) == kResponse && datagram.size() == kResponseBytes) {
    const auto role = roles_.find(word(datagram, 4));
    if (role != roles_.end()) {
      Session& session = sessions_[role->second.session];
      if (!session.arrived) session.arrived = now;
    }
  }
  return age(now, datagram, false);
}

std::optional<base::Duration> SessionWatch::age(base::Instant now, base::ConstBytes datagram,
                                                bool at_sender) {
  if (word(datagram, 0) != kData) return std::nullopt;
  const auto role = roles_.find(word(datagram, 4));
  if (role == roles_.end()) return std::nullopt;
  const Session& session = sessions_[role->second.session];
  // Data that names the initiator's index was sent by the responder.
  const bool at_initiator = role->second.names_initiator != at_sender;
  if (!at_initiator) return now - session.left;
  if (!session.arrived) return std::nullopt;
  return now - *session.arrived;
}

bool SessionWatch::crossed(HostId a, HostId b) const {
  const auto there = last_sent_.find({a, b});
  const auto back = last_sent_.find({b, a});
  return there != last_sent_.end() && back != last_sent_.end() &&
         there->second.session != back->second.session && there->second.began_it &&
         back->second.began_it;
}

bool SessionWatch::responded_since(base::Instant since, HostId a, HostId b) const {
  const auto found = responses_.find(std::minmax(a, b));
  return found != responses_.end() && found->second >= since;
}

}  // namespace warren::sim
