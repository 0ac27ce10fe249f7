#include "sending_device.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>

namespace warren::lab {
namespace {

using namespace std::chrono_literals;

// The kernel follows a new carrier from a work queue (linkwatch), at once but not in the call.
constexpr auto kPatience = 200ms;
constexpr auto kPace = 1ms;

/// What the kernel says of the device, wherever it is.
class View {
 public:
  explicit View(const system::TunDevice& tap)
      : netns_(tap.netns()), netlink_(netns_.get()), index_(netlink_.link_index(tap.name())) {}
  system::Link now() { return netlink_.link(index_); }

 private:
  base::Fd netns_;
  system::Netlink netlink_;
  std::uint32_t index_;
};

}  // namespace

void SendingDevice::settle(const system::Link& link) noexcept {
  const std::uint64_t more = link.transmit_dropped - std::min(seen_, link.transmit_dropped);
  seen_ = link.transmit_dropped;
  (carrier_ ? dropped_.for_want_of_room : dropped_.without_carrier) += more;
}

void SendingDevice::follow(bool carrier) {
  const std::lock_guard lock(mutex_);
  if (carrier == carrier_) return;
  try {
    View view(tap_);
    if (!carrier) settle(view.now());
    tap_.set_carrier(carrier);
    if (carrier) {
      auto link = view.now();
      for (auto waited = 0ms; link.up && !link.running && waited < kPatience; waited += kPace) {
        std::this_thread::sleep_for(kPace);
        link = view.now();
      }
      settle(view.now());
    }
    carrier_ = carrier;
  } catch (const base::Error&) {
    // The device was deleted: there is nothing that could have a carrier.
    carrier_ = carrier;
  }
}

SendingDevice::Dropped SendingDevice::dropped() {
  const std::lock_guard lock(mutex_);
  try {
    settle(View(tap_).now());
    return dropped_;
  } catch (const base::Error&) {
    return dropped_;  // the device was deleted: what was known stays
  }
}

}  // namespace warren::lab
