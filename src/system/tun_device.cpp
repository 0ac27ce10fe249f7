#include <fcntl.h>
#include <fmt/core.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/system/tun_device.hpp>

// Since Linux 6.2; the headers of Debian 12 are older than many of the kernels it meets.
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

namespace warren::system {
namespace {

constexpr const char* kPath = "/dev/net/tun";
constexpr int kHeaderBytes = 10;  // struct virtio_net_hdr without num_buffers

unsigned offload_flags(TunOffload offload) {
  switch (offload) {
    case TunOffload::none:
      return 0;
    case TunOffload::checksum:
      return TUN_F_CSUM;
    case TunOffload::tso:
      return TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
    case TunOffload::uso:
      return offload_flags(TunOffload::tso) | TUN_F_USO4 | TUN_F_USO6;
  }
  return 0;
}

TunOffload one_less(TunOffload offload) {
  return static_cast<TunOffload>(static_cast<std::uint8_t>(offload) - 1);
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  return request;
}

/// The driver of an interface of this namespace, "tun" for TUN and TAP; empty when unknown.
std::string driver_of(const std::string& name) {
  const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ethtool_drvinfo info{};
  info.cmd = ETHTOOL_GDRVINFO;
  ifreq request = request_for(name);
  request.ifr_data = reinterpret_cast<char*>(&info);
  if (!socket || ::ioctl(socket.get(), SIOCETHTOOL, &request) < 0) return {};
  return {info.driver, ::strnlen(info.driver, sizeof info.driver)};
}

void check_name(const std::string& name) {
  const bool bad = name.empty() || name.size() >= IFNAMSIZ || name == "." || name == ".." ||
                   std::any_of(name.begin(), name.end(), [](char c) {
                     return c == '/' || c == ':' || static_cast<unsigned char>(c) <= ' ';
                   });
  if (bad) {
    throw base::Error(fmt::format("creating the interface \"{}\": not an interface name", name),
                      "a name has 1 to 15 characters, without spaces, slashes and colons");
  }
}

base::Fd open_clone_device() {
  base::Fd fd(::open(kPath, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (fd) return fd;
  const int error = errno;
  std::string hint;
  if (error == ENOENT) {
    hint =
        "load the driver with `modprobe tun`; in a container pass the device in, e.g. "
        "`--device /dev/net/tun`";
  } else if (error == ENODEV || error == ENXIO) {
    hint = "the kernel has no TUN driver: load it with `modprobe tun`";
  } else if (error == EACCES || error == EPERM) {
    hint =
        "run as root or with CAP_NET_ADMIN; a container needs the device allowed, too; for labs of "
        "ordinary users make it everybody's, as most systems have it: `chmod 666 /dev/net/tun`";
  }
  throw base::SystemError("opening", kPath, error, hint);
}

[[noreturn]] void throw_refused(const std::string& name, int error) {
  std::string hint;
  if (error == EPERM || error == EACCES) {
    hint =
        "creating an interface needs CAP_NET_ADMIN: run as root, or in a container add "
        "`--cap-add NET_ADMIN`";
  } else if (error == EBUSY || error == EEXIST || error == EINVAL) {
    const auto driver = driver_of(name);
    if (driver == "tun") {
      hint = fmt::format(
          "a TUN or TAP device of this name exists, perhaps one that another process "
          "runs: end that process, or remove it with `ip link delete {}`",
          name);
    } else if (!driver.empty()) {
      hint = fmt::format(
          "an interface of this name exists already (driver {}): choose another name, "
          "or remove it with `ip link delete {}`",
          driver, name);
    } else if (error != EINVAL) {
      hint = fmt::format(
          "an interface of this name exists already: choose another name, or remove "
          "it with `ip link delete {}`",
          name);
    }
  }
  throw base::SystemError("creating the interface", name, error, hint);
}

/// TUNSETIFF. IFF_TUN_EXCL refuses with EBUSY to attach to a device that exists: without it a
/// persistent device left by somebody else would be taken over silently, with its addresses and
/// routes.
base::Fd create(const TunOptions& options, bool header) {
  base::Fd fd = open_clone_device();
  ifreq request = request_for(options.name);
  const int flags = (options.kind == TunKind::tap ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_TUN_EXCL |
                    (header ? IFF_VNET_HDR : 0);
  request.ifr_flags = static_cast<short>(flags);  // IFF_TUN_EXCL is the sign bit
  if (options.index != 0 && ::ioctl(fd.get(), TUNSETIFINDEX, &options.index) < 0) {
    throw base::SystemError("choosing the index of", options.name, errno);
  }
  if (::ioctl(fd.get(), TUNSETIFF, &request) < 0) throw_refused(options.name, errno);
  return fd;
}

void set_queue_length(const base::Fd& fd, std::uint32_t packets) noexcept {
  ifreq request{};
  const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::ioctl(fd.get(), TUNGETIFF, &request) < 0) return;
  request.ifr_qlen = static_cast<int>(packets);
  ::ioctl(socket.get(), SIOCSIFTXQLEN, &request);
}

/// The most of `wanted` that the kernel takes.
TunOffload negotiate(int fd, TunOffload wanted) {
  int header_bytes = kHeaderBytes;
  if (::ioctl(fd, TUNSETVNETHDRSZ, &header_bytes) < 0) return TunOffload::none;
  while (wanted != TunOffload::none && ::ioctl(fd, TUNSETOFFLOAD, offload_flags(wanted)) < 0) {
    wanted = one_less(wanted);
  }
  return wanted;
}

bool kernel_has_header() {
  const base::Fd fd = open_clone_device();
  unsigned features = 0;
  return ::ioctl(fd.get(), TUNGETFEATURES, &features) == 0 && (features & IFF_VNET_HDR) != 0;
}

}  // namespace

TunDevice::TunDevice(const TunOptions& options) : kind_(options.kind), wanted_(options.offload) {
  check_name(options.name);
  if (options.offload != TunOffload::none && kernel_has_header()) {
    fd_ = create(options, true);
    accepted_ = offload_ = negotiate(fd_.get(), options.offload);
  }
  if (offload_ == TunOffload::none) {
    // The header cannot be switched off on a device that has it: begin again with one that never
    // had.
    fd_.reset();
    fd_ = create(options, false);
  }
  set_queue_length(fd_, options.queue_packets);
  if (options.persistent) {
    base::check_system_call(::ioctl(fd_.get(), TUNSETPERSIST, 1), "keeping", options.name);
  }
}

std::string TunDevice::name() const {
  ifreq request{};
  base::check_system_call(::ioctl(fd_.get(), TUNGETIFF, &request), "asking for the name of",
                          "the TUN device");
  return {request.ifr_name, ::strnlen(request.ifr_name, sizeof request.ifr_name)};
}

void TunDevice::set_offload(TunOffload offload) {
  if (accepted_ == TunOffload::none) return;
  offload = std::clamp(offload, TunOffload::checksum, accepted_);
  base::check_system_call(::ioctl(fd_.get(), TUNSETOFFLOAD, offload_flags(offload)),
                          "setting the offloads of", "the TUN device");
  offload_ = offload;
}

void TunDevice::set_carrier(bool on) {
  int carrier = on ? 1 : 0;
  base::check_system_call(::ioctl(fd_.get(), TUNSETCARRIER, &carrier),
                          on ? "giving a carrier to" : "taking the carrier from", "the TUN device");
}

std::size_t TunDevice::header_bytes() const noexcept {
  return accepted_ == TunOffload::none ? 0 : kHeaderBytes;
}

base::Fd TunDevice::netns() const {
  return base::Fd(::ioctl(fd_.get(), TUNGETDEVNETNS));
}

bool TunDevice::exists() const noexcept {
  ifreq request{};
  return ::ioctl(fd_.get(), TUNGETIFF, &request) == 0;
}

}  // namespace warren::system
