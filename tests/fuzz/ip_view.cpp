// The checked views of arbitrary bytes: no read leaves the packet, lengths are what the views
// promise, ECN decapsulation changes an IP header in its ECN bits and checksum only, and an error
// about a packet that is too big quotes the packet and is never answered by another.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <warren/packet/ecn.hpp>
#include <warren/packet/ethernet_view.hpp>
#include <warren/packet/icmp.hpp>
#include <warren/packet/ip_view.hpp>
#include <warren/packet/virtio.hpp>

namespace {

using namespace warren;
using namespace warren::packet;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_ip(base::ConstBytes packet) {
  const auto ip = IpView::parse(packet);
  if (!ip) return;
  require(ip->header_length() <= packet.size());
  require(ip->header_length() >= 20);
  require(ip->total_length() >= ip->header_length());
  require(ip->source().family() == ip->family());
  require(ip->destination().family() == ip->family());
  require((ip->traffic_class() & 3) == ecn_of(packet, Framing::ip));
  require(ip->protocol() ==
          std::to_integer<std::uint8_t>(packet[ip->family() == base::Family::v4 ? 9 : 6]));
}

void check_ethernet(base::ConstBytes frame) {
  const auto ethernet = EthernetView::parse(frame);
  require(ethernet.has_value() == (frame.size() >= kEthernetHeaderBytes));
  if (!ethernet) return;
  require(ethernet->header_length() <= frame.size());
  const std::size_t tags = (ethernet->header_length() - kEthernetHeaderBytes) / 4;
  require(tags <= 2 && ethernet->header_length() == kEthernetHeaderBytes + 4 * tags);
  require((tags == 0) == (ethernet->ether_type() == ethernet->payload_type() &&
                          ethernet->header_length() == kEthernetHeaderBytes));
  require(std::equal(frame.begin(), frame.begin() + 6, ethernet->destination().bytes.begin()));
  require(std::equal(frame.begin() + 6, frame.begin() + 12, ethernet->source().bytes.begin()));
}

void check_ecn(base::ConstBytes packet, Framing framing) {
  for (std::uint8_t outer = 0; outer < 4; ++outer) {
    std::vector<std::byte> copy(packet.begin(), packet.end());
    const auto inner = ecn_of(copy, framing);
    const bool kept = decapsulate_ecn(outer, copy, framing);
    const auto result = ecn_of(copy, framing);
    std::size_t changed = 0;
    for (std::size_t i = 0; i < copy.size(); ++i) changed += copy[i] != packet[i] ? 1U : 0U;
    require(changed <= 3);  // the ECN byte and two of the checksum
    require(kept || changed == 0);
    require(kept || (outer == 3 && inner == 0));
    require(result == inner || outer == 3 || (outer == 1 && inner == 2 && result == 1));
    if (kept && outer == 3 && inner != 0) require(result == 3);
  }
}

void check_virtio(base::ConstBytes bytes) {
  const auto header = VirtioHeader::parse(bytes);
  require(header.has_value() == (bytes.size() >= kVirtioHeaderBytes));
  if (!header) return;
  std::vector<std::byte> written(kVirtioHeaderBytes);
  header->write(written.data());
  require(std::equal(written.begin(), written.end(), bytes.begin()));
}

void check_too_big(base::ConstBytes packet) {
  std::array<std::byte, kMaxTooBigBytes> out;
  const auto bytes = write_too_big(packet, 1400, out);
  if (bytes == 0) return;
  const auto error = std::span(out).first(bytes);
  const auto ip = IpView::parse(error);
  require(ip && ip->total_length() == bytes);
  require(bytes <= (ip->family() == base::Family::v4 ? 576U : 1280U));
  const auto about = IpView::parse(packet);
  require(about && about->source() == ip->destination() && about->destination() == ip->source());
  const auto quoted = error.subspan(ip->header_length() + 8);
  require(quoted.size() <= packet.size());
  require(std::equal(quoted.begin(), quoted.end(), packet.begin()));
  std::array<std::byte, kMaxTooBigBytes> again;
  require(write_too_big(error, 1400, again) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::byte> exact(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  check_ip(exact);
  check_too_big(exact);
  check_ethernet(exact);
  check_virtio(exact);
  check_ecn(exact, Framing::ip);
  check_ecn(exact, Framing::ethernet);
  return 0;
}
