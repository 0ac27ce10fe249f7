#include <netdb.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/system/resolver.hpp>

namespace warren::system {
namespace {

struct Request {
  std::uint64_t token;
  std::string host;
  std::uint16_t port;
};

struct FreeAddresses {
  void operator()(addrinfo* first) const noexcept { ::freeaddrinfo(first); }
};

/// AI_ADDRCONFIG is not asked for: it judges by the interfaces of the moment and would hide a
/// family that comes up later or that only loopback has. The sorting by reachability does its job
/// better.
Resolved look_up(const Request& request) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* first = nullptr;
  const auto service = std::to_string(request.port);
  const int result = ::getaddrinfo(request.host.c_str(), service.c_str(), &hints, &first);
  const int error = errno;
  if (result != 0) {
    return {request.token, std::nullopt,
            result == EAI_SYSTEM ? base::errno_text(error) : std::string(::gai_strerror(result))};
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(first);
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
    if (auto found = base::Endpoint::from_sockaddr(entry->ai_addr, entry->ai_addrlen)) {
      return {request.token, found, {}};
    }
  }
  return {request.token, std::nullopt, "the name has no IPv4 or IPv6 address"};
}

void block_all_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct Resolver::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Request> requests;
  std::vector<Resolved> answers;
  bool busy = false;  ///< the thread is inside getaddrinfo
  bool stop = false;
  base::Fd event;
  std::thread worker;  ///< touched by the owner only

  void run();
};

void Resolver::State::run() {
  block_all_signals();
  std::unique_lock lock(mutex);
  for (;;) {
    wake.wait(lock, [this] { return stop || !requests.empty(); });
    if (stop) return;
    const Request request = std::move(requests.front());
    requests.pop_front();
    busy = true;
    lock.unlock();
    auto answer = look_up(request);
    lock.lock();
    busy = false;
    if (stop) return;
    answers.push_back(std::move(answer));
    // Cannot fail: the counter is far from its limit, and the descriptor is open while !stop.
    ::eventfd_write(event.get(), 1);
  }
}

Resolver::Resolver() : state_(std::make_shared<State>()) {
  state_->event = base::Fd(
      base::check_system_call(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "opening", "an eventfd"));
}

Resolver::~Resolver() {
  bool busy = false;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    busy = state_->busy;
  }
  state_->wake.notify_one();
  if (!state_->worker.joinable()) return;
  if (busy) {
    state_->worker.detach();  // the thread's own reference keeps the state alive
  } else {
    state_->worker.join();
  }
}

int Resolver::fd() const noexcept {
  return state_->event.get();
}

void Resolver::resolve(std::uint64_t token, std::string host, std::uint16_t port) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->requests.push_back({token, std::move(host), port});
  }
  if (!state_->worker.joinable()) {
    state_->worker = std::thread([state = state_] { state->run(); });
  }
  state_->wake.notify_one();
}

std::vector<Resolved> Resolver::drain() {
  const std::lock_guard lock(state_->mutex);
  eventfd_t count = 0;
  ::eventfd_read(state_->event.get(), &count);  // EAGAIN: nothing new
  return std::exchange(state_->answers, {});
}

}  // namespace warren::system
