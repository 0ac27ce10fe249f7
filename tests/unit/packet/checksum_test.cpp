#include <catch2/catch_test_macros.hpp>

#include <warren/packet/checksum.hpp>

#include "unit/packet/packets.hpp"

using namespace warren::packet;
using namespace warren::test;

TEST_CASE("the checksum of RFC 1071's example is right") {
  // Section 3: the sum of 00 01 f2 03 f4 f5 f6 f7 is ddf2.
  const PacketBytes bytes{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(Checksum(view(bytes)).sum() == 0xddf2);
  CHECK(Checksum(view(bytes)).value() == 0x220d);
}

TEST_CASE("the checksum agrees with a naive one for every length and alignment") {
  std::mt19937 random(1);
  const auto bytes = random_bytes(random, 600);
  for (std::size_t offset = 0; offset < 33; ++offset) {
    for (std::size_t size = 0; size + offset <= bytes.size(); size += size < 300 ? 1 : 7) {
      const auto part = std::span(bytes).subspan(offset, size);
      if (Checksum(std::as_bytes(part)).sum() != naive_sum(part)) {
        FAIL("offset " << offset << " size " << size);
      }
    }
  }
  SUCCEED();
}

TEST_CASE("the checksum of 64 KiB of ones does not overflow") {
  const PacketBytes bytes(65535, 0xff);
  CHECK(Checksum(view(bytes)).sum() == naive_sum(bytes));
}

TEST_CASE("copying and summing copies every byte, writes no other, and gives the sum") {
  std::mt19937 random(2);
  const auto from = random_bytes(random, 1500);
  for (std::size_t size = 0; size <= 400; ++size) {
    const std::size_t offset = size % 31;
    const auto part = std::span(from).subspan(offset, size);
    PacketBytes to(size + 64, 0xa5);
    const auto sum = Checksum().copy_and_add(view(to).data() + 32, std::as_bytes(part)).sum();
    const bool copied = std::ranges::equal(std::span(to).subspan(32, size), part);
    const auto untouched = [](std::uint8_t b) { return b == 0xa5; };
    const bool kept = std::ranges::all_of(std::span(to).first(32), untouched) &&
                      std::ranges::all_of(std::span(to).last(32), untouched);
    if (sum != naive_sum(part) || !copied || !kept) FAIL("size " << size);
  }
  SUCCEED();
}

TEST_CASE("a field taken out of a sum leaves the sum of the others") {
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    const auto bytes = random_bytes(random, 20);
    auto without = bytes;
    put16(without, 6, 0);
    CHECK(Checksum(view(bytes)).subtract_word(get16(bytes, 6)).sum() == naive_sum(without));
  }
}

TEST_CASE("values add as their bytes do") {
  PacketBytes bytes(6);
  put16(bytes, 0, 0x1234);
  put32(bytes, 2, 0xdeadbeef);
  CHECK(Checksum().add_word(0x1234).add_double_word(0xdeadbeef).sum() == naive_sum(bytes));
}

TEST_CASE("a packet with a right checksum verifies, and with any bit flipped does not") {
  const auto packet = make_packet({}, PacketBytes(33, 7));
  const auto verifies = [](const PacketBytes& p) {
    return Checksum(view(p).subspan(20))
        .add_pseudo_header(view(p).subspan(12, 8), 6, static_cast<std::uint16_t>(p.size() - 20))
        .verifies();
  };
  CHECK(verifies(packet));
  for (std::size_t bit = 12 * 8; bit < packet.size() * 8; ++bit) {
    auto flipped = packet;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    if (verifies(flipped)) FAIL("bit " << bit);
  }
}
