// Segments as the kernel makes them, against ours. A super-packet is written to one TUN device with
// a virtio header and routed to a second one that takes no offloads, so that the kernel has to
// segment it (or to complete its checksum) on the way:
//
//     test --write--> wr0 --forwarding--> wr1 --read--> test
//
// Forwarding takes one from TTL and hop limit: the kernel gets the super-packet with 65 and the
// segmenter the same one with 64. With WARREN_SEGMENTS_FILE in the environment the pairs are
// written there, as tests/support/data/packet/kernel_segments.txt has them.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <fstream>

#include <warren/packet/segmenter.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"
#include "unit/packet/packets.hpp"

using namespace warren;
using namespace warren::test;
using system::TunDevice;
using system::TunOffload;

namespace {

struct Case {
  std::string name;
  PacketSpec spec;
  std::size_t payload_bytes;
  std::size_t gso_size;  // 0: no super-packet, a partial checksum
};

void write_file(const char* path, const char* text) {
  std::ofstream(path) << text;
}

struct Fixture {
  TestNetns netns;
  TunDevice in = netns.run([] { return TunDevice({.name = "wr0"}); });
  TunDevice out = netns.run([] { return TunDevice({.name = "wr1", .offload = TunOffload::none}); });

  Fixture() {
    netns.run([] {
      write_file("/proc/sys/net/ipv4/ip_forward", "1");
      write_file("/proc/sys/net/ipv6/conf/all/forwarding", "1");
      return 0;
    });
    system::Netlink netlink(netns.fd());
    const auto in_index = netlink.link_index("wr0");
    const auto out_index = netlink.link_index("wr1");
    netlink.set_link_up(in_index, true);
    netlink.set_link_up(out_index, true);
    netlink.add_address(in_index, *base::InterfaceAddress::parse("10.0.0.254/24"));
    netlink.add_address(in_index, *base::InterfaceAddress::parse("fd00::fe/64"));
    netlink.add_route(out_index, *base::IpNetwork::parse("10.0.0.2/32"));
    netlink.add_route(out_index, *base::IpNetwork::parse("fd00::2/128"));
  }

  /// What comes out of wr1 for `super`. The kernel's own packets (router solicitations and the
  /// like) go to other destinations.
  std::vector<PacketBytes> through_kernel(const SuperPacket& super, std::size_t count) {
    PacketBytes frame(packet::kVirtioHeaderBytes);
    super.header.write(view(frame).data());
    frame.insert(frame.end(), super.bytes.begin(), super.bytes.end());
    std::vector<PacketBytes> segments;
    if (::write(in.fd(), frame.data(), frame.size()) != static_cast<ssize_t>(frame.size())) {
      return segments;
    }
    while (segments.size() < count && wait_ready(out.fd(), 2000)) {
      PacketBytes bytes(65536);
      const auto size = ::read(out.fd(), bytes.data(), bytes.size());
      if (size <= 0) continue;
      bytes.resize(static_cast<std::size_t>(size));
      // 10.0.0.2 or fd00::2
      const bool ours = bytes[0] >> 4U == 4 ? bytes[16] == 10 : bytes[24] == 0xfd;
      if (ours) segments.push_back(std::move(bytes));
    }
    return segments;
  }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const bool v6 : {false, true}) {
    for (const bool udp : {false, true}) {
      PacketSpec spec;
      spec.v6 = v6;
      spec.udp = udp;
      const std::string name = fmt::format("{} over {}", udp ? "UDP" : "TCP", v6 ? "IPv6" : "IPv4");
      all.push_back({name, spec, 600, 200});
      all.push_back({name + ", short last segment", spec, 601, 200});
      all.push_back({name + ", odd segments", spec, 500, 99});
      all.push_back({name + ", partial checksum", spec, 101, 0});
      spec.traffic_class = 0xba;
      spec.flow_label = 0xfffff;
      spec.dont_fragment = false;
      spec.id = 0xffff;
      spec.sequence = 0xffffffff;
      all.push_back({name + ", numbers that wrap", spec, 450, 150});
    }
    PacketSpec tcp;
    tcp.v6 = v6;
    tcp.timestamps = true;
    tcp.flags = 0x10 | 0x08 | 0x01;
    all.push_back({fmt::format("PSH and FIN over {}", v6 ? "IPv6" : "IPv4"), tcp, 500, 188});
    tcp.flags = 0x10 | 0x80 | 0x40;
    all.push_back({fmt::format("CWR and ECE over {}", v6 ? "IPv6" : "IPv4"), tcp, 500, 188});
  }
  PacketSpec options;
  options.v6 = true;
  options.destination_options = true;
  all.push_back({"IPv6 destination options", options, 500, 188});
  options.v6 = false;
  options.ip_option_bytes = 8;
  all.push_back({"IPv4 options", options, 500, 188});
  return all;
}

SuperPacket super_of(const Case& c, std::uint8_t time_to_live) {
  auto spec = c.spec;
  spec.time_to_live = time_to_live;
  std::mt19937 random(static_cast<unsigned>(c.payload_bytes + c.gso_size));
  auto super = make_super(spec, random_bytes(random, c.payload_bytes), c.gso_size);
  if (c.gso_size == 0) super.header.gso_type = VirtioHeader::kGsoNone;
  const bool cwr = !spec.udp && (spec.flags & 0x80) != 0;
  if (cwr) super.header.gso_type |= VirtioHeader::kGsoEcn;
  return super;
}

std::string hex(const PacketBytes& bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

void save(std::ofstream& file, const Case& c, const SuperPacket& super,
          const std::vector<PacketBytes>& segments) {
  const auto& h = super.header;
  file << "name=" << c.name << "\n"
       << fmt::format("virtio={:02x}{:02x}{:04x}{:04x}{:04x}{:04x}\n", h.flags, h.gso_type,
                      h.header_length, h.gso_size, h.checksum_start, h.checksum_offset)
       << "packet=" << hex(super.bytes) << "\n";
  for (std::size_t i = 0; i < segments.size(); ++i) {
    file << fmt::format("segment{:02}=", i) << hex(segments[i]) << "\n";
  }
  file << "\n";
}

}  // namespace

TEST_CASE("the segmenter makes the segments that the kernel makes") {
  requires_root();
  Fixture fixture;
  std::ofstream file;
  if (const char* path = std::getenv("WARREN_SEGMENTS_FILE")) file.open(path);
  for (const Case& c : cases()) {
    CAPTURE(c.name);
    const auto super = super_of(c, 64);
    const auto segmenter = packet::Segmenter::create(super.header, view(super.bytes), Framing::ip);
    REQUIRE(segmenter);
    const auto kernel = fixture.through_kernel(super_of(c, 65), segmenter->count());
    REQUIRE(kernel.size() == segmenter->count());
    for (std::size_t i = 0; i < kernel.size(); ++i) {
      PacketBytes segment(segmenter->length(i));
      segmenter->write(i, view(segment).data());
      CAPTURE(i);
      CHECK(hex(segment) == hex(kernel[i]));
    }
    if (file.is_open()) save(file, c, super, kernel);
  }
}
