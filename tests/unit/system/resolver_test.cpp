#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <chrono>
#include <exception>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/system/netlink.hpp>
#include <warren/system/resolver.hpp>

#include "support/netns.hpp"
#include "support/poll.hpp"
#include "support/temp_dir.hpp"

using namespace warren;
using namespace std::chrono_literals;
using system::Resolved;
using system::Resolver;

namespace {

std::vector<Resolved> wait_for(Resolver& resolver, std::size_t answers) {
  std::vector<Resolved> all;
  while (all.size() < answers && test::wait_ready(resolver.fd())) {
    for (auto& answer : resolver.drain()) all.push_back(std::move(answer));
  }
  return all;
}

/// Runs `work` where the only name server is the UDP socket it is given, on 127.0.0.1:53. The
/// network and the mounts are the thread's own.
void with_name_server(const std::function<void(int)>& work) {
  const test::TempDir directory;
  const auto file = directory.path() / "resolv.conf";
  std::ofstream(file) << "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";
  std::exception_ptr failure;
  std::thread([&] {
    try {
      base::check_system_call(::unshare(CLONE_NEWNET | CLONE_NEWNS), "unsharing", "namespaces");
      base::check_system_call(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
                              "making private", "/");
      base::check_system_call(::mount(file.c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr),
                              "mounting", "/etc/resolv.conf");
      system::Netlink netlink;
      netlink.set_link_up(netlink.link_index("lo"), true);
      const base::Fd server(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_in6 local{};
      const auto length = base::Endpoint::parse("127.0.0.1:53")->to_sockaddr(&local);
      base::check_system_call(::bind(server.get(), reinterpret_cast<const sockaddr*>(&local),
                                     static_cast<socklen_t>(length)),
                              "binding", "127.0.0.1:53");
      work(server.get());
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

/// Answers the next query with "no such name" (RFC 1035, 4.1.1: QR = 1, RCODE = 3).
void deny(int server) {
  std::array<unsigned char, 512> query{};
  sockaddr_in from{};
  socklen_t length = sizeof from;
  const auto bytes = ::recvfrom(server, query.data(), query.size(), 0,
                                reinterpret_cast<sockaddr*>(&from), &length);
  if (bytes < 12) throw std::runtime_error("no query");
  query[2] = static_cast<unsigned char>(query[2] | 0x80U);
  query[3] = 0x83;
  ::sendto(server, query.data(), static_cast<std::size_t>(bytes), 0,
           reinterpret_cast<const sockaddr*>(&from), length);
}

}  // namespace

TEST_CASE("an address literal resolves to itself") {
  Resolver resolver;
  CHECK(resolver.drain().empty());
  resolver.resolve(7, "192.0.2.1", 51820);
  resolver.resolve(8, "2001:db8::1", 1);
  const auto answers = wait_for(resolver, 2);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0].token == 7);
  CHECK(answers[0].endpoint == base::Endpoint::parse("192.0.2.1:51820"));
  CHECK(answers[0].error.empty());
  CHECK(answers[1].token == 8);
  CHECK(answers[1].endpoint == base::Endpoint::parse("[2001:db8::1]:1"));
  CHECK_FALSE(test::wait_ready(resolver.fd(), 0));
}

TEST_CASE("a name of the hosts file resolves") {
  Resolver resolver;
  resolver.resolve(1, "localhost", 53);
  const auto answers = wait_for(resolver, 1);
  REQUIRE(answers.size() == 1);
  REQUIRE(answers[0].endpoint);
  CHECK(answers[0].endpoint->port == 53);
}

TEST_CASE("a name that does not exist is answered with the reason") {
  test::requires_root();
  std::vector<Resolved> answers;
  with_name_server([&](int server) {
    Resolver resolver;
    resolver.resolve(3, "none.example", 1);
    for (int queries = 0; queries < 2; ++queries) {  // A and AAAA
      if (test::wait_ready(server)) deny(server);
    }
    answers = wait_for(resolver, 1);
  });
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].token == 3);
  CHECK_FALSE(answers[0].endpoint);
  CHECK_FALSE(answers[0].error.empty());
}

TEST_CASE("a name server that never answers does not delay the end") {
  test::requires_root();
  bool asked = false;
  auto took = 0ns;
  with_name_server([&](int server) {
    auto resolver = std::make_unique<Resolver>();
    resolver->resolve(1, "silent.example", 1);
    asked = test::wait_ready(server);  // the thread is inside getaddrinfo now
    const auto start = std::chrono::steady_clock::now();
    resolver.reset();
    took = std::chrono::steady_clock::now() - start;
  });
  CHECK(asked);
  CHECK(took < 500ms);
}

TEST_CASE("a resolver that was never asked ends at once") {
  const auto start = std::chrono::steady_clock::now();
  { const Resolver resolver; }
  CHECK(std::chrono::steady_clock::now() - start < 500ms);
}
