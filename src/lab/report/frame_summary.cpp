#include "frame_summary.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <warren/base/ip.hpp>
#include <warren/packet/ethernet_view.hpp>
#include <warren/packet/ip_view.hpp>

namespace warren::lab {
namespace {

std::string protocol_name(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "TCP";
    case IPPROTO_UDP:
      return "UDP";
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return "ICMP";
    default:
      return fmt::format("IP protocol {}", protocol);
  }
}

}  // namespace

std::string frame_summary(base::ConstBytes frame) {
  const auto ethernet = packet::EthernetView::parse(frame);
  if (!ethernet) return "a piece of a frame";
  const std::uint16_t type = ethernet->payload_type();
  if (type == packet::kEtherTypeArp) return "ARP";
  const base::ConstBytes payload = frame.subspan(ethernet->header_length());
  const auto ip = type == packet::kEtherTypeIpv4 || type == packet::kEtherTypeIpv6
                      ? packet::IpView::parse(payload)
                      : std::nullopt;
  if (!ip) return fmt::format("type {:#06x}", type);
  const std::uint8_t protocol = ip->protocol();
  const bool has_ports = (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) &&
                         payload.size() >= ip->header_length() + 4;
  if (!has_ports) {
    return fmt::format("{} {} > {}", protocol_name(protocol), ip->source().to_string(),
                       ip->destination().to_string());
  }
  const std::byte* ports = payload.data() + ip->header_length();
  return fmt::format(
      "{} {} > {}", protocol_name(protocol),
      base::Endpoint{ip->source(), base::load_be<std::uint16_t>(ports), 0}.to_string(),
      base::Endpoint{ip->destination(), base::load_be<std::uint16_t>(ports + 2), 0}.to_string());
}

}  // namespace warren::lab
