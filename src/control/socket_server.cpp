// Theory of operation. A client is in one of two states: its last answer is still being sent, and
// only POLLOUT is watched, so that what it asks next waits in its socket; or everything was sent,
// and only POLLIN is watched. One callback reads at most one buffer and gives at most
// kAnswersPerTurn answers; what is left over of the input is taken up again when POLLOUT fires,
// which it does at once. So the packets of the tunnel never wait long for a client, and what a
// client can occupy is one read buffer and one answer.
#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <span>
#include <utility>

#include <warren/control/socket_server.hpp>
#include <warren/crypto/keys.hpp>

#include "wipe.hpp"

namespace warren::control {
namespace {

constexpr int kAcceptsPerTurn = 8;
constexpr int kAnswersPerTurn = 4;

}  // namespace

struct SocketServer::Client {
  base::Fd fd;
  std::unique_ptr<Conversation> conversation;
  std::uint32_t watch = 0;
  std::uint64_t last_active = 0;
  std::string in;        // received and not yet taken by the conversation
  std::string out;       // answers
  std::size_t sent = 0;  // of `out`
  bool input_ended = false;
  bool end_told = false;
  short watched = POLLIN;

  ~Client() {
    wipe(in);
    wipe(out);
  }
};

SocketServer::SocketServer(Watcher& watcher, int listener,
                           std::function<std::unique_ptr<Conversation>()> converse)
    : watcher_(watcher),
      listener_(listener),
      reserve_(open("/dev/null", O_RDONLY | O_CLOEXEC)),
      converse_(std::move(converse)) {
  listener_watch_ = watcher_.watch(listener_, POLLIN, [this](short) { accept_clients(); });
}

SocketServer::~SocketServer() {
  watcher_.unwatch(listener_watch_);
  while (!clients_.empty()) close_client(clients_.begin()->first);
}

void SocketServer::accept_clients() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    base::Fd fd(accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      add_client(std::move(fd));
      continue;
    }
    if (errno != EMFILE && errno != ENFILE) return;
    // The waiting connection would keep the listener ready for ever: take it with the descriptor in
    // reserve and close it.
    reserve_.reset();
    fd.reset(accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    fd.reset();
    reserve_.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    return;
  }
}

void SocketServer::add_client(base::Fd fd) {
  if (clients_.size() >= kMaxClients) close_oldest();
  const std::uint64_t id = next_id_++;
  auto client = std::make_unique<Client>();
  client->fd = std::move(fd);
  client->conversation = converse_();
  client->last_active = ++activity_;
  client->watch =
      watcher_.watch(client->fd.get(), POLLIN, [this, id](short revents) { serve(id, revents); });
  clients_.emplace(id, std::move(client));
}

void SocketServer::close_oldest() {
  auto oldest = clients_.begin();
  for (auto it = clients_.begin(); it != clients_.end(); ++it) {
    if (it->second->last_active < oldest->second->last_active) oldest = it;
  }
  close_client(oldest->first);
}

void SocketServer::close_client(std::uint64_t id) {
  const auto it = clients_.find(id);
  const std::unique_ptr<Client> client = std::move(it->second);
  clients_.erase(it);
  watcher_.unwatch(client->watch);
  // What was decided for after the answer happens even if the client did not wait for it.
  client->conversation->answered();
}

void SocketServer::serve(std::uint64_t id, short revents) {
  const auto it = clients_.find(id);
  if (it == clients_.end()) return;
  Client& client = *it->second;
  client.last_active = ++activity_;
  if ((revents & (POLLERR | POLLNVAL)) != 0 || !send_some(client)) return close_client(id);
  if (client.out.empty()) {
    // POLLHUP: the client has closed both ways, but what it sent before is still to be read.
    const bool readable = (revents & (POLLIN | POLLHUP)) != 0;
    if (client.in.empty() && readable && !read_some(client)) return close_client(id);
    for (int i = 0; i < kAnswersPerTurn && client.out.empty(); ++i) {
      converse_with(client);
      if (!send_some(client)) return close_client(id);
      if (client.in.empty()) break;
    }
  }
  const bool all_said = client.in.empty() && client.out.empty();
  if (all_said && client.conversation->finished()) return close_client(id);
  const short events = all_said && !client.input_ended ? POLLIN : POLLOUT;
  if (events != client.watched) {
    client.watched = events;
    watcher_.change_watch(client.watch, events);
  }
}

// Returns false when the connection failed.
bool SocketServer::read_some(Client& client) {
  const ssize_t n = recv(client.fd.get(), read_buffer_.data(), read_buffer_.size(), MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) {
    client.input_ended = true;
    return true;
  }
  const auto length = static_cast<std::size_t>(n);
  client.in.append(read_buffer_.data(), length);
  crypto::wipe(std::as_writable_bytes(std::span(read_buffer_).first(length)));
  return true;
}

void SocketServer::converse_with(Client& client) {
  if (!client.in.empty()) {
    const std::size_t used = client.conversation->feed(client.in, client.out);
    if (used == client.in.size()) {
      wipe(client.in);
    } else {
      wipe_front(client.in, used);
    }
  }
  if (client.input_ended && client.in.empty() && !std::exchange(client.end_told, true)) {
    client.conversation->end_of_input(client.out);
  }
}

// Returns false when the client is gone.
bool SocketServer::send_some(Client& client) {
  if (client.out.empty()) return true;
  while (client.sent < client.out.size()) {
    const ssize_t n = send(client.fd.get(), client.out.data() + client.sent,
                           client.out.size() - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    client.sent += static_cast<std::size_t>(n);
  }
  wipe(client.out);
  client.out.shrink_to_fit();
  client.sent = 0;
  client.conversation->answered();
  return true;
}

}  // namespace warren::control
