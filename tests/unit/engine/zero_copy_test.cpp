// A kernel that takes zero-copy sends at start-up and refuses them later, and the two completions
// of each: played by handing the transmitter what such a kernel would give.
#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "../../../src/engine/transmitter.hpp"
#include "traffic.hpp"

using namespace warren;
using namespace warren::test;
using engine::SlotState;

namespace {

/// A transmitter that sends from the loopback to a socket that counts what arrives.
struct Bench {
  Bench() { REQUIRE(::bind(target.get(), reinterpret_cast<sockaddr*>(&address), length) == 0); }

  /// Queues one message of `count` datagrams and takes it from the ring unsent, so that its
  /// completion can be made up. The ring is another one than the transmitter's.
  void send(std::size_t count, std::size_t bytes = 1400) {
    std::vector<engine::Datagram> datagrams;
    REQUIRE(transmitter.next_slot());
    for (std::size_t index = 0; index < count; ++index) {
      datagrams.push_back({transmitter.take(bytes), 0});
    }
    transmitter.send({}, path(), std::nullopt, datagrams);
    transmitter.end_turn({});
  }
  [[nodiscard]] base::Path path() {
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(target.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    return {*base::Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&address), size), {}};
  }
  [[nodiscard]] unsigned arrived() {
    unsigned count = 0;
    while (receive(target, 0ms)) ++count;
    return count;
  }
  [[nodiscard]] std::string state() const {
    std::vector<engine::Feature> features;
    transmitter.add_features(features);
    return features.at(1).state;
  }
  /// Message 0's.
  static engine::Completion completion(int result, bool more, bool notification) {
    return {{engine::Op::udp_send, 0, 0}, result, more, std::nullopt, notification};
  }

  socklen_t length = 0;
  sockaddr_in6 address = socket_address("127.0.0.1:0", length);
  base::Fd target{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  engine::Ring ring{{}};
  engine::Engine::Statistics statistics;
  crypto::Aead aead{crypto::AeadBackend::libsodium};
  protocol::Device device{{}, aead, crypto::system_random()};
  engine::UdpPort port{ring, system::UdpSockets::bind({}), statistics, {.slots = 1}};
  engine::Transmitter transmitter{
      ring, port, device, statistics, {.zero_copy = true, .slots = 4, .messages = 128}};
};

}  // namespace

TEST_CASE("a slot is held until the kernel says that it is done with the bytes") {
  Bench bench;
  if (!bench.transmitter.sends_without_copy()) SKIP("this kernel has no SENDMSG_ZC");
  bench.send(8);
  bench.transmitter.on_sent(Bench::completion(11'200, true, false), {});
  CHECK(bench.statistics.udp_zero_copy_sends == 1);
  CHECK(bench.statistics.udp_send_datagrams == 8);
  CHECK(bench.transmitter.arena().count(SlotState::kernel_sending) == 1);
  bench.transmitter.on_sent(Bench::completion(0, false, true), {});
  CHECK(bench.transmitter.arena().count(SlotState::free) == 4);
  CHECK(bench.statistics.udp_zero_copy_copies == 0);
  CHECK(bench.state().find("copies") == std::string::npos);
}

TEST_CASE("a refused zero-copy send goes out with a copy, and zero-copy is not used any more") {
  const int errors[] = {EINVAL, EOPNOTSUPP, ENOMEM, EMSGSIZE, EFAULT};
  for (const int error : errors) {
    CAPTURE(error);
    Bench bench;
    if (!bench.transmitter.sends_without_copy()) SKIP("this kernel has no SENDMSG_ZC");
    bench.send(8);
    bench.transmitter.on_sent(Bench::completion(-error, true, false), {});
    CHECK(bench.arrived() == 8);
    CHECK(bench.state() == "off: " + base::errno_text(error));
    CHECK(bench.transmitter.step_downs() == 1);
    CHECK_FALSE(bench.transmitter.sends_without_copy());
    // The notification comes for failures, too.
    CHECK(bench.transmitter.arena().count(SlotState::kernel_sending) == 1);
    bench.transmitter.on_sent(Bench::completion(0, false, true), {});
    CHECK(bench.transmitter.arena().count(SlotState::free) == 4);
    CHECK(bench.device.drops().get(base::Drop::out_send_failed) == 0);
  }
}

TEST_CASE("a full socket buffer drops a zero-copy message and leaves zero-copy on") {
  Bench bench;
  if (!bench.transmitter.sends_without_copy()) SKIP("this kernel has no SENDMSG_ZC");
  bench.send(8);
  bench.transmitter.on_sent(Bench::completion(-EAGAIN, false, false), {});
  CHECK(bench.device.drops().get(base::Drop::out_send_failed) == 8);
  CHECK(bench.transmitter.sends_without_copy());
  CHECK(bench.transmitter.arena().count(SlotState::free) == 4);
}

TEST_CASE("datagrams lie side by side, and short messages are copied") {
  Bench bench;
  if (!bench.transmitter.sends_without_copy()) SKIP("this kernel has no SENDMSG_ZC");
  REQUIRE(bench.transmitter.next_slot());
  const auto first = bench.transmitter.take(100);
  const auto second = bench.transmitter.take(100);
  CHECK(second.data() == first.data() + 100);
  bench.transmitter.send({}, bench.path(), std::nullopt,
                         std::vector<engine::Datagram>{{first}, {second}});
  bench.ring.submit_and_wait(false);
  bench.ring.reap([&](const engine::Completion& each) {
    if (each.tag.op == engine::Op::udp_send) bench.transmitter.on_sent(each, {});
  });
  CHECK(bench.arrived() == 2);
  CHECK(bench.statistics.udp_zero_copy_sends == 0);
}

TEST_CASE("the sender waits for completions when slots are out and nothing but these returns one") {
  Bench bench;
  if (!bench.transmitter.sends_without_copy()) SKIP("this kernel has no SENDMSG_ZC");
  for (int sent = 0; sent < 3; ++sent) bench.send(8);
  CHECK_FALSE(bench.transmitter.waits_for_completion());

  SECTION("zero-copy messages, each with a notification to come") {
    bench.send(8);
    CHECK(bench.transmitter.waits_for_completion());
    // Taken: its slot stays out. Done with: its slot is back.
    bench.transmitter.on_sent(Bench::completion(11'200, true, false), {});
    CHECK(bench.transmitter.waits_for_completion());
    bench.transmitter.on_sent(Bench::completion(0, false, true), {});
    CHECK_FALSE(bench.transmitter.waits_for_completion());
  }
  SECTION("one that was refused, and sent again with a copy, still has its notification to come") {
    bench.send(8);
    bench.transmitter.on_sent(Bench::completion(-EMSGSIZE, true, false), {});
    CHECK(bench.transmitter.waits_for_completion());
    bench.transmitter.on_sent(Bench::completion(0, false, true), {});
    CHECK_FALSE(bench.transmitter.waits_for_completion());
  }
  SECTION("a copied message among them, which completes without telling") {
    bench.send(1);
    CHECK(bench.transmitter.arena().count(SlotState::free) == 0);
    CHECK_FALSE(bench.transmitter.waits_for_completion());
  }
}
