// The name of a lab on this machine: who holds it may bind namespaces under /run/netns and answer
// at the lab's socket. What a lab leaves in the machine's own file system is written down here
// before it is made, so that the lab's caretaker, or the next lab command, can remove it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <warren/base/fd.hpp>

namespace warren::lab {

/// Where labs are registered: /run/warren/lab for root, else $XDG_RUNTIME_DIR/warren/lab, else
/// /tmp/warren-UID/lab. Anybody may make the last one: what follows throws base::Error with a hint
/// unless it is the caller's own, and a folder that nobody else may use.
std::filesystem::path registry();

struct NamedNamespace {
  std::string name;
  int netns = -1;  ///< borrowed
};

/// Held by an open file description that forks share (flock(2)): the kernel gives the name back
/// when the last process that holds it is gone, however it died.
class Claim {
 public:
  /// Makes the lab's folder in the registry, after having removed what a dead lab of the name left.
  /// Before enter_sandbox(). Throws base::Error with a hint when a lab of the name is up.
  explicit Claim(std::string_view name);
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;
  /// As remove(), unless hand_over() came before.
  ~Claim();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Where the lab answers: in the lab's folder.
  [[nodiscard]] std::filesystem::path socket_path() const;
  /// What keeps the name; borrowed.
  [[nodiscard]] int lock() const noexcept { return lock_.get(); }

  /// Before they are bound under /run/netns. Throws SystemError.
  void record(const std::vector<NamedNamespace>& namespaces) const;
  /// Unbinds what was recorded and removes the folder; in the machine's own mount namespace. What
  /// cannot be removed stays for clean_stale().
  void remove() noexcept;
  /// From now on another process that holds the claim removes what there is.
  void hand_over() noexcept { handed_over_ = true; }

 private:
  std::string name_;
  std::filesystem::path path_;
  base::Fd lock_;
  base::Fd folder_;  ///< the sandbox hides its path
  bool handed_over_ = false;
};

/// Names of the labs that are up, sorted: the caller's own ones.
std::vector<std::string> running_labs();
/// Where the lab of the name answers. It need not be up.
std::filesystem::path lab_socket(std::string_view name);
/// Removes what labs left that died without their caretaker: bound namespaces, folders. Every lab
/// command calls it first. Returns the names of those labs.
std::vector<std::string> clean_stale();

}  // namespace warren::lab
