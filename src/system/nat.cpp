#include <fmt/core.h>
#include <nftables/libnftables.h>

#include <memory>
#include <new>
#include <string>

#include <warren/base/error.hpp>
#include <warren/system/nat.hpp>

namespace warren::system {
namespace {

struct FreeContext {
  void operator()(nft_ctx* context) const noexcept { nft_ctx_free(context); }
};

}  // namespace

void add_masquerade(std::string_view outside) {
  const std::unique_ptr<nft_ctx, FreeContext> context(nft_ctx_new(NFT_CTX_DEFAULT));
  if (!context) throw std::bad_alloc();
  nft_ctx_buffer_error(context.get());
  nft_ctx_buffer_output(context.get());
  const auto commands = fmt::format(
      "add table inet warren\n"
      "add chain inet warren postrouting {{ type nat hook postrouting priority 100 ; }}\n"
      "add rule inet warren postrouting oifname \"{}\" masquerade\n",
      outside);
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) return;
  std::string said = nft_ctx_get_error_buffer(context.get());
  while (!said.empty() && said.back() == '\n') said.pop_back();
  throw base::Error(fmt::format("hiding what leaves by {} behind its address: {}", outside, said),
                    "this needs the kernel's nf_tables with NAT: `modprobe nft_masq nf_nat`");
}

}  // namespace warren::system
