// An XDP program for configs/lab/xdp.toml: drops every IPv4 packet that carries UDP, passes the rest.
//   clang -O2 -g -target bpf -c drop_udp.c -o drop_udp.o
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>

#define SEC(name) __attribute__((section(name), used))

SEC("xdp") int drop_udp(struct xdp_md* context) {
  void* const end = (void*)(long)context->data_end;
  const struct ethhdr* const ethernet = (void*)(long)context->data;
  const struct iphdr* const ip = (const void*)(ethernet + 1);
  // The verifier insists on this before any field is read.
  if ((const void*)(ip + 1) > end) return XDP_PASS;
  // 0x0800 in network byte order; BPF objects here are little-endian.
  if (ethernet->h_proto != __builtin_bswap16(ETH_P_IP)) return XDP_PASS;
  return ip->protocol == IPPROTO_UDP ? XDP_DROP : XDP_PASS;
}

SEC("license") const char kLicense[] = "MIT";
