// warren doctor: what this machine gives the program, and what to do about what it does not.
#include <fcntl.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <warren/base/error.hpp>
#include <warren/base/fd.hpp>
#include <warren/base/units.hpp>
#include <warren/control/paths.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/engine/engine.hpp>
#include <warren/system/harden.hpp>
#include <warren/system/tun_device.hpp>
#include <warren/system/udp_socket.hpp>

#include "commands.hpp"

namespace warren::cli {
namespace {

enum class Health { works, degraded, missing };

struct Finding {
  std::string what;
  Health health = Health::works;
  std::string detail;
  std::string remedy;   // empty when it works
  bool needed = false;  // no tunnel without it
};

const char* name_of(Health health) {
  switch (health) {
    case Health::works:
      return "works";
    case Health::degraded:
      return "degraded";
    case Health::missing:
      return "missing";
  }
  return "";
}

Finding privileges() {
  Finding f{.what = "privileges", .detail = "CAP_NET_ADMIN", .remedy = {}, .needed = true};
  if (system::has_net_admin()) return f;
  f.health = Health::missing;
  f.detail = "no CAP_NET_ADMIN: interfaces cannot be made";
  f.remedy =
      "run as root, or `setcap cap_net_admin+ep` the binary, or `unshare -rn` for a namespace "
      "of your own";
  return f;
}

std::vector<Finding> tun() {
  Finding device{.what = "/dev/net/tun", .detail = "opens", .remedy = {}, .needed = true};
  const base::Fd fd(open("/dev/net/tun", O_RDWR | O_CLOEXEC));
  if (!fd) {
    device.health = Health::missing;
    device.detail = base::errno_text(errno);
    device.remedy =
        errno == ENOENT
            ? "`modprobe tun`; in a container, pass the device in (--device /dev/net/tun)"
            : "allow this user to open it, or run as root";
    return {device};
  }
  Finding offload{.what = "TUN offloads", .detail = {}, .remedy = {}};
  try {
    const system::TunDevice probe({.name = "wrdoctor%d"});
    switch (probe.offload()) {
      case system::TunOffload::uso:
        offload.detail = "TCP and UDP super-packets";
        break;
      case system::TunOffload::tso:
        offload.detail = "TCP super-packets, no UDP ones";
        break;
      case system::TunOffload::checksum:
        offload.detail = "partial checksums only";
        break;
      case system::TunOffload::none:
        offload.detail = "none: one packet per read";
        break;
    }
    if (probe.offload() != system::TunOffload::uso) {
      offload.health = Health::degraded;
      offload.remedy = "UDP super-packets need Linux 6.2 or newer";
    }
  } catch (const base::Error& error) {
    offload.health = Health::missing;
    offload.detail = error.what();
    offload.remedy = error.hint();
    offload.needed = true;
  }
  return {device, offload};
}

std::vector<Finding> ring() {
  const engine::RingSupport support = engine::probe_ring();
  Finding ring{.what = "io_uring", .detail = "available", .remedy = {}, .needed = true};
  if (!support.available) {
    ring.health = Health::missing;
    ring.detail = support.unavailable_reason;
    ring.remedy = support.remedy;
    return {ring};
  }
  std::vector<Finding> findings{ring};
  auto feature = [&findings](const char* what, bool there, const char* since) {
    Finding f{.what = std::string("io_uring: ") + what, .detail = "used", .remedy = {}};
    if (!there) {
      f.health = Health::degraded;
      f.detail = "not there: a slower way is used";
      f.remedy = fmt::format("Linux {} or newer", since);
    }
    findings.push_back(std::move(f));
  };
  feature("deferred task work", support.defer_taskrun, "6.1");
  feature("provided buffer rings", support.provided_buffer_rings, "5.19");
  feature("multishot read", support.read_multishot, "6.7");
  feature("multishot receive", support.recvmsg_multishot, "6.0");
  feature("registered buffers", support.registered_buffers, "5.1, and enough locked memory");
  feature("zero-copy send", support.send_zero_copy, "6.1");
  return findings;
}

std::uint64_t read_number(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

Finding socket_buffers(const system::UdpSocket& socket) {
  constexpr std::uint32_t kWanted = system::UdpOptions{}.buffer_bytes;
  const std::uint32_t got = socket.receive_buffer_bytes();
  Finding f{
      .what = "socket buffers",
      .detail = fmt::format("{} of {} wanted", base::format_size(got), base::format_size(kWanted)),
      .remedy = {}};
  if (got < kWanted) {
    f.health = Health::degraded;
    f.detail += fmt::format(" (net.core.rmem_max is {})",
                            base::format_size(read_number("/proc/sys/net/core/rmem_max")));
    f.remedy = fmt::format(
        "`sysctl -w net.core.rmem_max={0} net.core.wmem_max={0}`, or CAP_NET_ADMIN", kWanted);
  }
  return f;
}

std::vector<Finding> udp() {
  std::vector<Finding> findings;
  auto add = [&findings](const char* what, bool there, const char* detail, const char* remedy) {
    findings.push_back({.what = what,
                        .health = there ? Health::works : Health::degraded,
                        .detail = there ? "used" : detail,
                        .remedy = there ? "" : remedy});
  };
  try {
    const auto sockets = system::UdpSockets::bind({});
    const system::UdpSocket& socket = sockets.v4 ? *sockets.v4 : *sockets.v6;
    add("UDP segmentation (GSO)", socket.segment(), "not there: one datagram per send",
        "Linux 4.18 or newer");
    add("UDP coalescing (GRO)", socket.gro(), "not there: one datagram per receive",
        "Linux 5.0 or newer");
    add("IPv4", sockets.v4.has_value(), "no IPv4 sockets: IPv6 endpoints only", "");
    add("IPv6", sockets.v6.has_value(), "no IPv6 sockets: IPv4 endpoints only",
        "boot without ipv6.disable=1, if IPv6 endpoints are wanted");
    findings.push_back(socket_buffers(socket));
  } catch (const base::Error& error) {
    findings.push_back({.what = "UDP sockets",
                        .health = Health::missing,
                        .detail = error.what(),
                        .remedy = error.hint(),
                        .needed = true});
  }
  return findings;
}

Finding aead() {
  std::vector<std::string> names;
  for (const auto backend : crypto::available_backends()) {
    names.emplace_back(crypto::backend_name(backend));
  }
  Finding f{
      .what = "AEAD backend",
      .detail = fmt::format("{} is used; there are {}", names.front(), fmt::join(names, ", ")),
      .remedy = {}};
#if defined(__x86_64__)
  if (crypto::available_backends().front() != crypto::AeadBackend::ipsec_mb) {
    f.health = Health::degraded;
    f.remedy = "build with libipsec-mb-dev installed: several times the speed on x86-64";
  }
#endif
  return f;
}

Finding gcm() {
  Finding f{.what = "cipher aes-256-gcm", .detail = {}, .remedy = {}};
  const auto backends = crypto::available_backends(crypto::Cipher::aes_256_gcm);
  if (!backends.empty()) {
    f.detail = fmt::format("available, by {}", crypto::backend_name(backends.front()));
  } else {
    f.health = Health::degraded;
    f.detail = "not available: no AES instructions in this CPU, or none used by libsodium";
    f.remedy = "leave `cipher` at \"chacha20-poly1305\"";
  }
  return f;
}

// Whether a socket could be made in `directory`, which may not exist yet.
Finding socket_directory(const char* what, std::filesystem::path directory,
                         const char* consequence) {
  Finding f{.what = what, .detail = directory.native(), .remedy = {}};
  std::error_code error;
  while (!std::filesystem::exists(directory, error) && directory.has_relative_path()) {
    directory = directory.parent_path();
  }
  if (access(directory.c_str(), W_OK | X_OK) != 0) {
    f.health = Health::degraded;
    f.detail = fmt::format("{}: {}; {}", f.detail, base::errno_text(errno), consequence);
    f.remedy = "run as root, or let this user write there";
  }
  return f;
}

Finding user_namespaces() {
  Finding f{.what = "user namespaces", .detail = "for running without root", .remedy = {}};
  const bool allowed = read_number("/proc/sys/user/max_user_namespaces") > 0;
  std::uint64_t clone_allowed = 1;  // the switch exists on Debian's kernels only
  std::ifstream("/proc/sys/kernel/unprivileged_userns_clone") >> clone_allowed;
  if (!allowed || clone_allowed == 0) {
    f.health = Health::degraded;
    f.detail = "turned off: only root can run tunnels";
    f.remedy = allowed ? "`sysctl -w kernel.unprivileged_userns_clone=1`"
                       : "`sysctl -w user.max_user_namespaces=10000`";
  }
  return f;
}

std::vector<Finding> examine() {
  std::vector<Finding> all{privileges()};
  auto append = [&all](std::vector<Finding> more) {
    for (Finding& finding : more) all.push_back(std::move(finding));
  };
  append(tun());
  append(ring());
  append(udp());
  all.push_back(aead());
  all.push_back(gcm());
  all.push_back(socket_directory("UAPI directory", control::kUapiDirectory,
                                 "`wg` and warren-wg cannot be used"));
  all.push_back(socket_directory("control directory", control::runtime_directory(),
                                 "set WARREN_RUNTIME_DIR to a directory of your own"));
  all.push_back(user_namespaces());
  return all;
}

bool can_run(const std::vector<Finding>& findings) {
  for (const Finding& f : findings) {
    if (f.needed && f.health == Health::missing) return false;
  }
  return true;
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::json checks = nlohmann::json::array();
  for (const Finding& f : findings) {
    checks.push_back({{"what", f.what},
                      {"health", name_of(f.health)},
                      {"needed", f.needed},
                      {"detail", f.detail},
                      {"remedy", f.remedy}});
  }
  const nlohmann::json report{{"can_run", can_run(findings)}, {"checks", std::move(checks)}};
  fmt::print("{}\n", report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_text(const std::vector<Finding>& findings) {
  const bool colour = isatty(STDOUT_FILENO) == 1;
  for (const Finding& f : findings) {
    const char* escape = f.health == Health::works      ? "\x1b[32m"
                         : f.health == Health::degraded ? "\x1b[33m"
                                                        : "\x1b[31m";
    fmt::print("{}{:<8}{}  {:<31}  {}\n", colour ? escape : "", name_of(f.health),
               colour ? "\x1b[0m" : "", f.what, f.detail);
    if (!f.remedy.empty()) fmt::print("{:>10}remedy: {}\n", "", f.remedy);
  }
  fmt::print("\n{}\n", can_run(findings) ? "A tunnel can run here."
                                         : "No tunnel can run here: see what is missing.");
}

}  // namespace

void register_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("doctor", "Check what this machine gives a tunnel, with remedies");
  const auto as_json = std::make_shared<bool>(false);
  command->add_flag("--json", *as_json, "as JSON");
  command->footer(
      "Exits with 0 when a tunnel can run here, even if slowly, else with 3.\n\n"
      "Example:\n"
      "  warren doctor");
  command->callback([as_json, &exit_code] {
    const std::vector<Finding> findings = examine();
    if (*as_json) {
      print_json(findings);
    } else {
      print_text(findings);
    }
    exit_code = can_run(findings) ? kExitOk : kExitSystem;
  });
}

}  // namespace warren::cli
