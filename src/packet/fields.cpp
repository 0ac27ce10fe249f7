#include "fields.hpp"

#include <warren/packet/ethernet_view.hpp>

namespace warren::packet {

std::optional<std::size_t> find_network(base::ConstBytes packet, Framing framing) noexcept {
  if (framing == Framing::ip) {
    if (packet.empty()) return std::nullopt;
    const unsigned version = ip_version(packet.data());
    if (version != 4 && version != 6) return std::nullopt;
    return 0;
  }
  const auto frame = EthernetView::parse(packet);
  if (!frame || frame->header_length() >= packet.size()) return std::nullopt;
  const unsigned version = ip_version(packet.data() + frame->header_length());
  if (frame->payload_type() == kEtherTypeIpv4 && version == 4) return frame->header_length();
  if (frame->payload_type() == kEtherTypeIpv6 && version == 6) return frame->header_length();
  return std::nullopt;
}

}  // namespace warren::packet
