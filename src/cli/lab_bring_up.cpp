#include "lab_bring_up.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/lab/report.hpp>
#include <warren/system/fd_passing.hpp>

namespace warren::cli {
namespace {

using nlohmann::json;

constexpr auto kSendsWithin = std::chrono::seconds(1);

/// Whether what has come, which stays to be read, is the request to end.
bool asks_for_the_end(int client) {
  std::array<char, 256> piece;
  const auto got = ::recv(client, piece.data(), piece.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) return false;
  const std::string_view text(piece.data(), static_cast<std::size_t>(got));
  const auto request = json::parse(text.substr(0, text.find('\n')), nullptr, false);
  return request.is_object() && request.contains("command") && request["command"] == "down";
}

}  // namespace

void bound_sends(int socket) {
  const timeval limit{.tv_sec = kSendsWithin.count(), .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int flags = ::fcntl(socket, F_GETFL);
  ::fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
}

BringUpWatch::BringUpWatch(const Watched& watched, lab::Stop& stop)
    : watched_(watched), stop_(stop), thread_([this] { run(); }) {}

BringUpWatch::~BringUpWatch() {
  end();
}

std::vector<base::Fd> BringUpWatch::end() {
  end_.request("end");
  if (thread_.joinable()) thread_.join();
  std::move(unheard_.begin(), unheard_.end(), std::back_inserter(waiting_));
  unheard_.clear();
  return std::exchange(waiting_, {});
}

void BringUpWatch::run() noexcept {
  while (!stop_.requested()) {
    std::vector<pollfd> entries{{end_.fd(), POLLIN, 0},
                                {watched_.signals->fd(), POLLIN, 0},
                                {watched_.parent, 0, 0},  // POLLERR: no reader
                                {watched_.door->fd(), POLLIN, 0}};
    for (const auto& client : unheard_) entries.push_back({client.get(), POLLIN, 0});
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[0].revents != 0) return;
    if (entries[1].revents != 0) {
      // One that still pends when they are unblocked would end the process before it has said why.
      watched_.signals->drain();
      stop_.request("interrupted");
    }
    if (entries[2].revents != 0) stop_.request("nobody waits for the lab any more");
    for (std::size_t i = 0; i < unheard_.size(); ++i) {
      if (entries[4 + i].revents != 0) hear(unheard_[i]);
    }
    std::erase_if(unheard_, [](const base::Fd& client) { return !client; });
    if (entries[3].revents != 0) admit();
  }
}

void BringUpWatch::admit() {
  try {
    auto socket = watched_.door->accept();
    if (!socket) return;
    bound_sends(socket.get());
    unheard_.push_back(std::move(socket));
  } catch (const base::SystemError&) {
    // There are no descriptors left: the lab will meet that, too, and say so.
    end_.request("no descriptors");
  }
}

/// One that asks for something else, or is gone, is for later.
void BringUpWatch::hear(base::Fd& client) {
  const bool down = asks_for_the_end(client.get());
  if (down) {
    try {
      const std::array<int, 1> caretaker{watched_.caretaker};
      system::send_line(client.get(), lab::json_line({{"ok", true}}), caretaker);
    } catch (const base::SystemError&) {
      // It asked, and does not wait for the answer.
      client.reset();
    }
    stop_.request("`warren lab down` ended it before it was ready");
  }
  if (client) waiting_.push_back(std::exchange(client, base::Fd()));
}

}  // namespace warren::cli
