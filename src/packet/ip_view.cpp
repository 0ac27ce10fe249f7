#include <warren/packet/ip_view.hpp>

#include "fields.hpp"

namespace warren::packet {

std::optional<IpView> IpView::parse(base::ConstBytes packet) noexcept {
  if (packet.size() < ipv4::kMinBytes) return std::nullopt;
  IpView view;
  view.bytes_ = packet.data();
  switch (ip_version(packet.data())) {
    case 4:
      view.family_ = base::Family::v4;
      view.header_length_ = std::to_integer<std::size_t>(packet[0] & std::byte{0x0f}) * 4;
      view.total_length_ = base::load_be<std::uint16_t>(packet.data() + ipv4::kTotalLength);
      if (view.header_length_ < ipv4::kMinBytes) return std::nullopt;
      if (view.header_length_ > packet.size()) return std::nullopt;
      if (view.total_length_ < view.header_length_) return std::nullopt;
      return view;
    case 6:
      if (packet.size() < ipv6::kBytes) return std::nullopt;
      view.family_ = base::Family::v6;
      view.header_length_ = ipv6::kBytes;
      view.total_length_ =
          ipv6::kBytes + base::load_be<std::uint16_t>(packet.data() + ipv6::kPayloadLength);
      return view;
    default:
      return std::nullopt;
  }
}

base::IpAddress IpView::source() const noexcept {
  return base::IpAddress::from_bytes(
      family_, bytes_ + (family_ == base::Family::v4 ? ipv4::kSource : ipv6::kSource));
}

base::IpAddress IpView::destination() const noexcept {
  return base::IpAddress::from_bytes(
      family_, bytes_ + (family_ == base::Family::v4 ? ipv4::kDestination : ipv6::kDestination));
}

std::uint8_t IpView::protocol() const noexcept {
  return std::to_integer<std::uint8_t>(
      bytes_[family_ == base::Family::v4 ? ipv4::kProtocol : ipv6::kNextHeader]);
}

std::uint8_t IpView::traffic_class() const noexcept {
  if (family_ == base::Family::v4) {
    return std::to_integer<std::uint8_t>(bytes_[ipv4::kTrafficClass]);
  }
  return static_cast<std::uint8_t>(base::load_be<std::uint16_t>(bytes_) >> 4U & 0xffU);
}

}  // namespace warren::packet
