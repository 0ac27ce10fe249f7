#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <ctime>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <warren/protocol/allowed_ips.hpp>

using namespace warren;
using base::IpAddress;
using base::IpNetwork;
using protocol::AllowedIps;
using protocol::PeerId;

namespace {

constexpr PeerId kA{1}, kB{2}, kC{3};

IpNetwork net(std::string_view text) {
  return *IpNetwork::parse(text);
}
IpAddress ip(std::string_view text) {
  return *IpAddress::parse(text);
}

std::vector<std::string> names(const std::vector<IpNetwork>& networks) {
  std::vector<std::string> result;
  for (const auto& network : networks) result.push_back(network.to_string());
  return result;
}

/// Longest match by asking every possible prefix length.
class NaiveAllowedIps {
 public:
  void insert(const IpNetwork& network, PeerId peer) { owners_[network] = peer; }
  void remove(const IpNetwork& network, PeerId peer) {
    const auto found = owners_.find(network);
    if (found != owners_.end() && found->second == peer) owners_.erase(found);
  }
  void remove_peer(PeerId peer) {
    std::erase_if(owners_, [&](const auto& entry) { return entry.second == peer; });
  }
  [[nodiscard]] std::optional<PeerId> lookup(const IpAddress& address) const {
    for (unsigned prefix = address.bits() + 1; prefix-- > 0;) {
      const auto found = owners_.find(IpNetwork(address, prefix));
      if (found != owners_.end()) return found->second;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::vector<IpNetwork> networks_of(PeerId peer) const {
    std::vector<IpNetwork> networks;
    for (const auto& [network, owner] : owners_) {
      if (owner == peer) networks.push_back(network);
    }
    return networks;
  }
  [[nodiscard]] std::size_t size() const { return owners_.size(); }

 private:
  std::map<IpNetwork, PeerId> owners_;
};

/// Addresses that share long prefixes with each other, as networks of one organisation do.
class AddressMaker {
 public:
  explicit AddressMaker(std::uint64_t seed) : random_(seed) {
    for (auto& base : bases_) {
      for (auto& byte : base) byte = static_cast<std::byte>(random_());
    }
  }
  std::uint64_t operator()() { return random_(); }
  IpAddress address() {
    const auto family = random_() % 2 == 0 ? base::Family::v4 : base::Family::v6;
    auto bytes = bases_[random_() % bases_.size()];
    const unsigned bits = family == base::Family::v4 ? 32 : 128;
    // Flip one bit and randomise some of what follows: collisions at every depth.
    const auto position = random_() % bits;
    bytes[position / 8] ^= static_cast<std::byte>(0x80U >> (position % 8));
    if (random_() % 2 == 0) {
      for (auto i = position / 8 + 1; i < bits / 8; ++i) bytes[i] = std::byte(random_());
    }
    return IpAddress::from_bytes(family, bytes.data());
  }
  IpNetwork network() {
    const auto a = address();
    return {a, static_cast<unsigned>(random_() % (a.bits() + 1))};
  }

 private:
  std::mt19937_64 random_;
  std::array<std::array<std::byte, 16>, 4> bases_;
};

}  // namespace

TEST_CASE("the longest of nested networks wins") {
  AllowedIps table;
  table.insert(net("10.0.0.0/8"), kA);
  table.insert(net("10.1.0.0/16"), kB);
  table.insert(net("10.1.2.3/32"), kC);
  CHECK(table.lookup(ip("10.1.2.3")) == kC);
  CHECK(table.lookup(ip("10.1.2.4")) == kB);
  CHECK(table.lookup(ip("10.2.0.0")) == kA);
  CHECK_FALSE(table.lookup(ip("11.0.0.0")));
}

TEST_CASE("the order of insertion does not matter to a lookup") {
  const std::string_view order[] = {"192.168.4.0/24",  "192.168.4.4/32", "192.168.0.0/16",
                                    "0.0.0.0/0",       "64.15.112.0/20", "64.15.123.211/32",
                                    "192.168.4.128/25"};
  std::array<std::size_t, 7> indices{0, 1, 2, 3, 4, 5, 6};
  do {
    AllowedIps table;
    for (const auto i : indices) table.insert(net(order[i]), PeerId(static_cast<unsigned>(i)));
    REQUIRE(table.lookup(ip("192.168.4.4")) == PeerId(1));
    REQUIRE(table.lookup(ip("192.168.4.200")) == PeerId(6));
    REQUIRE(table.lookup(ip("192.168.4.5")) == PeerId(0));
    REQUIRE(table.lookup(ip("192.168.200.1")) == PeerId(2));
    REQUIRE(table.lookup(ip("64.15.116.26")) == PeerId(4));
    REQUIRE(table.lookup(ip("64.15.123.211")) == PeerId(5));
    REQUIRE(table.lookup(ip("1.1.1.1")) == PeerId(3));
    REQUIRE(table.size() == 7);
  } while (std::next_permutation(indices.begin(), indices.end()));
}

TEST_CASE("IPv4 and IPv6 do not see each other") {
  AllowedIps table;
  table.insert(net("0.0.0.0/0"), kA);
  CHECK_FALSE(table.lookup(ip("::")));
  CHECK_FALSE(table.lookup(ip("::ffff:10.0.0.1")));
  table.insert(net("::/0"), kB);
  CHECK(table.lookup(ip("2001:db8::1")) == kB);
  CHECK(table.lookup(ip("10.0.0.1")) == kA);
}

TEST_CASE("an IPv6 network is told from its neighbour by any of its bits") {
  for (unsigned prefix = 1; prefix <= 128; ++prefix) {
    CAPTURE(prefix);
    std::array<std::byte, 16> bytes{};
    bytes.fill(std::byte{0x5a});
    const auto address = IpAddress::from_bytes(base::Family::v6, bytes.data());
    bytes[(prefix - 1) / 8] ^= static_cast<std::byte>(0x80U >> ((prefix - 1) % 8));
    const auto neighbour = IpAddress::from_bytes(base::Family::v6, bytes.data());
    AllowedIps table;
    table.insert({address, prefix}, kA);
    REQUIRE(table.lookup(address) == kA);
    REQUIRE_FALSE(table.lookup(neighbour));
    table.insert({neighbour, prefix}, kB);
    REQUIRE(table.lookup(address) == kA);
    REQUIRE(table.lookup(neighbour) == kB);
  }
}

TEST_CASE("inserting a network of another peer moves it") {
  AllowedIps table;
  table.insert(net("10.0.0.0/24"), kA);
  table.insert(net("10.0.1.0/24"), kA);
  table.insert(net("10.0.0.0/24"), kB);
  CHECK(table.lookup(ip("10.0.0.1")) == kB);
  CHECK(names(table.networks_of(kA)) == std::vector<std::string>{"10.0.1.0/24"});
  CHECK(names(table.networks_of(kB)) == std::vector<std::string>{"10.0.0.0/24"});
  CHECK(table.size() == 2);
}

TEST_CASE("a network is removed only by the peer that has it") {
  AllowedIps table;
  table.insert(net("10.0.0.0/24"), kA);
  table.remove(net("10.0.0.0/24"), kB);
  table.remove(net("10.0.0.0/25"), kA);
  CHECK(table.lookup(ip("10.0.0.1")) == kA);
  table.remove(net("10.0.0.0/24"), kA);
  CHECK_FALSE(table.lookup(ip("10.0.0.1")));
  CHECK(table.size() == 0);
}

TEST_CASE("removing a more specific network uncovers the wider one") {
  AllowedIps table;
  table.insert(net("2001:db8::/32"), kA);
  table.insert(net("2001:db8:1::/48"), kB);
  table.remove(net("2001:db8:1::/48"), kB);
  CHECK(table.lookup(ip("2001:db8:1::1")) == kA);
}

TEST_CASE("networks are listed IPv4 first and in the order in which they came") {
  AllowedIps table;
  for (const auto* text : {"fd00::/64", "10.9.0.0/16", "10.1.0.0/16", "::/0", "10.5.0.0/16"}) {
    table.insert(net(text), kA);
  }
  CHECK(names(table.networks_of(kA)) ==
        std::vector<std::string>{"10.9.0.0/16", "10.1.0.0/16", "10.5.0.0/16", "fd00::/64", "::/0"});
  CHECK(table.networks_of(kB).empty());
}

TEST_CASE("removing a peer leaves the others' networks") {
  AllowedIps table;
  table.insert(net("10.0.0.0/8"), kA);
  table.insert(net("10.1.0.0/16"), kB);
  table.insert(net("10.1.1.0/24"), kA);
  table.insert(net("fd00::/8"), kA);
  table.remove_peer(kA);
  CHECK_FALSE(table.lookup(ip("10.0.0.1")));
  CHECK(table.lookup(ip("10.1.1.1")) == kB);
  CHECK(table.networks_of(kA).empty());
  CHECK(table.size() == 1);
}

TEST_CASE("100,000 random operations agree with a naive model") {
  constexpr std::uint64_t kSeed = 0x5eed0a11;
  constexpr unsigned kPeers = 20;
  CAPTURE(kSeed);
  AddressMaker random(kSeed);
  AllowedIps table;
  NaiveAllowedIps naive;
  for (int i = 0; i < 100'000; ++i) {
    CAPTURE(i);
    const PeerId peer(static_cast<std::uint32_t>(random() % kPeers));
    const auto choice = random() % 1000;
    if (choice < 300) {
      const auto network = random.network();
      table.insert(network, peer);
      naive.insert(network, peer);
    } else if (choice < 500) {
      // Mostly something that is there, by its owner or by another peer: a move as often.
      const auto owned = table.networks_of(peer);
      const auto network =
          owned.empty() || random() % 4 == 0 ? random.network() : owned[random() % owned.size()];
      const PeerId other(static_cast<std::uint32_t>(random() % kPeers));
      if (random() % 3 == 0) {
        table.insert(network, other);
        naive.insert(network, other);
      } else {
        const PeerId by = random() % 4 == 0 ? other : peer;
        table.remove(network, by);
        naive.remove(network, by);
      }
    } else if (choice < 502) {
      table.remove_peer(peer);
      naive.remove_peer(peer);
    } else {
      const auto address = random.address();
      REQUIRE(table.lookup(address) == naive.lookup(address));
    }
    if (i % 1000 == 0) {
      REQUIRE(table.size() == naive.size());
      auto mine = table.networks_of(peer);
      std::ranges::sort(mine);
      REQUIRE(mine == naive.networks_of(peer));
    }
  }
  for (std::uint32_t peer = 0; peer < kPeers; ++peer) table.remove_peer(PeerId(peer));
  CHECK(table.size() == 0);
  CHECK_FALSE(table.lookup(random.address()));
}

TEST_CASE("100,000 networks of 1,000 peers load, are found and go within a second") {
  // Generous for a sanitizer's build; a scan of everything for each peer would take minutes. CPU
  // time, so that a busy machine does not count.
  const std::clock_t start = std::clock();
  AllowedIps table;
  std::mt19937 random(7);
  std::vector<IpAddress> addresses;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    std::array<std::byte, 4> bytes;
    base::store_be(bytes.data(), static_cast<std::uint32_t>(random()));
    addresses.push_back(IpAddress::from_bytes(base::Family::v4, bytes.data()));
    table.insert({addresses.back(), 32}, PeerId(i % 1000));
  }
  std::size_t found = 0;
  for (const auto& address : addresses) found += table.lookup(address).has_value();
  CHECK(found == addresses.size());
  std::size_t listed = 0;
  for (std::uint32_t peer = 0; peer < 1000; ++peer) {
    listed += table.networks_of(PeerId(peer)).size();
    table.remove_peer(PeerId(peer));
  }
  CHECK(listed > 99'000);  // a few random addresses are equal
  CHECK(table.size() == 0);
  CHECK(std::clock() - start < CLOCKS_PER_SEC);
}
