// Names that other programs have to agree with: namespaces, sysctl files.
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/base/text.hpp>
#include <warren/lab/plan.hpp>

namespace warren::lab {
namespace {

constexpr std::size_t kHashDigits = 12;

// FNV-1a (Fowler, Noll, Vo), 64 bits: the same in every build, as std::hash need not be.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

bool is_plain(char c) {
  return base::is_letter(c) || base::is_digit(c) || c == '_' || c == '.' || c == '-';
}

}  // namespace

std::string namespace_name(const Topology& topology, NodeId node) {
  const std::string wanted = topology.name + "-" + topology.node(node).name;
  std::string name = wanted;
  for (char& c : name) {
    if (!is_plain(c)) c = '_';
  }
  // Hidden, or an option of whatever it is given to.
  if (name.front() == '.' || name.front() == '-') name.front() = '_';
  if (name == wanted && name.size() <= kNamespaceNameLimit) return name;
  const std::size_t room = kNamespaceNameLimit - kHashDigits - 1;
  if (name.size() > room) name.resize(room);
  return fmt::format("{}-{:012x}", name, hash_of(wanted) >> 16U);
}

std::string sysctl_path(std::string_view key) {
  std::string path(key);
  if (path.find('/') == std::string::npos) {
    for (char& c : path) {
      if (c == '.') c = '/';
    }
  }
  const std::string framed = "/" + path + "/";
  if (framed.find("//") != std::string::npos || framed.find("/../") != std::string::npos ||
      framed.find("/./") != std::string::npos || framed.find('\0') != std::string::npos) {
    throw base::Error(fmt::format("`{}` is not the name of a sysctl", key),
                      "write it as sysctl(8) does: net.ipv4.ip_forward");
  }
  return path;
}

}  // namespace warren::lab
