#include "daemon_routes.hpp"

#include <spdlog/spdlog.h>

#include <array>
#include <bitset>
#include <cstddef>
#include <fstream>

#include <warren/base/error.hpp>

namespace warren::cli {
namespace {

using base::IpNetwork;

bool is_default(const IpNetwork& network) {
  return network.prefix() == 0;
}

std::size_t index_of(const IpNetwork& network) {
  return network.address().is_v4() ? 0 : 1;
}

// Strict reverse path filtering looks at the mark of arriving datagrams only with this switch;
// without it, answers from the endpoint would be taken for spoofed once a default route points into
// the tunnel.
void let_marks_count_for_reverse_path() {
  std::ofstream("/proc/sys/net/ipv4/conf/all/src_valid_mark") << "1\n";
}

}  // namespace

std::set<IpNetwork> networks_to_route(const std::vector<IpNetwork>& allowed,
                                      const std::vector<base::InterfaceAddress>& addresses) {
  const std::set<IpNetwork> all(allowed.begin(), allowed.end());
  std::set<IpNetwork> covering;
  for (const base::InterfaceAddress& address : addresses) covering.insert(address.network());
  // Few prefix lengths are in use: only those are looked up.
  std::array<std::bitset<129>, 2> prefixes;
  using Set = const std::set<IpNetwork>;
  for (Set* networks : std::initializer_list<Set*>{&all, &covering}) {
    for (const IpNetwork& network : *networks) prefixes[index_of(network)].set(network.prefix());
  }
  std::set<IpNetwork> wanted;
  for (const IpNetwork& network : all) {
    bool covered = false;
    for (unsigned prefix = network.prefix(); prefix > 0 && !covered; --prefix) {
      if (!prefixes[index_of(network)].test(prefix)) continue;
      const IpNetwork wider(network.address(), prefix);
      covered = covering.contains(wider) || (prefix < network.prefix() && all.contains(wider));
    }
    if (!covered) wanted.insert(network);
  }
  return wanted;
}

Routes::~Routes() {
  start_over(index_);
}

void Routes::start_over(std::uint32_t index) noexcept {
  while (!rules_.empty()) remove_rules(rules_.begin()->first);
  installed_.clear();
  unsure_ = false;
  index_ = index;
}

std::vector<system::Rule> Routes::rules_for(base::Family family, std::uint32_t mark) const {
  // Priorities in front of the main table's rule (32766), a pair for each interface, so that
  // tunnels come and go without touching each other's.
  const std::uint32_t priority = 32000 - 2 * (index_ % 4096);
  return {
      {.family = family,
       .table = system::Route::kMainTable,
       .priority = priority,
       .fwmark = {},
       .suppress_prefix_length = 0},
      {.family = family,
       .table = mark,
       .priority = priority + 1,
       .fwmark = mark,
       .invert = true,
       .suppress_prefix_length = {}},
  };
}

void Routes::remove_rules(base::Family family) noexcept {
  const auto it = rules_.find(family);
  if (it == rules_.end()) return;
  for (const system::Rule& rule : rules_for(family, it->second)) {
    try {
      netlink_.remove_rule(rule);
    } catch (const base::Error& error) {
      // The process is ending or the rule is being replaced: there is nothing better to do.
      spdlog::debug("{}", error.what());
    }
  }
  rules_.erase(it);
}

system::Route Routes::route_for(const IpNetwork& network, std::uint32_t mark) const {
  return {.network = network,
          .interface_index = index_,
          .gateway = {},
          .table = is_default(network) ? mark : system::Route::kMainTable};
}

void Routes::set(const std::set<IpNetwork>& wanted, std::uint32_t mark) {
  for (auto it = installed_.begin(); it != installed_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    netlink_.remove_route(it->second);
    it = installed_.erase(it);
  }
  for (const base::Family family : {base::Family::v4, base::Family::v6}) {
    if (!wanted.contains(IpNetwork(base::IpAddress::any(family), 0))) remove_rules(family);
  }
  add(wanted, mark);
  unsure_ = false;
}

void Routes::add(const std::set<IpNetwork>& wanted, std::uint32_t mark) {
  for (const IpNetwork& network : wanted) {
    const system::Route route = route_for(network, mark);
    const base::Family family = network.address().family();
    const auto it = installed_.find(network);
    if (it != installed_.end() && it->second != route) {
      // A default route in the table of a mark that is not the sockets' any more.
      netlink_.remove_route(it->second);
      installed_.erase(it);
    } else if (it != installed_.end() && !unsure_) {
      continue;
    }
    if (is_default(network) && rules_.contains(family) && rules_.at(family) != mark) {
      remove_rules(family);
    }
    netlink_.add_route(route);
    installed_.emplace(network, route);
    if (!is_default(network)) continue;
    rules_[family] = mark;
    for (const system::Rule& rule : rules_for(family, mark)) netlink_.add_rule(rule);
    if (family == base::Family::v4) let_marks_count_for_reverse_path();
  }
}

}  // namespace warren::cli
