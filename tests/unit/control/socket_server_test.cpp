#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <string>

#include <warren/base/fd.hpp>
#include <warren/control/control_session.hpp>
#include <warren/control/socket_server.hpp>
#include <warren/control/uapi.hpp>

#include "fake_host.hpp"
#include "support/counting_new.hpp"

using namespace warren;
using control::SocketServer;

namespace {

sockaddr_un abstract_address(socklen_t& length) {
  static int count = 0;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // An abstract name: nothing to remove afterwards.
  const std::string name =
      "warren-test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return address;
}

template <class Session>
class Serving {
 public:
  Serving() : address_(abstract_address(length_)) {
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    REQUIRE(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address_), length_) == 0);
    REQUIRE(listen(listener_.get(), 64) == 0);
    server.emplace(watcher, listener_.get(), [this] { return std::make_unique<Session>(host); });
  }
  base::Fd connect_client() {
    base::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    REQUIRE(connect(fd.get(), reinterpret_cast<sockaddr*>(&address_), length_) == 0);
    watcher.settle();
    return fd;
  }
  std::string ask(const base::Fd& client, const std::string& request) {
    send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
    watcher.settle();
    return receive(client);
  }
  static std::string receive(const base::Fd& client) {
    std::string text(1 << 20, '\0');
    const ssize_t n = recv(client.get(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  // Whether the server has closed the connection.
  static bool closed(const base::Fd& client) {
    char byte;
    return recv(client.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
  }

 private:
  socklen_t length_ = 0;
  sockaddr_un address_;
  base::Fd listener_;

 public:
  test::FakeHost host;
  test::PollWatcher watcher;
  std::optional<SocketServer> server;
};

}  // namespace

TEST_CASE("several requests are answered on one connection") {
  Serving<control::UapiSession> s;
  const auto client = s.connect_client();
  CHECK(s.ask(client, "set=1\nlisten_port=5\n\n") == "errno=0\n\n");
  CHECK(s.ask(client, "get=1\n\n") == "listen_port=5\nerrno=0\n\n");
  CHECK(s.ask(client, "get=1\n\nget=1\n\n") ==
        "listen_port=5\nerrno=0\n\nlisten_port=5\nerrno=0\n\n");
}

TEST_CASE("a key in a request is wiped, also where further requests came with it") {
  const std::string key = "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a";
  const std::string request = "set=1\nprivate_key=" + key + "\n\nset=1\nfwmark=7\n\nget=1\n\n";
  Serving<control::UapiSession> s;
  CHECK(test::freed_with(key, [&] {
          const auto client = s.connect_client();
          send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
          s.watcher.settle();
          s.server.reset();
        }) == 0);
  CHECK(s.host.mark == 7);
  CHECK(s.host.device().private_key() != nullptr);
}

TEST_CASE("a thousand requests sent at once are all answered, in order") {
  Serving<control::UapiSession> s;
  const auto client = s.connect_client();
  std::string request;
  for (int i = 1; i <= 1000; ++i) request += "set=1\nfwmark=" + std::to_string(i) + "\n\n";
  std::string answers = s.ask(client, request);
  while (true) {
    s.watcher.settle();
    const std::string more = Serving<control::UapiSession>::receive(client);
    if (more.empty()) break;
    answers += more;
  }
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += "errno=0\n\n";
  CHECK(answers == expected);
  CHECK(s.host.mark == 1000);
}

TEST_CASE("a client that does not read its answers is not read from any further") {
  Serving<control::UapiSession> s;
  const std::string key(64, '1');
  std::string big = "set=1\npublic_key=" + key + "\n";
  for (int i = 0; i < 10'000; ++i) {
    big += "allowed_ip=10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "/32\n";
  }
  const auto client = s.connect_client();
  std::string_view left = big += "\n";
  while (!left.empty()) {
    const ssize_t n = send(client.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (n > 0) left.remove_prefix(static_cast<std::size_t>(n));
    s.watcher.settle();
  }
  CHECK(Serving<control::UapiSession>::receive(client) == "errno=0\n\n");
  // Each answer is larger than the socket's buffer; the requests fill the other direction's.
  std::size_t sent = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    if (send(client.get(), "get=1\n\n", 7, MSG_NOSIGNAL) != 7) break;
    sent += 7;
    s.watcher.turn();
  }
  CHECK(sent < 4'000'000);  // the kernel refused at last: nobody took them out
  const auto other = s.connect_client();
  CHECK(s.ask(other, "set=1\nlisten_port=9\n\n") == "errno=0\n\n");
}

TEST_CASE("beyond the limit the client that was silent for longest is closed") {
  Serving<control::UapiSession> s;
  std::vector<base::Fd> clients;
  for (std::size_t i = 0; i < SocketServer::kMaxClients; ++i) clients.push_back(s.connect_client());
  CHECK(s.ask(clients[0], "set=1\n\n") == "errno=0\n\n");  // so the second one is the oldest
  const auto extra = s.connect_client();
  CHECK(s.server->client_count() == SocketServer::kMaxClients);
  CHECK(Serving<control::UapiSession>::closed(clients[1]));
  CHECK_FALSE(Serving<control::UapiSession>::closed(clients[0]));
  CHECK(s.ask(extra, "set=1\n\n") == "errno=0\n\n");
}

TEST_CASE("silent clients cause no callbacks") {
  Serving<control::UapiSession> s;
  const auto one = s.connect_client();
  const auto two = s.connect_client();
  CHECK(s.ask(two, "set=1\n") == "");
  for (int i = 0; i < 10; ++i) CHECK(s.watcher.turn() == 0);
}

TEST_CASE("a client that goes away in the middle of a request is forgotten") {
  Serving<control::UapiSession> s;
  auto client = s.connect_client();
  s.ask(client, "set=1\nlisten_port=6\n");
  client.reset();
  s.watcher.settle();
  CHECK(s.server->client_count() == 0);
  CHECK(s.host.port == 6);
}

TEST_CASE("a client that closes its sending side gets its answer and is closed") {
  Serving<control::UapiSession> s;
  const auto client = s.connect_client();
  const std::string request = "set=1\nlisten_port=6\n";
  send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
  shutdown(client.get(), SHUT_WR);
  s.watcher.settle();
  CHECK(Serving<control::UapiSession>::receive(client) == "errno=0\n\n");
  CHECK(Serving<control::UapiSession>::closed(client));
}

TEST_CASE("the control socket answers status with one line of JSON") {
  Serving<control::ControlSession> s;
  const auto client = s.connect_client();
  const std::string answer = s.ask(client, "status\n");
  REQUIRE(answer.ends_with("\n"));
  const auto parsed = nlohmann::json::parse(answer);
  CHECK(parsed.at("ok") == true);
  CHECK(parsed.at("status").at("interface").at("name") == "wr0");
}

TEST_CASE("reload passes the host's error on") {
  Serving<control::ControlSession> s;
  const auto client = s.connect_client();
  CHECK(nlohmann::json::parse(s.ask(client, "reload\n")).at("ok") == true);
  s.host.reload_error = {.message = "wr0.toml:3:1: unknown key",
                         .hint = "did you mean `mtu`?",
                         .wrong_configuration = true};
  const auto answer = nlohmann::json::parse(s.ask(client, "reload\n"));
  CHECK(answer.at("ok") == false);
  CHECK(answer.at("error") == "wr0.toml:3:1: unknown key");
  CHECK(answer.at("hint") == "did you mean `mtu`?");
  CHECK(answer.at("wrong_configuration") == true);
  CHECK(s.host.reloads == 2);
}

TEST_CASE("down is answered before the host shuts down, and once") {
  Serving<control::ControlSession> s;
  const auto client = s.connect_client();
  CHECK(nlohmann::json::parse(s.ask(client, "down\n")).at("ok") == true);
  CHECK(s.host.shut_downs == 1);
}

TEST_CASE("an unknown request is answered with an error, an endless one with a closed connection") {
  Serving<control::ControlSession> s;
  const auto client = s.connect_client();
  CHECK(nlohmann::json::parse(s.ask(client, "frob\n")).at("ok") == false);
  s.ask(client, std::string(1000, 'x'));
  CHECK(Serving<control::ControlSession>::closed(client));
  CHECK(s.host.shut_downs == 0);
}
