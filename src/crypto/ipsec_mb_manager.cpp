#include "ipsec_mb_manager.hpp"

#include <intel-ipsec-mb.h>

#include <mutex>

namespace warren::crypto {

void FreeIpsecMbManager::operator()(IMB_MGR* manager) const noexcept {
  free_mb_mgr(manager);
}

IpsecMbManager make_ipsec_mb_manager() noexcept {
  // The detection of the CPU's features fills tables that all managers share.
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  IpsecMbManager manager(alloc_mb_mgr(0));
  if (!manager) return manager;
  IMB_ARCH arch = IMB_ARCH_NONE;
  init_mb_mgr_auto(manager.get(), &arch);
  const bool tested = (manager->features & IMB_FEATURE_SELF_TEST) != 0;
  const bool passed = (manager->features & IMB_FEATURE_SELF_TEST_PASS) != 0;
  if (arch == IMB_ARCH_NONE || (tested && !passed)) manager.reset();
  return manager;
}

}  // namespace warren::crypto
