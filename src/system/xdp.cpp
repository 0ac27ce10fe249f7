#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/core.h>
#include <linux/if_link.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <string>

#include <warren/base/error.hpp>
#include <warren/system/xdp.hpp>

namespace warren::system {
namespace {

struct CloseObject {
  void operator()(bpf_object* object) const noexcept { bpf_object__close(object); }
};

/// What libbpf said while the calling thread used it: its messages come through a function that
/// has no argument of ours.
thread_local std::string said;

// NOLINTNEXTLINE(cert-dcl50-cpp): the type is libbpf's
int remember(libbpf_print_level level, const char* format, va_list arguments) {
  if (level != LIBBPF_WARN || said.size() > 4096) return 0;
  std::array<char, 1024> text{};
  const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
  said += text.data();
  return length;
}

[[noreturn]] void throw_failed(const std::string& attempted, const std::string& object, int error) {
  std::string hint;
  if (error == EPERM || error == EACCES) {
    hint = "XDP needs root: BPF programs cannot be loaded from a user namespace";
  }
  while (!said.empty() && said.back() == '\n') said.pop_back();
  if (!said.empty()) hint += fmt::format("{}libbpf says: {}", hint.empty() ? "" : "; ", said);
  if (error >= __LIBBPF_ERRNO__START) {  // libbpf's own, which is no errno
    std::array<char, 128> text{};
    libbpf_strerror(error, text.data(), text.size());
    throw base::SystemError(fmt::format("{} {}: {}", attempted, object, text.data()), error, hint);
  }
  throw base::SystemError(attempted, object, error, hint);
}

bpf_program* find_section(bpf_object* object, const std::string& section) {
  bpf_program* program = nullptr;
  while ((program = bpf_object__next_program(object, program)) != nullptr) {
    if (section == bpf_program__section_name(program)) return program;
  }
  return nullptr;
}

}  // namespace

void attach_xdp(std::uint32_t interface_index, const std::filesystem::path& object,
                const std::string& section) {
  said.clear();
  libbpf_set_print(remember);
  const std::unique_ptr<bpf_object, CloseObject> opened(
      bpf_object__open_file(object.c_str(), nullptr));
  if (!opened) throw_failed("opening the BPF object", object, errno);
  bpf_program* wanted = find_section(opened.get(), section);
  if (wanted == nullptr) {
    throw base::Error(fmt::format("attaching {}: it has no section {}", object.native(), section),
                      "`llvm-objdump -h` shows its sections");
  }
  bpf_program* program = nullptr;
  while ((program = bpf_object__next_program(opened.get(), program)) != nullptr) {
    bpf_program__set_autoload(program, program == wanted);
  }
  bpf_program__set_type(wanted, BPF_PROG_TYPE_XDP);
  if (const int error = bpf_object__load(opened.get()); error < 0) {
    throw_failed("loading the BPF object", object, -error);
  }
  const int fd = bpf_program__fd(wanted);
  const auto index = static_cast<int>(interface_index);
  if (bpf_xdp_attach(index, fd, XDP_FLAGS_UPDATE_IF_NOEXIST, nullptr) == 0) return;
  // The driver has no place for it, or not for this MTU.
  const int error =
      bpf_xdp_attach(index, fd, XDP_FLAGS_UPDATE_IF_NOEXIST | XDP_FLAGS_SKB_MODE, nullptr);
  if (error < 0) throw_failed("attaching to an interface the BPF program", object, -error);
}

}  // namespace warren::system
