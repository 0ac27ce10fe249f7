// A kernel that takes TUN_F_USO4 and then refuses the super-packets: played by handing the port the
// completion that such a kernel would give.
#include <catch2/catch_test_macros.hpp>
#include <cstring>

#include "../../../src/engine/receive_pool.hpp"
#include "../../../src/engine/tun_port.hpp"
#include "traffic.hpp"

using namespace warren;
using namespace warren::test;

namespace {

std::uint16_t internet_checksum(base::ConstBytes bytes, std::uint32_t sum) {
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    sum += std::to_integer<std::uint32_t>(bytes[index]) << (index % 2 == 0 ? 8 : 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// A UDP datagram of 100 bytes from 10.9.0.2 to 10.9.0.1:7000 with right checksums.
void write_packet(base::Bytes packet, unsigned seed) {
  const auto payload = pattern(100, seed);
  REQUIRE(packet.size() == 28 + payload.size());
  std::memset(packet.data(), 0, 28);
  packet[0] = std::byte{0x45};
  base::store_be(&packet[2], static_cast<std::uint16_t>(packet.size()));
  base::store_be(&packet[4], static_cast<std::uint16_t>(seed));
  packet[8] = std::byte{64};
  packet[9] = std::byte{17};
  base::store_be(&packet[12], 0x0a090002U);
  base::store_be(&packet[16], 0x0a090001U);
  base::store_be(&packet[10], internet_checksum(packet.first(20), 0));
  const auto udp = packet.subspan(20);
  base::store_be(&udp[0], std::uint16_t{5000});
  base::store_be(&udp[2], std::uint16_t{7000});
  base::store_be(&udp[4], static_cast<std::uint16_t>(udp.size()));
  std::memcpy(&udp[8], payload.data(), payload.size());
  const std::uint32_t pseudo_header =
      0x0a09 + 0x0002 + 0x0a09 + 0x0001 + 17 + static_cast<std::uint32_t>(udp.size());
  base::store_be(&udp[6], internet_checksum(udp, pseudo_header));
}

}  // namespace

TEST_CASE("refused super-packets turn the offload down, and their packets arrive one by one") {
  requires_root();
  constexpr unsigned kPackets = 5;
  TestNetns inner;
  std::vector<std::vector<std::byte>> arrived;
  std::string state;
  inner.run([&] {
    system::TunDevice tun({.name = "tun0"});
    if (tun.offload() != system::TunOffload::uso) return;
    system::Netlink netlink;
    const auto index = netlink.link_index("tun0");
    netlink.add_address(index, *base::InterfaceAddress::parse("10.9.0.1/24"));
    netlink.set_link_up(index, true);
    const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    socklen_t length = 0;
    const auto address = socket_address("10.9.0.1:7000", length);
    base::check_system_call(
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), length), "binding",
        "a socket");

    engine::Ring ring({});
    engine::ReceivePool pool(ring, 2, 4, 68 * 1024, false);
    base::DropCounters drops;
    engine::Engine::Statistics statistics;
    engine::TunPort port(ring, tun, pool, drops, statistics, {});
    const auto slot = pool.arena().take();
    packet::Coalescer coalescer({}, 16);
    for (unsigned number = 0; number < kPackets; ++number) {
      const auto bytes = pool.arena().bytes(*slot).subspan(std::size_t{number} * 192, 128);
      write_packet(bytes, number);
      coalescer.add(bytes);
    }
    coalescer.finish();
    REQUIRE(coalescer.count() == 1);
    port.write(coalescer.packet(0));
    port.on_write({{engine::Op::tun_write, 0, 0}, -EINVAL, false, std::nullopt});
    coalescer.clear();
    CHECK(tun.offload() == system::TunOffload::tso);
    CHECK(port.step_downs() == 1);
    CHECK(drops.get(base::Drop::in_write_failed) == 0);
    CHECK(pool.arena().count(engine::SlotState::free) == 3);
    std::vector<engine::Feature> features;
    port.add_features(features);
    state = features.at(1).state;
    for (unsigned number = 0; number < kPackets; ++number) {
      if (auto datagram = receive(socket)) arrived.push_back(std::move(*datagram));
    }
    ring.cancel_all();
  });
  if (state.empty()) SKIP("this kernel has no USO for TUN devices");
  CHECK(state == "tso (tso+uso refused: Invalid argument)");
  REQUIRE(arrived.size() == kPackets);
  for (unsigned number = 0; number < kPackets; ++number) {
    CHECK(arrived[number] == pattern(100, number));
  }
}
