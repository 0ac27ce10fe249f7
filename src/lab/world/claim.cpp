#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <system_error>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/lab/claim.hpp>
#include <warren/system/unix_socket.hpp>

namespace warren::lab {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kRootRegistry = "/run/warren/lab";
constexpr const char* kSocket = "control";
constexpr const char* kNamespaces = "netns";
constexpr const char* kLock = "lock";
/// A lab that dies or comes up holds its claim without answering; it needs less than this.
constexpr auto kPatience = 10s;

fs::path user_folder() {
  return fmt::format("/tmp/warren-{}", ::geteuid());
}

/// Others may write to /tmp: what is at our path there need not be ours.
void check_owner(const fs::path& folder) {
  struct stat info {};
  base::check_system_call(::lstat(folder.c_str(), &info), "looking at", folder);
  if (S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 077) == 0) return;
  throw base::Error(
      fmt::format("using {}: it is not a folder that only you may use", folder.native()),
      "remove it, or set XDG_RUNTIME_DIR to a folder of yours");
}

/// Where a path below it may be trusted. A folder that is not there holds nothing to trust.
fs::path checked_registry() {
  auto folder = registry();
  const auto parent = folder.parent_path();
  struct stat info {};
  if (parent == user_folder() && ::lstat(parent.c_str(), &info) == 0) check_owner(parent);
  return folder;
}

void make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return;
  throw base::SystemError("making the folder", folder, errno);
}

void make_registry() {
  const auto folder = registry();
  const auto parent = folder.parent_path();
  make_folder(parent);
  if (parent == user_folder()) check_owner(parent);
  make_folder(folder);
}

/// By its path, not by the user: in a user namespace the caretaker takes itself for root.
void remove_empty_registry(const fs::path& folder) noexcept {
  // /run/warren itself is the tunnels', too.
  if (::rmdir(folder.c_str()) == 0 && folder != kRootRegistry) {
    ::rmdir(folder.parent_path().c_str());
  }
}

/// The lock of a lab's folder; none when somebody else has it or the folder went meanwhile.
base::Fd lock_folder(const fs::path& folder) {
  const auto path = folder / kLock;
  base::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) < 0) return {};
  // The one who held it before may have removed it.
  struct stat locked {};
  struct stat named {};
  if (::fstat(lock.get(), &locked) < 0 || ::lstat(path.c_str(), &named) < 0 ||
      locked.st_ino != named.st_ino || locked.st_dev != named.st_dev) {
    return {};
  }
  return lock;
}

/// Whether what is at the path is the namespace with this inode, or what a lab leaves that dies
/// between making the file and binding the namespace to it.
bool is_ours(const fs::path& path, std::uint64_t inode) {
  struct statfs system {};
  struct stat info {};
  if (::statfs(path.c_str(), &system) < 0 || ::stat(path.c_str(), &info) < 0) return false;
  if (system.f_type == NSFS_MAGIC) return info.st_ino == inode;
  return S_ISREG(info.st_mode) && info.st_size == 0;
}

void unbind_recorded(const fs::path& folder) noexcept {
  std::ifstream file(folder / kNamespaces);
  std::uint64_t inode = 0;
  for (std::string name; file >> inode >> name;) {
    if (name.find('/') != std::string::npos || name.front() == '.') continue;
    const auto path = "/run/netns/" + name;
    if (!is_ours(path, inode)) continue;
    ::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
    // Unlinking also detaches the copies in other mount namespaces.
    ::unlink(path.c_str());
  }
}

void remove_folder(const fs::path& folder) noexcept {
  unbind_recorded(folder);
  // The lock last: from then on the name is free.
  for (const char* file : {kSocket, kNamespaces, kLock}) ::unlink((folder / file).c_str());
  ::rmdir(folder.c_str());
  remove_empty_registry(folder.parent_path());
}

std::vector<fs::path> folders() {
  std::vector<fs::path> result;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(checked_registry(), error)) {
    if (entry.is_directory(error) && !entry.is_symlink(error)) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

[[noreturn]] void throw_taken(const std::string& name, bool answers) {
  throw base::Error(
      fmt::format("the lab {} is up already", name),
      answers ? fmt::format("`warren lab down {}` ends it; [lab] name gives another name", name)
              : "it does not answer: `warren lab list` shows the labs that do");
}

}  // namespace

fs::path registry() {
  if (::geteuid() == 0) return kRootRegistry;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  std::error_code error;
  if (runtime != nullptr && runtime[0] == '/' && fs::is_directory(runtime, error)) {
    return fs::path(runtime) / "warren" / "lab";
  }
  return user_folder() / "lab";
}

Claim::Claim(std::string_view name) : name_(name), path_(registry() / name) {
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    make_registry();
    // ENOENT: another lab's end has just removed the empty registry.
    if (::mkdir(path_.c_str(), 0700) < 0 && errno != EEXIST && errno != ENOENT) {
      throw base::SystemError("making the folder", path_, errno);
    }
    lock_ = lock_folder(path_);
    if (lock_) break;
    const bool answers = system::is_listening(socket_path());
    if (answers || std::chrono::steady_clock::now() > give_up) throw_taken(name_, answers);
    std::this_thread::sleep_for(5ms);
  }
  unbind_recorded(path_);
  for (const char* file : {kSocket, kNamespaces}) ::unlink((path_ / file).c_str());
  folder_ = base::Fd(base::check_system_call(
      ::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "opening the folder", path_));
}

Claim::~Claim() {
  if (!handed_over_) remove();
}

fs::path Claim::socket_path() const {
  return path_ / kSocket;
}

void Claim::record(const std::vector<NamedNamespace>& namespaces) const {
  std::string text;
  for (const auto& [name, netns] : namespaces) {
    struct stat info {};
    base::check_system_call(::fstat(netns, &info), "looking at the namespace of", name);
    text += fmt::format("{} {}\n", info.st_ino, name);
  }
  const base::Fd file(base::check_system_call(
      ::openat(folder_.get(), kNamespaces, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
      "writing", path_ / kNamespaces));
  base::check_system_call(static_cast<int>(::write(file.get(), text.data(), text.size())),
                          "writing", path_ / kNamespaces);
}

void Claim::remove() noexcept {
  if (!lock_) return;
  remove_folder(path_);
  lock_.reset();
}

std::vector<std::string> running_labs() {
  std::vector<std::string> result;
  for (const auto& folder : folders()) {
    if (system::is_listening(folder / kSocket)) result.push_back(folder.filename());
  }
  return result;
}

fs::path lab_socket(std::string_view name) {
  return checked_registry() / name / kSocket;
}

std::vector<std::string> clean_stale() {
  std::vector<std::string> removed;
  for (const auto& folder : folders()) {
    const auto lock = lock_folder(folder);
    if (!lock) continue;
    remove_folder(folder);
    removed.push_back(folder.filename());
  }
  return removed;
}

}  // namespace warren::lab
