// Source address translation by nftables(8), through its library: `nft` is never run.
#pragma once

#include <string_view>

namespace warren::system {

/// What leaves the calling thread's network namespace by the interface `outside` gets that
/// interface's address as its source, IPv4 and IPv6: a table `inet warren` with one masquerade
/// rule. The rule names the interface, which need not exist yet. Throws base::Error with nftables'
/// own words.
void add_masquerade(std::string_view outside);

}  // namespace warren::system
