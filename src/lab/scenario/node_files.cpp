#include "node_files.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/system/namespaces.hpp>

namespace warren::lab {

void run_in_mounts(const World& world, NodeId node, const std::function<void()>& work) {
  const int mounts = world.mount_namespace(node);
  system::run_in_own_thread([&] {
    // setns(2): a thread that shares its root and current directory with others may not change
    // its mount namespace.
    base::check_system_call(::unshare(CLONE_FS), "unsharing", "the file system attributes");
    base::check_system_call(::setns(mounts, CLONE_NEWNS), "entering", "a node's mount namespace");
    work();
  });
}

bool exists_in_node(const World& world, NodeId node, const std::filesystem::path& path) {
  bool exists = false;
  run_in_mounts(world, node, [&] {
    std::error_code error;
    exists = std::filesystem::exists(path, error);
    if (error) throw base::SystemError("looking at", path.native(), error.value());
  });
  return exists;
}

std::optional<std::string> read_in_node(const World& world, NodeId node,
                                        const std::filesystem::path& path, std::size_t most_bytes) {
  std::optional<std::string> text;
  run_in_mounts(world, node, [&] {
    // A FIFO must not hold us up.
    const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return;
    base::check_system_call(file.get(), "opening", path.native());
    text.emplace();
    std::array<char, 16384> piece;
    while (text->size() < most_bytes) {
      const auto got =
          base::check_system_call(static_cast<int>(::read(file.get(), piece.data(), piece.size())),
                                  "reading", path.native());
      if (got == 0) break;
      text->append(piece.data(), static_cast<std::size_t>(got));
    }
  });
  return text;
}

}  // namespace warren::lab
