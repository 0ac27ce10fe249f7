// Two namespaces, and between them links that a lab::Wire carries:
//
//   namespace left                                          namespace right
//   sockets - TAP eth0 10.7.0.1/24 fd07::1  ...wire...  TAP eth0 10.7.0.2/24 fd07::2 - sockets
#pragma once

#include <fmt/core.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <warren/base/ip.hpp>
#include <warren/lab/wire.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"
#include "support/traffic.hpp"

namespace warren::test {

struct WirePairOptions {
  std::array<impair::Settings, 2> settings = {};
  std::uint32_t mtu = 1500;
  system::TunOffload offload = system::TunOffload::uso;
  lab::WireOptions wire = {};
  /// More links beside the first: eth1, …, with 10.7.N.0/24 and fd07:N::/64.
  int more_links = 0;
  /// Off: nothing passes but what the test sends, and ARP.
  bool ipv6 = true;
};

class WirePair {
 public:
  explicit WirePair(const WirePairOptions& options = {}) {
    std::vector<lab::WireLink> links(static_cast<std::size_t>(options.more_links) + 1);
    for (std::size_t index = 0; index < links.size(); ++index) {
      links[index].id = lab::LinkId{static_cast<std::uint32_t>(index)};
      links[index].name = fmt::format("link{}", index);
      links[index].settings = options.settings;
    }
    for (const int end : {0, 1}) make_devices(links, end, options);
    wire_ = std::make_unique<lab::Wire>(std::move(links), options.wire);
    for (const int end : {0, 1}) switch_on(end, options);
  }

  lab::Wire& wire() noexcept { return *wire_; }
  void stop() { wire_.reset(); }
  [[nodiscard]] const TestNetns& netns(int end) const noexcept { return end == 0 ? left_ : right_; }
  [[nodiscard]] Party left(int link = 0) const { return party(0, link); }
  [[nodiscard]] Party right(int link = 0) const { return party(1, link); }
  [[nodiscard]] lab::WireCounters counters(std::uint8_t direction, std::uint32_t link = 0) const {
    return wire_->counters(lab::LinkId{link}, direction);
  }
  [[nodiscard]] system::Link device(int end, int link = 0) const {
    return *system::Netlink(netns(end).fd()).find_link(fmt::format("eth{}", link));
  }

 private:
  [[nodiscard]] Party party(int end, int link) const {
    return {&netns(end), fmt::format("10.7.{}.{}", link, end + 1),
            fmt::format("fd07:{}::{}", link, end + 1)};
  }

  void make_devices(std::vector<lab::WireLink>& links, int end, const WirePairOptions& options) {
    netns(end).run([&] {
      if (!options.ipv6) std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << "1\n";
      for (std::size_t index = 0; index < links.size(); ++index) {
        links[index].taps[static_cast<std::size_t>(end)] =
            std::make_unique<system::TunDevice>(system::TunOptions{
                .name = fmt::format("eth{}", index),
                .kind = system::TunKind::tap,
                .offload = options.offload,
                .queue_packets = lab::kTapQueuePackets,
            });
      }
    });
  }

  void switch_on(int end, const WirePairOptions& options) {
    netns(end).run([&] {
      system::Netlink netlink;
      for (int link = 0; link <= options.more_links; ++link) {
        const auto index = netlink.link_index(fmt::format("eth{}", link));
        const Party where = party(end, link);
        netlink.set_mtu(index, options.mtu);
        netlink.add_address(index, *base::InterfaceAddress::parse(where.address + "/24"));
        if (options.ipv6) {
          netlink.add_address(index, *base::InterfaceAddress::parse(where.address6 + "/64"));
        }
        netlink.set_link_up(index, true);
      }
    });
  }

  TestNetns left_;
  TestNetns right_;
  std::unique_ptr<lab::Wire> wire_;
};

}  // namespace warren::test
