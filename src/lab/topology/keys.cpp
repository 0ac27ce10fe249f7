// The table of keys: the file's tables, and [lab].
#include "keys.hpp"

#include <algorithm>
#include <array>

#include "key_tables.hpp"
#include "limits.hpp"

namespace warren::lab {
namespace {

using enum Format;

constexpr std::array<std::string_view, 2> kLabRoutes = {"auto", "none"};
constexpr std::array kLab = {
    Key{"name", kText, name, "what it is called; the file's name without .toml by default",
        "\"vpn-failover\""},
    Key{"seed", kInteger, text, "of everything that is random; 0 by default", "42"},
    Key{"ipv4", kText, network_or_none,
        "where links take their subnets from; \"10.0.0.0/16\" by default, \"none\" for no IPv4",
        "\"10.0.0.0/16\""},
    Key{"ipv6", kText, network_or_none, "as ipv4; no IPv6 by default", "\"fd00:1ab::/48\""},
    one_of(Key{"routes", kText, text,
               "\"auto\": static shortest paths to every subnet; \"none\": only what nodes write",
               "\"none\""},
           kLabRoutes),
    Key{"timeout", kText, duration, "for the whole scenario; \"60s\" by default", "\"2m\""},
    Key{"allow_overrun", kBoolean, text,
        "true: packets that the emulation itself had to drop do not fail the test", "true"},
};
constexpr Keys kLabKeys{kLab};

constexpr std::array kTopLevel = {
    with(Key{"lab", kTable, text, "the lab as a whole"}, kLabKeys),
    with(Key{"profile", kTable, text, "settings for one direction of a link, by name"}, kProfiles),
    with(Key{"node", kTable, text, "the nodes, by name"}, kNodes),
    with(Key{"link", kTableList, text, "a cable between two nodes"}, kLinkKeys),
    with(Key{"tunnel", kTableList, text, "Warren's daemon in two or more nodes"}, kTunnelKeys),
    with(Key{"at", kTableList, text, "something that happens at a moment"}, kAtKeys),
    with(Key{"expect", kTableList, text, "something that must be true: exactly one check in each"},
         kExpectKeys),
};
constexpr Keys kTopLevelKeys{kTopLevel};

}  // namespace

const Keys& file_keys() noexcept {
  return kTopLevelKeys;
}

const Key* find_key(const Keys& keys, std::string_view name) noexcept {
  const auto found = std::ranges::find(keys.known, name, &Key::name);
  return found != keys.known.end() ? &*found : keys.any;
}

}  // namespace warren::lab
