// Slots and their states, and the words that travel with operations.
#include <catch2/catch_test_macros.hpp>

#include "../../../src/engine/buffer_arena.hpp"
#include "../../../src/engine/ring.hpp"

using namespace warren::engine;

TEST_CASE("a slot goes from free to core to sending and back, and the counts follow") {
  BufferArena arena(2, 4096);
  const auto slot = arena.take();
  REQUIRE(slot.has_value());
  CHECK(arena.count(SlotState::free) == 1);
  CHECK(arena.count(SlotState::core) == 1);
  arena.hold_for_sending(*slot);
  CHECK(arena.state(*slot) == SlotState::kernel_sending);
  CHECK_FALSE(arena.drop(*slot));
  CHECK(arena.drop(*slot));
  CHECK(arena.state(*slot) == SlotState::free);
  CHECK(arena.count(SlotState::free) == 2);
}

TEST_CASE("an arena without free slots gives none") {
  BufferArena arena(1, 4096);
  CHECK(arena.take().has_value());
  CHECK_FALSE(arena.take().has_value());
}

TEST_CASE("the slot freed last is taken first") {
  BufferArena arena(3, 4096);
  const auto first = arena.take();
  const auto second = arena.take();
  REQUIRE((first.has_value() && second.has_value()));
  arena.drop(*first);
  arena.drop(*second);
  CHECK(arena.take() == second);
}

TEST_CASE("an address inside a slot names the slot") {
  BufferArena arena(3, 4096);
  for (std::uint32_t index = 0; index < 3; ++index) {
    const auto bytes = arena.bytes(SlotIndex{index});
    CHECK(arena.slot_of(bytes.data()) == SlotIndex{index});
    CHECK(arena.slot_of(bytes.data() + bytes.size() - 1) == SlotIndex{index});
  }
}

TEST_CASE("a tag comes back from the kernel's user_data as it was") {
  const Tag tag{Op::timer, 0xabcdef, 0x12345678};
  const Tag back = Tag::decode(tag.encode());
  CHECK(back.op == tag.op);
  CHECK(back.generation == tag.generation);
  CHECK(back.index == tag.index);
}
