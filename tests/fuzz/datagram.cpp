// The path from UDP bytes to TUN or TAP bytes, with a live session: arbitrary datagrams, datagrams
// that name the session, and plaintexts that an authentic but malicious peer encrypts. What comes
// out must lie inside its datagram and be allowed.
#include <array>

#include <warren/base/assert.hpp>
#include <warren/packet/ip_view.hpp>

#include "input.hpp"
#include "support/packets.hpp"
#include "support/raw_peer.hpp"

namespace {

using namespace warren;
using test::Packet;

const base::IpNetwork kAllowed4 = test::network("10.0.0.0/8");
const base::IpNetwork kAllowed6 = test::network("fd00::/8");
const base::IpNetwork kOthers = test::network("10.1.0.0/16");

void check_packet(protocol::Kind kind, const protocol::OpenItem& item, protocol::PeerId peer) {
  if (item.packet.empty()) return;
  WARREN_ASSERT(item.peer == peer, "peer {}", item.peer.value());
  const std::byte* first = item.datagram.data() + protocol::kDataHeaderBytes;
  const std::byte* last = item.datagram.data() + item.datagram.size() - crypto::kTagBytes;
  WARREN_ASSERT(item.packet.data() == first && item.packet.data() + item.packet.size() <= last,
                "packet of {} bytes in a datagram of {}", item.packet.size(), item.datagram.size());
  if (kind == protocol::Kind::tap) {
    WARREN_ASSERT(item.packet.size() >= 14, "frame of {} bytes", item.packet.size());
    return;
  }
  const auto view = packet::IpView::parse(item.packet);
  WARREN_ASSERT(view && view->total_length() == item.packet.size(), "packet of {} bytes",
                item.packet.size());
  const auto source = view->source();
  WARREN_ASSERT(
      (kAllowed4.contains(source) && !kOthers.contains(source)) || kAllowed6.contains(source),
      "source {}", source.to_string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  protocol::DeviceOptions options;
  const std::uint64_t flags = input.number(1);
  if ((flags & 1) != 0) options.kind = protocol::Kind::tap;
  options.hub = (flags & 2) != 0;
  auto cipher = crypto::Cipher::chacha20_poly1305;
  if ((flags & 4) != 0 && crypto::is_available(crypto::Cipher::aes_256_gcm)) {
    cipher = crypto::Cipher::aes_256_gcm;
  }

  base::Now now{.boot = base::Instant(std::chrono::hours(1)),
                .wall = base::WallTime(std::chrono::hours(1))};
  test::Node node(1, test::endpoint("192.0.2.1:1"), options, cipher);
  test::RawPeer raw(protocol::Suite{.kind = options.kind, .cipher = cipher}, 2);
  const base::Endpoint from = test::endpoint("192.0.2.2:2");
  node.start(now);
  const auto peer = node.device.add_peer(now, raw.public_key()).value();
  const auto other = node.device.add_peer(now, crypto::PublicKey()).value();
  node.device.allow_ip(peer, kAllowed4);
  node.device.allow_ip(peer, kAllowed6);
  node.device.allow_ip(other, kOthers);
  WARREN_ASSERT(raw.establish(now, node, from), "no session");

  std::uint64_t counter = 0;
  while (!input.empty()) {
    std::array<Packet, 4> datagrams;
    std::array<protocol::OpenItem, 4> items;
    const std::size_t batch = 1 + input.number(1) % datagrams.size();
    for (std::size_t i = 0; i < batch; ++i) {
      const std::uint64_t what = input.number(1);
      const Packet bytes = input.piece(input.number(2) % 2048);
      switch (what % 4) {
        case 0:
          datagrams[i] = bytes;
          break;
        case 1:
          datagrams[i] = raw.data(counter++, bytes);
          break;
        case 2:
          datagrams[i] = raw.data(input.number(8), bytes);
          break;
        default:
          datagrams[i] = raw.data(counter++, bytes);
          datagrams[i][input.number(2) % datagrams[i].size()] ^= std::byte{1};
          break;
      }
      items[i].datagram = datagrams[i];
      items[i].outer_ecn = static_cast<std::uint8_t>(what >> 6);
    }
    node.device.open(now, {.remote = from, .local = std::nullopt}, std::span(items).first(batch));
    for (const auto& item : std::span(items).first(batch)) {
      check_packet(options.kind, item, peer);
      if (options.kind == protocol::Kind::tap && !item.packet.empty()) {
        node.device.switch_remote(now, peer, item.packet);
      }
    }
    node.drain(now);
    const auto pause = std::chrono::seconds(input.number(1));
    now.boot += pause;
    now.wall += pause;
    node.handle_timeout(now);
  }
  return 0;
}
