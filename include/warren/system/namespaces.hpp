// Network namespaces (network_namespaces(7)). The process itself never changes its namespace: work
// in another one runs in a short-lived thread, because setns(2) changes the calling thread only.
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
