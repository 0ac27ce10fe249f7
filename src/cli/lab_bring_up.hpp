// What can be asked of a lab before it is ready: to end.
#pragma once

#include <thread>
#include <vector>

#include <warren/base/fd.hpp>
#include <warren/lab/probe.hpp>
#include <warren/system/signals.hpp>
#include <warren/system/unix_socket.hpp>

namespace warren::cli {

/// While it lives, a thread looks for a reason to give the lab up: a signal, the end of the process
/// that waits for it, `lab down`. The first one requests the stop. Other clients are kept until the
/// lab can answer them.
class BringUpWatch {
 public:
  struct Watched {
    system::SignalFd* signals = nullptr;  ///< those that ask for the end
    int parent = -1;                      ///< a pipe whose reader is whoever waits for the lab
    int caretaker = -1;  ///< goes to a client that asks for the end: see `lab down`
    system::UnixListener* door = nullptr;
  };
  /// Both are borrowed. After the lab has entered its sandbox, which has to have one thread only.
  BringUpWatch(const Watched& watched, lab::Stop& stop);
  BringUpWatch(const BringUpWatch&) = delete;
  BringUpWatch& operator=(const BringUpWatch&) = delete;
  ~BringUpWatch();

  /// Ends the thread. The clients that came meanwhile; what they ask for is still to be read.
  std::vector<base::Fd> end();

 private:
  void run() noexcept;
  void admit();
  void hear(base::Fd& client);

  Watched watched_;
  lab::Stop& stop_;
  lab::Stop end_;
  std::vector<base::Fd> unheard_;  // those whose request has not come
  std::vector<base::Fd> waiting_;
  std::thread thread_;
};

/// Blocking, and a client that does not take its answer keeps others waiting for a second at most.
void bound_sends(int socket);

}  // namespace warren::cli
