#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include <warren/protocol/keypairs.hpp>

namespace warren::protocol {
namespace {

std::unique_ptr<Session> made(bool initiator) {
  return std::make_unique<Session>(crypto::Aead(crypto::AeadBackend::libsodium), SessionKeys{},
                                   Session::Parameters{.local_index = SessionIndex(1),
                                                       .remote_index = SessionIndex(2),
                                                       .initiator = initiator,
                                                       .created = base::Instant(1h)});
}
std::size_t count(const Keypairs::Retired& retired) {
  return static_cast<std::size_t>(
      std::ranges::count_if(retired, [](const auto& one) { return one != nullptr; }));
}
Session* add(Keypairs& keypairs, bool initiator, std::size_t retires = 0) {
  auto session = made(initiator);
  Session* raw = session.get();
  CHECK(count(keypairs.add(std::move(session))) == retires);
  return raw;
}

TEST_CASE("a session that we initiated is current at once, and the old one is kept as previous") {
  Keypairs keypairs;
  Session* first = add(keypairs, true);
  CHECK(keypairs.current() == first);
  Session* second = add(keypairs, true);
  CHECK(keypairs.current() == second);
  CHECK(keypairs.previous() == first);
  add(keypairs, true, 1);
  CHECK(keypairs.previous() == second);
}

TEST_CASE("a session that we answered is not current before an authentic packet came on it") {
  Keypairs keypairs;
  Session* old = add(keypairs, true);
  Session* fresh = add(keypairs, false);
  CHECK(keypairs.current() == old);
  CHECK(keypairs.next() == fresh);
  Keypairs::Retired retired;
  CHECK_FALSE(keypairs.confirm(*old, retired));
  CHECK(keypairs.confirm(*fresh, retired));
  CHECK(keypairs.current() == fresh);
  CHECK(keypairs.previous() == old);
  CHECK(keypairs.next() == nullptr);
  CHECK(count(retired) == 0);
  CHECK_FALSE(keypairs.confirm(*fresh, retired));
}

TEST_CASE("an unconfirmed session is replaced by another one, and what we send with stays") {
  Keypairs keypairs;
  Session* current = add(keypairs, true);
  add(keypairs, false);
  Session* second = add(keypairs, false, 1);
  CHECK(keypairs.current() == current);
  CHECK(keypairs.next() == second);
}

TEST_CASE("an unconfirmed session is kept as previous when our own handshake completes") {
  Keypairs keypairs;
  add(keypairs, true);
  Session* answered = add(keypairs, false);
  Session* own = add(keypairs, true, 1);
  CHECK(keypairs.current() == own);
  CHECK(keypairs.previous() == answered);
  CHECK(keypairs.next() == nullptr);
}

TEST_CASE("clearing retires every session") {
  Keypairs keypairs;
  add(keypairs, true);
  add(keypairs, true);
  CHECK(count(keypairs.clear()) == 2);
  CHECK(keypairs.current() == nullptr);
  CHECK(keypairs.previous() == nullptr);
}

}  // namespace
}  // namespace warren::protocol
