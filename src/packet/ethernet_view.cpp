#include <warren/packet/ethernet_view.hpp>

namespace warren::packet {
namespace {

constexpr std::size_t kTagBytes = 4;
constexpr int kMaxTags = 2;  // a service tag and a customer tag

constexpr bool is_tag(std::uint16_t type) noexcept {
  return type == kEtherTypeVlan || type == kEtherTypeServiceVlan;
}

base::MacAddress mac_at(const std::byte* from) noexcept {
  base::MacAddress address;
  std::memcpy(address.bytes.data(), from, address.bytes.size());
  return address;
}

}  // namespace

std::optional<EthernetView> EthernetView::parse(base::ConstBytes frame) noexcept {
  if (frame.size() < kEthernetHeaderBytes) return std::nullopt;
  EthernetView view;
  view.bytes_ = frame.data();
  view.payload_type_ = view.ether_type();
  for (int tag = 0; tag < kMaxTags && is_tag(view.payload_type_); ++tag) {
    if (frame.size() < view.header_length_ + kTagBytes) break;
    view.header_length_ += kTagBytes;
    view.payload_type_ = base::load_be<std::uint16_t>(frame.data() + view.header_length_ - 2);
  }
  return view;
}

base::MacAddress EthernetView::destination() const noexcept {
  return mac_at(bytes_);
}
base::MacAddress EthernetView::source() const noexcept {
  return mac_at(bytes_ + 6);
}
std::uint16_t EthernetView::ether_type() const noexcept {
  return base::load_be<std::uint16_t>(bytes_ + 12);
}

}  // namespace warren::packet
