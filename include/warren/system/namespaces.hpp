// Network namespaces (network_namespaces(7)). The process itself never changes its namespace: work
// in another one runs in a short-lived thread, because setns(2) changes the calling thread only.
// Whoever works in many of them starts one thread (run_in_own_thread) that goes from one to the
// next.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <warren/base/fd.hpp>

namespace warren::system {

/// The calling thread's network namespace. Throws SystemError.
base::Fd current_netns();

/// A name as `ip netns` knows it, or a path (anything with a slash: "/proc/4711/ns/net"). Throws
/// SystemError with a hint.
base::Fd open_netns(std::string_view name_or_path);

/// Whether two descriptors name the same namespace.
bool same_netns(int left, int right) noexcept;

/// Runs `work` in a thread of its own, which may change its namespaces as it likes, and waits for
/// it; an exception from `work` comes out here.
void run_in_own_thread(const std::function<void()>& work);

/// The calling thread goes to `netns` (borrowed): for threads that run_in_own_thread started. Needs
/// CAP_SYS_ADMIN: throws SystemError otherwise.
void enter_netns(int netns);

/// The calling thread goes to a new network namespace, which lives as long as the descriptor (or
/// something in it): for threads that run_in_own_thread started. Throws SystemError, with a hint
/// where a limit is reached.
base::Fd create_netns();

/// Runs `work` in namespace `netns` (borrowed) in a thread of its own and waits for it; an
/// exception from `work` comes out here. Sockets and TUN devices made in there stay there. Needs
/// CAP_SYS_ADMIN: throws SystemError otherwise.
void run_in_netns(int netns, const std::function<void()>& work);

/// The same with a result.
template <class Work>
auto in_netns(int netns, Work&& work) {
  using Result = std::invoke_result_t<Work&>;
  if constexpr (std::is_void_v<Result>) {
    run_in_netns(netns, [&] { work(); });
  } else {
    std::optional<Result> result;
    run_in_netns(netns, [&] { result.emplace(work()); });
    return Result(std::move(*result));
  }
}

}  // namespace warren::system
