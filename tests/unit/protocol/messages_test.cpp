#include <catch2/catch_test_macros.hpp>

#include <warren/protocol/messages.hpp>

#include <vector>

namespace warren::protocol {
namespace {

TEST_CASE("a datagram is classified by its type and its length") {
  using enum MessageType;
  using base::Drop;
  struct Case {
    std::uint32_t type;
    std::size_t length;
    std::expected<MessageType, Drop> expected;
  };
  const Case cases[] = {
      {1, 148, initiation},
      {1, 147, std::unexpected(Drop::in_bad_length)},
      {1, 149, std::unexpected(Drop::in_bad_length)},
      {2, 92, response},
      {2, 91, std::unexpected(Drop::in_bad_length)},
      {2, 148, std::unexpected(Drop::in_bad_length)},
      {3, 64, cookie_reply},
      {3, 65, std::unexpected(Drop::in_bad_length)},
      {4, 32, data},
      {4, 33, data},
      {4, 65'507, data},
      {4, 31, std::unexpected(Drop::in_bad_length)},
      {4, 4, std::unexpected(Drop::in_bad_length)},
      {4, 3, std::unexpected(Drop::in_too_short)},
      {0, 0, std::unexpected(Drop::in_too_short)},
      {0, 148, std::unexpected(Drop::in_unknown_type)},
      {5, 148, std::unexpected(Drop::in_unknown_type)},
      {0x0101, 148, std::unexpected(Drop::in_unknown_type)},
      {0x01000004, 148, std::unexpected(Drop::in_unknown_type)},
  };
  for (const Case& one : cases) {
    std::vector<std::byte> datagram(std::max<std::size_t>(one.length, 4));
    base::store_le(datagram.data(), one.type);
    datagram.resize(one.length);
    CAPTURE(one.type, one.length);
    CHECK(classify(datagram) == one.expected);
  }
}

}  // namespace
}  // namespace warren::protocol
