// A Unix socket whose clients each hold a Conversation, on the engine's loop: nothing blocks, and
// nothing that a client does or fails to do costs more than its own connection.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include <warren/base/fd.hpp>
#include <warren/control/conversation.hpp>
#include <warren/control/host.hpp>

namespace warren::control {

class SocketServer {
 public:
  /// At the limit the client that has been silent for longest is closed for a new one.
  static constexpr std::size_t kMaxClients = 16;

  /// `listener` is a listening stream socket, non-blocking. `converse` makes the conversation of each
  /// new connection. Borrows `watcher` and `listener`. The engine's thread only.
  SocketServer(Watcher& watcher, int listener,
               std::function<std::unique_ptr<Conversation>()> converse);
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;
  /// Closes all connections.
  ~SocketServer();

  [[nodiscard]] std::size_t client_count() const noexcept { return clients_.size(); }

 private:
  struct Client;

  void accept_clients();
  void add_client(base::Fd fd);
  void close_oldest();
  void close_client(std::uint64_t id);
  void serve(std::uint64_t id, short revents);
  bool read_some(Client& client);
  bool send_some(Client& client);
  void converse_with(Client& client);

  Watcher& watcher_;
  int listener_;
  base::Fd reserve_;  // given up for a moment when descriptors run out: see accept_clients
  std::function<std::unique_ptr<Conversation>()> converse_;
  std::uint32_t listener_watch_ = 0;
  std::uint64_t next_id_ = 0;
  std::uint64_t activity_ = 0;  // a logical clock: who was silent for longest
  std::unordered_map<std::uint64_t, std::unique_ptr<Client>> clients_;
  std::array<char, std::size_t{64} * 1024> read_buffer_;
};

}  // namespace warren::control
