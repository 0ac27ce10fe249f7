// What io_uring does with a TUN device: multishot reads, provided buffers that run out, a deletion,
// and writes that are over when their submission returns.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <thread>
#include <vector>

#include <warren/system/tun_device.hpp>

#include "support/netns.hpp"
#include "uring_ring.hpp"

using namespace warren;
using namespace warren::test;
using namespace std::chrono_literals;

namespace {

// Linux 6.7; the header of liburing 2.3 stops before it.
constexpr int kOpReadMultishot = 49;
constexpr std::uint64_t kRead = 1;
constexpr std::uint64_t kWatch = 2;
constexpr std::uint64_t kWrite = 3;

struct Fixture {
  TestNetns netns;
  std::optional<system::TunDevice> tun = netns.run(
      [] { return system::TunDevice({.name = "wr0", .offload = system::TunOffload::none}); });
  system::Netlink netlink{netns.fd()};

  Fixture() {
    const auto index = netlink.link_index("wr0");
    netlink.add_address(index, *base::InterfaceAddress::parse("10.8.0.1/24"));
    netlink.set_link_up(index, true);
  }
  void remove() { netlink.delete_link(netlink.link_index("wr0")); }

  /// Datagrams whose lengths tell them apart: 100, 101, ...
  void send(unsigned count, unsigned first = 0) const {
    netns.run([&] {
      const base::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      const auto to = base::Endpoint::parse("10.8.0.2:9").value();
      sockaddr_in6 storage{};
      const auto length = static_cast<socklen_t>(to.to_sockaddr(&storage));
      const std::vector<char> data(200, 'x');
      for (unsigned index = first; index < first + count; ++index) {
        ::sendto(fd.get(), data.data(), 100 + index, 0, reinterpret_cast<sockaddr*>(&storage),
                 length);
      }
    });
  }
};

void read_multishot(Uring& ring, int fd) {
  io_uring_sqe* const sqe = ring.next(kRead);
  io_uring_prep_rw(kOpReadMultishot, sqe, fd, nullptr, 0, 0);
  sqe->buf_group = 1;
  sqe->flags |= IOSQE_BUFFER_SELECT;
  ring.name(sqe);
}

/// The next packet that is a datagram of ours: its payload's length. The kernel sends others too.
std::optional<UringCompletion> next_datagram(Uring& ring, auto& buffers) {
  for (;;) {
    const auto completion = ring.wait(2s);
    if (!completion || completion->result <= 0) return completion;
    const auto bytes = buffers.bytes(completion->buffer());
    if (bytes[0] == std::byte{0x45} && bytes[9] == std::byte{17}) return completion;
    buffers.provide(completion->buffer());
  }
}

}  // namespace

TEST_CASE("a multishot read of a TUN gives one packet per buffer, in order") {
  requires_root();
  Fixture fixture;
  Uring ring;
  UringBuffers<16, 2048> buffers(ring);
  read_multishot(ring, fixture.tun->fd());
  fixture.send(4);
  for (int index = 0; index < 4; ++index) {
    CAPTURE(index);
    const auto completion = next_datagram(ring, buffers);
    REQUIRE(completion);
    CHECK(completion->result == 28 + 100 + index);
    CHECK(completion->more());
  }
}

TEST_CASE("a multishot read ends with ENOBUFS when buffers are out, and loses no packet") {
  requires_root();
  Fixture fixture;
  Uring ring;
  UringBuffers<4, 2048> buffers(ring);
  read_multishot(ring, fixture.tun->fd());
  fixture.send(10);
  int next = 0;
  int ended = 0;
  std::vector<unsigned> used;
  while (next < 10) {
    const auto completion = next_datagram(ring, buffers);
    REQUIRE(completion);
    if (completion->result > 0) {
      CHECK(completion->result == 28 + 100 + next);
      used.push_back(completion->buffer());
      ++next;
    } else {
      REQUIRE(completion->result == -ENOBUFS);
      REQUIRE_FALSE(completion->more());
      ++ended;
      for (const auto index : used) buffers.provide(index);
      used.clear();
      read_multishot(ring, fixture.tun->fd());
    }
  }
  CHECK(ended >= 2);
}

TEST_CASE("a poll for POLLRDBAND tells of a TUN's deletion with POLLERR, when it is armed again") {
  requires_root();
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    Fixture fixture;
    Uring ring;
    UringBuffers<64, 2048> buffers(ring);
    const auto watch = [&] {
      io_uring_sqe* const sqe = ring.next(kWatch);
      io_uring_prep_poll_add(sqe, fixture.tun->fd(), POLLRDBAND);
      ring.name(sqe);
    };
    read_multishot(ring, fixture.tun->fd());
    watch();
    // The thread waits while another sends and deletes.
    std::thread other([&] {
      fixture.send(3);
      std::this_thread::sleep_for(5ms);
      fixture.remove();
    });
    int events = 0;
    while ((events & POLLERR) == 0) {
      const auto completion = ring.wait(3s);
      if (!completion) break;
      if (completion->user_data == kWatch) {
        events = completion->result;
        watch();
      } else if (completion->result > 0) {
        buffers.provide(completion->buffer());
      }
    }
    other.join();
    REQUIRE((events & POLLERR) != 0);
  }
}

TEST_CASE("a write with RWF_NOWAIT completes only when it fails, 20 of them with one system call") {
  requires_root();
  Fixture fixture;
  Uring ring;
  // An IPv4 header alone: TUNs take it for a packet.
  std::array<unsigned char, 20> packet = {0x45, 0, 0,  20, 0, 0, 0,  0, 64, 59,
                                          0,    0, 10, 8,  0, 2, 10, 8, 0,  1};
  iovec piece{packet.data(), packet.size()};
  const auto write = [&] {
    io_uring_sqe* const sqe = ring.next(kWrite);
    io_uring_prep_writev(sqe, fixture.tun->fd(), &piece, 1, 0);
    sqe->rw_flags = RWF_NOWAIT;
    sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
    ring.name(sqe);
    REQUIRE(io_uring_submit(ring.get()) == 1);
  };
  write();
  CHECK(io_uring_cq_ready(ring.get()) == 0);
  CHECK_FALSE(ring.wait(50ms));
  fixture.remove();
  constexpr unsigned kWrites = 50;
  for (unsigned index = 0; index < kWrites; ++index) write();
  // Failures are task work, of which older kernels do all at once.
  unsigned calls = 0;
  while (io_uring_cq_ready(ring.get()) < kWrites && calls < kWrites) {
    io_uring_get_events(ring.get());
    ++calls;
    CHECK(io_uring_cq_ready(ring.get()) >= std::min(kWrites, calls * 20));
  }
  for (unsigned index = 0; index < kWrites; ++index) {
    CHECK(ring.wait(0ms).value().result == -EBADFD);
  }
}
