#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include <warren/base/error.hpp>
#include <warren/base/interface_counters.hpp>
#include <warren/system/link_statistics.hpp>

#include "rtnl.hpp"

namespace warren::system {

static_assert(offsetof(rtnl_link_stats64, rx_nohandler) ==
              (base::kInterfaceCounters.size() - 1) * sizeof(__u64));

std::map<std::string, std::uint64_t> link_statistics(std::string_view name) {
  rtnl::Socket socket;
  ifinfomsg header{};
  rtnl::Message request(RTM_GETLINK, 0, header);
  request.put_string(IFLA_IFNAME, name);
  std::map<std::string, std::uint64_t> counters;
  socket.require(
      request, "asking for the counters of", std::string(name), [&](const nlmsghdr* message) {
        nlattr* found =
            nlmsg_find_attr(const_cast<nlmsghdr*>(message), sizeof(ifinfomsg), IFLA_STATS64);
        if (found == nullptr) return;
        // An older kernel has fewer of them.
        std::array<std::uint64_t, base::kInterfaceCounters.size()> values{};
        const auto bytes = std::min(static_cast<std::size_t>(nla_len(found)), sizeof values);
        std::memcpy(values.data(), nla_data(found), bytes);
        for (std::size_t i = 0; i < bytes / sizeof(std::uint64_t); ++i) {
          counters.emplace(base::kInterfaceCounters[i], values[i]);
        }
      });
  return counters;
}

}  // namespace warren::system
