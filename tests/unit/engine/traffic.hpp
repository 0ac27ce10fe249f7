// Sockets inside the tunnel.
#pragma once

#include "end.hpp"
#include "support/traffic.hpp"

namespace warren::test {

inline Party party_of(const End& end) {
  return {&end.inner(), end.address(), end.address6()};
}
inline base::Fd bound_socket(const End& end, int type, const std::string& endpoint) {
  return bound_socket(party_of(end), type, endpoint);
}
inline bool datagram_passes(const End& from, const End& to, std::size_t bytes = 100) {
  return datagram_passes(party_of(from), party_of(to), bytes);
}
inline bool stream_passes(const End& from, const End& to, std::size_t bytes, bool v6 = false) {
  return stream_passes(party_of(from), party_of(to), bytes, v6);
}

}  // namespace warren::test
