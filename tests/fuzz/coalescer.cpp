// Coalescing arbitrary lists of packets: segmenting the results again gives the packets back, byte
// for byte and in the order of each flow. The input is a program: each instruction adds the next
// packet of one of eight flows, with a deviation, or raw bytes from the input.
#include <cstdlib>
#include <map>

#include "unit/packet/coalesce.hpp"

namespace {

using namespace warren::packet;
using namespace warren::test;

constexpr std::size_t kMaxPackets = 200;

void require(bool condition) {
  if (!condition) std::abort();
}

struct Input {
  std::span<const std::uint8_t> rest;
  std::uint8_t next() {
    if (rest.empty()) return 0;
    const auto value = rest.front();
    rest = rest.subspan(1);
    return value;
  }
};

/// Deviates from what would continue the flow, as the number says; 0 and those without a case do
/// not.
void deviate(PacketSpec& spec, unsigned how) {
  switch (how) {
    case 1:
      spec.flags |= 0x08;
      break;
    case 2:
      spec.flags |= 0x01;
      break;
    case 3:
      spec.flags |= 0x80;
      break;
    case 4:
      spec.flags |= 0x02;
      break;
    case 5:
      spec.flags ^= 0x40;
      break;
    case 6:
      spec.acknowledgement ^= 1;
      break;
    case 7:
      spec.window ^= 1;
      break;
    case 8:
      spec.timestamp ^= 1;
      break;
    case 9:
      spec.timestamps = !spec.timestamps;
      break;
    case 10:
      spec.sequence += 1;
      break;
    case 11:
      spec.id = static_cast<std::uint16_t>(spec.id - 1);
      break;
    case 12:
      spec.dont_fragment = !spec.dont_fragment;
      break;
    case 13:
      spec.time_to_live ^= 1;
      break;
    case 14:
      spec.traffic_class ^= 1;
      break;
    case 15:
      spec.flow_label ^= 1;
      break;
    case 16:
      spec.ip_option_bytes = 4;
      break;
    case 17:
      spec.destination_options = true;
      break;
    case 18:
      spec.vlan_tags = 1;
      break;
    default:
      break;
  }
}

/// The next packet of flow `number`, moving `flow` on.
PacketBytes packet_of(PacketSpec& flow, std::uint8_t how, std::uint8_t length_code, Input& input) {
  const std::size_t length =
      (length_code & 0x80) != 0 ? (length_code & 0x7fU) * 64U : length_code % 8U;
  PacketSpec spec = flow;
  deviate(spec, how % 32);
  auto packet = make_packet(spec, PacketBytes(length, length_code));
  flow.sequence += static_cast<std::uint32_t>(length);
  if ((how & 0x40) == 0) ++flow.id;
  if ((how & 0x80) != 0) {  // damage, most often in a header
    const std::size_t at = input.next() % packet.size();
    packet[at] ^= input.next();
    if ((how & 0x20) != 0) packet.resize(packet.size() - std::min<std::size_t>(packet.size(), 3));
  }
  return packet;
}

std::vector<PacketBytes> read_program(Input& input, Framing framing) {
  std::array<PacketSpec, 8> flows;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    flows[i].udp = (i & 1) != 0;
    flows[i].v6 = (i & 2) != 0;
    flows[i].source_port = static_cast<std::uint16_t>(i / 4);
    flows[i].framing = framing;
  }
  std::vector<PacketBytes> packets;
  while (!input.rest.empty() && packets.size() < kMaxPackets) {
    const auto what = input.next();
    if (what == 0xff) {
      const std::size_t wanted = input.next();
      const std::size_t size = std::min(wanted, input.rest.size());
      packets.emplace_back(input.rest.begin(),
                           input.rest.begin() + static_cast<std::ptrdiff_t>(size));
      input.rest = input.rest.subspan(size);
      continue;
    }
    const auto how = input.next();
    packets.push_back(packet_of(flows[what % flows.size()], how, input.next(), input));
  }
  return packets;
}

/// Where the IP header is, behind at most one VLAN tag.
std::size_t network_of(const PacketBytes& p, Framing framing) {
  if (framing == Framing::ip) return 0;
  return p.size() > 18 && get16(p, 12) == 0x8100 ? 18 : 14;
}

/// Addresses, protocol and ports of a TCP or UDP packet that has them where its headers say. What
/// has none counts as a flow of its own bytes.
PacketBytes flow_of(const PacketBytes& p, Framing framing) {
  const std::size_t at = network_of(p, framing);
  if (p.size() < at + 24) return p;
  const bool v6 = p[at] >> 4U == 6;
  if (framing == Framing::ethernet && get16(p, at - 2) != (v6 ? 0x86dd : 0x0800)) return p;
  const std::size_t transport = at + (v6 ? 40U : (p[at] & 15U) * 4U);
  if ((!v6 && p[at] >> 4U != 4) || p.size() < transport + 4) return p;
  const std::uint8_t protocol = p[at + (v6 ? 6 : 9)];
  if (protocol != 6 && protocol != 17) return p;
  PacketBytes key{protocol};
  const auto append = [&](std::size_t from, std::size_t bytes) {
    const auto begin = p.begin() + static_cast<std::ptrdiff_t>(from);
    key.insert(key.end(), begin, begin + static_cast<std::ptrdiff_t>(bytes));
  };
  append(at + (v6 ? 8 : 12), v6 ? 32 : 8);
  append(transport, 4);
  return key;
}

/// What coalescing and segmenting need not keep: an identification without meaning under DF (RFC
/// 6864) and the two ways to write a ones' complement zero.
PacketBytes normalised(PacketBytes p, Framing framing) {
  const std::size_t at = network_of(p, framing);
  if (!problem_of(p, at).empty() || p[at] != 0x45) return p;
  if ((p[at + 6] & 0x40) != 0) put16(p, at + 4, 0);
  put16(p, at + 10, 0);
  return p;
}

using Flows = std::map<PacketBytes, std::vector<PacketBytes>>;

void append_to(Flows& flows, const PacketBytes& p, Framing framing) {
  flows[flow_of(p, framing)].push_back(normalised(p, framing));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{{data, size}};
  const auto mode = input.next();
  const Framing framing = (mode & 1) != 0 ? Framing::ethernet : Framing::ip;
  const auto packets = read_program(input, framing);
  if (packets.empty()) return 0;
  const auto results = coalesce({framing, (mode & 2) == 0, (mode & 4) == 0}, packets);
  Flows before;
  Flows after;
  for (const auto& p : packets) append_to(before, p, framing);
  std::size_t pieces = 0;
  for (const auto& result : results) {
    require(result.sizes_agree && result.pieces >= 1 && result.pieces <= Coalescer::kMaxPieces);
    pieces += result.pieces;
    if (result.pieces == 1) {
      require(result.header == VirtioHeader{});
      append_to(after, result.bytes, framing);
      continue;
    }
    require(result.bytes.size() <= 65535);
    const auto again = segment(result, framing);
    require(again.size() == result.pieces);
    for (const auto& p : again) append_to(after, p, framing);
  }
  require(pieces == packets.size());
  require(before == after);
  return 0;
}
