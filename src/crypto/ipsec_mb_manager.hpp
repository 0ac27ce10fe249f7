// intel-ipsec-mb's manager: the table of functions for this CPU, and the library's state. Managers
// are not thread-safe, so each engine has its own. Creating one allocates and runs the library's
// self-test (about a millisecond).
#pragma once

#include <memory>

struct IMB_MGR;

namespace warren::crypto {

struct FreeIpsecMbManager {
  void operator()(IMB_MGR* manager) const noexcept;
};
using IpsecMbManager = std::unique_ptr<IMB_MGR, FreeIpsecMbManager>;

/// Null when this CPU cannot run the library, or the library fails its self-test. Any thread.
IpsecMbManager make_ipsec_mb_manager() noexcept;

}  // namespace warren::crypto
