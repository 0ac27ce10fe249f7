// What io_uring does with a UDP socket: a multishot recvmsg with provided buffers and receive
// offload (UDP_GRO).
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <warren/base/ip.hpp>
#include <warren/system/udp_socket.hpp>

#include "uring_ring.hpp"

using namespace warren;
using namespace warren::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSegmentBytes = 1000;

/// One message that the kernel cuts into `count` datagrams of kSegmentBytes.
void send_segments(const system::UdpSocket& from, std::uint16_t port, std::size_t count) {
  const base::Endpoint to{*base::IpAddress::parse("127.0.0.1"), port, 0};
  sockaddr_in6 storage{};
  std::string data(count * kSegmentBytes, 'x');
  iovec piece{data.data(), data.size()};
  msghdr header{};
  header.msg_name = &storage;
  header.msg_namelen = static_cast<socklen_t>(to.to_sockaddr(&storage));
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))> control{};
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = IPPROTO_UDP;
  message->cmsg_type = UDP_SEGMENT;
  message->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto bytes = static_cast<std::uint16_t>(kSegmentBytes);
  std::memcpy(CMSG_DATA(message), &bytes, sizeof bytes);
  REQUIRE(::sendmsg(from.fd(), &header, 0) == static_cast<ssize_t>(data.size()));
}

/// The room for the sender's address and the control messages in front of each payload. The control
/// messages follow the address at once: its room is a multiple of their alignment.
msghdr room_in_front() {
  msghdr shape{};
  shape.msg_namelen = (sizeof(sockaddr_in6) + alignof(cmsghdr) - 1) & ~(alignof(cmsghdr) - 1);
  shape.msg_controllen = 128;
  return shape;
}

int segment_size_told(io_uring_recvmsg_out* out, msghdr& shape) {
  for (auto* control = io_uring_recvmsg_cmsg_firsthdr(out, &shape); control != nullptr;
       control = io_uring_recvmsg_cmsg_nexthdr(out, &shape, control)) {
    if (control->cmsg_level != IPPROTO_UDP || control->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(control), sizeof size);
    return size;
  }
  return 0;
}

}  // namespace

TEST_CASE("a multishot recvmsg gives joined datagrams with their size, and goes on") {
  const system::UdpSocket sender(base::Family::v4, {});
  const system::UdpSocket receiver(base::Family::v4, {});
  REQUIRE(receiver.gro());
  Uring ring;
  UringBuffers<4, 69632> buffers(ring);
  msghdr shape = room_in_front();
  io_uring_sqe* const sqe = ring.next(1);
  io_uring_prep_recvmsg_multishot(sqe, receiver.fd(), &shape, 0);
  sqe->buf_group = 1;
  sqe->flags |= IOSQE_BUFFER_SELECT;
  ring.name(sqe);
  for (const std::size_t count : {64U, 3U, 1U}) {
    CAPTURE(count);
    send_segments(sender, receiver.port(), count);
    const auto completion = ring.wait(2s);
    REQUIRE(completion);
    REQUIRE(completion->result > 0);
    CHECK(completion->more());
    auto* const out = io_uring_recvmsg_validate(buffers.bytes(completion->buffer()).data(),
                                                completion->result, &shape);
    REQUIRE(out != nullptr);
    CHECK(io_uring_recvmsg_payload_length(out, completion->result, &shape) ==
          count * kSegmentBytes);
    if (count > 1) CHECK(segment_size_told(out, shape) == static_cast<int>(kSegmentBytes));
    buffers.provide(completion->buffer());
  }
}

TEST_CASE("a multishot recvmsg ends with ENOBUFS when buffers are out; datagrams wait") {
  const system::UdpSocket sender(base::Family::v4, {});
  const system::UdpSocket receiver(base::Family::v4, {});
  Uring ring;
  UringBuffers<2, 69632> buffers(ring);
  msghdr shape = room_in_front();
  const auto arm = [&] {
    io_uring_sqe* const sqe = ring.next(1);
    io_uring_prep_recvmsg_multishot(sqe, receiver.fd(), &shape, 0);
    sqe->buf_group = 1;
    sqe->flags |= IOSQE_BUFFER_SELECT;
    ring.name(sqe);
  };
  arm();
  for (int index = 0; index < 3; ++index) send_segments(sender, receiver.port(), 2);
  REQUIRE(ring.wait(2s).value().result > 0);
  REQUIRE(ring.wait(2s).value().result > 0);
  const auto end = ring.wait(2s);
  REQUIRE(end);
  CHECK(end->result == -ENOBUFS);
  CHECK_FALSE(end->more());
  buffers.provide(0);
  arm();
  const auto third = ring.wait(2s);
  REQUIRE(third);
  CHECK(third->result > 0);
}
