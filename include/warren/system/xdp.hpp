// XDP programs: BPF that sees each frame before the network stack does, loaded with libbpf.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace warren::system {

/// Loads `object` (an ELF file made by clang -target bpf) and attaches its program of `section` to
/// the interface, in the calling thread's network namespace: in the driver where it can, else in
/// the stack's generic place. The interface keeps it for as long as it exists. Needs CAP_BPF and
/// CAP_NET_ADMIN of the machine, so not in a user namespace. Throws SystemError, with libbpf's and
/// the verifier's words where they said something.
void attach_xdp(std::uint32_t interface_index, const std::filesystem::path& object,
                const std::string& section);

}  // namespace warren::system
