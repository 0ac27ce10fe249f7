// A wg-quick configuration as Warren's TOML. Two steps: the sections are understood and checked
// with the rules that config::parse has, so that the result always parses; then they are written.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <warren/base/text.hpp>
#include <warren/config/model.hpp>
#include <warren/config/source.hpp>

#include "fields.hpp"
#include "wg_quick_reader.hpp"

namespace warren::config {
namespace {

struct ImportedPeer {
  std::vector<std::string> comments;
  crypto::PublicKey public_key;
  std::string preshared_key;
  std::optional<HostPort> endpoint;
  std::vector<base::IpNetwork> allowed_ips;
  std::optional<std::uint16_t> persistent_keepalive_s;
};

struct ImportedTunnel {
  std::vector<std::string> comments;
  std::string name;
  std::vector<base::InterfaceAddress> addresses;
  std::string private_key;
  std::string private_key_file;
  std::optional<std::uint32_t> listen_port;
  std::optional<std::uint32_t> mtu;
  std::optional<std::uint32_t> fwmark;
  bool routes = true;
  std::vector<ImportedPeer> peers;
};

std::vector<std::string_view> words_of(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(separators);
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

/// Understands the sections.
class Importer {
 public:
  Importer(const Source& source, const std::filesystem::path& file) : source_(source) {
    tunnel_.name = file.stem().native();
    if (const auto bad = check_interface_name(tunnel_.name)) {
      throw ConfigError(fmt::format("{}: {}", file.native(), bad->message),
                        "the file's name gives the interface its name: rename the file");
    }
  }

  ImportedTunnel read() {
    const std::vector<WgQuickSection> sections = read_wg_quick(source_);
    const auto first = std::ranges::find(sections, false, &WgQuickSection::is_peer);
    if (first == sections.end()) {
      source_.fail({}, "there is no [Interface] section", "is this a wg-quick configuration?");
    }
    for (const WgQuickSection& section : sections) {
      if (!section.is_peer) read_interface(section);
    }
    if (tunnel_.private_key.empty() && tunnel_.private_key_file.empty()) {
      source_.fail(first->at, "[Interface] has no PrivateKey",
                   "add one: PrivateKey = what `warren genkey` prints");
    }
    for (const WgQuickSection& section : sections) {
      if (section.is_peer) read_peer(section);
    }
    give_networks_to_last_owner();
    check_mtu_for_v6();
    return std::move(tunnel_);
  }

 private:
  template <class T>
  T require(Parsed<T> parsed, const WgQuickEntry& entry) const {
    if (parsed) return *std::move(parsed);
    fail(parsed.error(), entry);
  }

  [[noreturn]] void fail(const Problem& problem, const WgQuickEntry& entry) const {
    source_.fail(entry.value_at, fmt::format("{}: {}", entry.key, problem.message), problem.hint);
  }

  /// "PostUp = …", for a comment on what was there.
  static std::string as_written(const WgQuickEntry& entry) {
    return fmt::format("{} = {}", entry.key, entry.value);
  }

  void read_interface(const WgQuickSection& section) {
    for (const std::string_view comment : section.comments) tunnel_.comments.emplace_back(comment);
    for (const WgQuickEntry& entry : section.entries) {
      if (!read_setting(entry) && !read_without_equivalent(entry)) {
        source_.fail(
            entry.key_at, "unknown key in [Interface]",
            "wg-quick knows PrivateKey, ListenPort, FwMark, Address, DNS, MTU, Table, PreUp, "
            "PostUp, PreDown, PostDown, SaveConfig");
      }
    }
  }

  bool read_setting(const WgQuickEntry& entry) {
    if (same_name(entry.key, "PrivateKey")) {
      const auto key = require(parse_private_key(entry.value), entry);
      own_key_ = crypto::public_key_of(key);
      tunnel_.private_key = entry.value;
    } else if (same_name(entry.key, "ListenPort")) {
      tunnel_.listen_port = require(parse_number(entry.value, 65535), entry);
    } else if (same_name(entry.key, "FwMark")) {
      tunnel_.fwmark = require(parse_fwmark(entry.value), entry);
    } else if (same_name(entry.key, "MTU")) {
      tunnel_.mtu = require(parse_number(entry.value, 65535), entry);
      mtu_entry_ = entry;
      if (const auto bad = check_mtu(*tunnel_.mtu, Kind::tun, false)) fail(*bad, entry);
    } else if (same_name(entry.key, "Address")) {
      for (const std::string_view word : words_of(entry.value, ", \t")) {
        const auto address = require(parse_interface_address(word), entry);
        if (addresses_.insert(address.address).second) tunnel_.addresses.push_back(address);
      }
    } else if (same_name(entry.key, "Table")) {
      read_table(entry);
    } else {
      return false;
    }
    return true;
  }

  void read_table(const WgQuickEntry& entry) {
    if (entry.value == "auto") return;
    tunnel_.routes = false;
    if (entry.value == "off") return;
    tunnel_.comments.push_back(as_written(entry));
    tunnel_.comments.emplace_back(
        "  Warren's routes go to the main table, so it is told to make none. For each network of");
    tunnel_.comments.push_back(fmt::format("  allowed_ips: ip route add NETWORK dev {} table {}",
                                           tunnel_.name, entry.value));
  }

  bool read_without_equivalent(const WgQuickEntry& entry) {
    constexpr std::array<std::string_view, 4> kHooks = {"PreUp", "PostUp", "PreDown", "PostDown"};
    if (same_name(entry.key, "SaveConfig")) {
      if (entry.value == "false") return true;
      tunnel_.comments.push_back(as_written(entry));
      tunnel_.comments.emplace_back(
          "  Warren never writes to its configuration: change the file, then `warren reload`.");
    } else if (same_name(entry.key, "DNS")) {
      tunnel_.comments.push_back(as_written(entry));
      tunnel_.comments.push_back(fmt::format(
          "  Warren leaves name resolution alone. With systemd-resolved: resolvectl dns {} …",
          tunnel_.name));
    } else if (std::ranges::any_of(kHooks, [&](auto hook) { return same_name(entry.key, hook); })) {
      read_hook(entry);
    } else {
      return false;
    }
    return true;
  }

  void read_hook(const WgQuickEntry& entry) {
    if (const auto path = key_file_of(entry)) {
      tunnel_.private_key_file = *path;
      return;
    }
    const bool up = same_name(entry.key, "PreUp") || same_name(entry.key, "PostUp");
    tunnel_.comments.push_back(as_written(entry));
    tunnel_.comments.push_back(
        fmt::format("  Warren runs no commands (%i is {}). In a systemd drop-in of warren@{}: {}=…",
                    tunnel_.name, tunnel_.name, up ? "ExecStartPost" : "ExecStopPost"));
  }

  /// The idiom that keeps the key out of the file has an equivalent:
  /// PostUp = wg set %i private-key /etc/wireguard/%i.key
  [[nodiscard]] std::optional<std::string> key_file_of(const WgQuickEntry& entry) const {
    if (!same_name(entry.key, "PostUp")) return {};
    const auto words = words_of(entry.value, " \t");
    if (words.size() != 5 || words[0] != "wg" || words[1] != "set") return {};
    if (words[2] != "%i" && words[2] != tunnel_.name) return {};
    if (words[3] != "private-key" ||
        words[4].find_first_of("$`'\"<>;&|()\\*?") != std::string_view::npos) {
      return {};
    }
    std::string path;
    for (std::string_view rest = words[4]; !rest.empty();) {
      const bool is_name = rest.starts_with("%i");
      path += is_name ? tunnel_.name : std::string(rest.substr(0, 1));
      rest.remove_prefix(is_name ? 2 : 1);
    }
    return base::has_control_characters(path) ? std::nullopt : std::optional(path);
  }

  void read_peer(const WgQuickSection& section) {
    ImportedPeer peer;
    for (const std::string_view comment : section.comments) peer.comments.emplace_back(comment);
    bool has_key = false;
    for (const WgQuickEntry& entry : section.entries) {
      if (same_name(entry.key, "PublicKey")) {
        peer.public_key = require(parse_public_key(entry.value), entry);
        has_key = true;
      } else if (same_name(entry.key, "PresharedKey")) {
        require(parse_preshared_key(entry.value), entry);
        peer.preshared_key = entry.value;
      } else if (same_name(entry.key, "Endpoint")) {
        peer.endpoint = require(parse_endpoint(entry.value), entry);
      } else if (same_name(entry.key, "PersistentKeepalive")) {
        peer.persistent_keepalive_s = require(parse_keepalive(entry.value), entry);
      } else if (same_name(entry.key, "AllowedIPs")) {
        for (const std::string_view word : words_of(entry.value, ", \t")) {
          peer.allowed_ips.push_back(require(parse_network(word), entry));
        }
      } else {
        source_.fail(entry.key_at, "unknown key in [Peer]",
                     "wg knows PublicKey, PresharedKey, AllowedIPs, Endpoint, PersistentKeepalive");
      }
    }
    if (!has_key) source_.fail(section.at, "this [Peer] has no PublicKey");
    if (own_key_ && *own_key_ == peer.public_key) {
      source_.fail(section.at, "this [Peer] has the interface's own public key", "remove it");
    }
    const auto [before, is_new] = peer_lines_.emplace(peer.public_key, section.at.line);
    if (!is_new) {
      source_.fail(section.at,
                   fmt::format("two [Peer] sections have one PublicKey: here and on line {}",
                               before->second),
                   "merge them into one");
    }
    tunnel_.peers.push_back(std::move(peer));
  }

  /// WireGuard gives a network that several peers claim to the last of them, in silence. Warren
  /// refuses such a file, so it is settled here, and told.
  void give_networks_to_last_owner() {
    std::map<base::IpNetwork, std::size_t> owner;
    for (std::size_t i = 0; i < tunnel_.peers.size(); ++i) {
      for (const base::IpNetwork& network : tunnel_.peers[i].allowed_ips) owner[network] = i;
    }
    for (std::size_t i = 0; i < tunnel_.peers.size(); ++i) {
      ImportedPeer& peer = tunnel_.peers[i];
      std::set<base::IpNetwork> seen;
      std::vector<base::IpNetwork> kept;
      for (const base::IpNetwork& network : peer.allowed_ips) {
        if (!seen.insert(network).second) continue;
        if (owner[network] == i) {
          kept.push_back(network);
          continue;
        }
        peer.comments.push_back(fmt::format(
            "AllowedIPs had {} too, which WireGuard gives to the last peer", network.to_string()));
        peer.comments.push_back(fmt::format("  that names it: {}",
                                            tunnel_.peers[owner[network]].public_key.to_base64()));
      }
      peer.allowed_ips = std::move(kept);
    }
  }

  void check_mtu_for_v6() const {
    if (!mtu_entry_) return;
    const auto is_v6 = [](const auto& each) { return !each.address.is_v4(); };
    bool has_v6 = std::ranges::any_of(tunnel_.addresses, is_v6);
    for (const ImportedPeer& peer : tunnel_.peers) {
      has_v6 = has_v6 || std::ranges::any_of(peer.allowed_ips, [](const base::IpNetwork& network) {
                 return !network.address().is_v4();
               });
    }
    if (const auto bad = check_mtu(*tunnel_.mtu, Kind::tun, has_v6)) fail(*bad, *mtu_entry_);
  }

  const Source& source_;
  ImportedTunnel tunnel_;
  std::optional<crypto::PublicKey> own_key_;
  std::optional<WgQuickEntry> mtu_entry_;
  std::set<base::IpAddress> addresses_;
  std::unordered_map<crypto::PublicKey, std::uint32_t> peer_lines_;
};

/// A TOML basic string. Control characters do not get here.
std::string toml_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

template <class Items>
std::string toml_list(const Items& items) {
  constexpr std::size_t kFitsOnOneLine = 3;
  const bool one_line = items.size() <= kFitsOnOneLine;
  std::string list = "[";
  for (const auto& item : items) {
    if (!one_line) list += "\n ";
    if (one_line && list.size() > 1) list += " ";
    list += fmt::format("{}{},", one_line ? "" : " ", toml_string(item.to_string()));
  }
  if (one_line && !items.empty()) list.pop_back();
  return list + (one_line ? "]" : "\n]");
}

/// TOML's comments take no control characters but the tab.
void write_comments(std::string& out, const std::vector<std::string>& comments) {
  for (const std::string& comment : comments) {
    std::string clean = comment;
    std::ranges::replace_if(
        clean, [](char c) { return base::is_control(c) && c != '\t'; }, '?');
    out += fmt::format("# {}\n", clean);
  }
}

template <class... Values>
void write_line(std::string& out, fmt::format_string<Values...> format, Values&&... values) {
  out += fmt::format(format, std::forward<Values>(values)...);
  out += '\n';
}

std::string write(const ImportedTunnel& tunnel) {
  std::string out;
  const bool has_secret =
      tunnel.private_key_file.empty() || std::ranges::any_of(tunnel.peers, [](const auto& each) {
        return !each.preshared_key.empty();
      });
  if (has_secret) {
    out += "# This file holds secret keys: nobody else may read it (umask 077, or chmod 600).\n";
  }
  write_comments(out, tunnel.comments);
  out += "[interface]\n";
  write_line(out, "name = {}", toml_string(tunnel.name));
  if (!tunnel.addresses.empty()) write_line(out, "address = {}", toml_list(tunnel.addresses));
  if (!tunnel.private_key_file.empty()) {
    write_line(out, "private_key_file = {}", toml_string(tunnel.private_key_file));
  } else {
    write_line(out, "private_key = {}", toml_string(tunnel.private_key));
  }
  if (tunnel.listen_port) write_line(out, "listen_port = {}", *tunnel.listen_port);
  if (tunnel.mtu) write_line(out, "mtu = {}", *tunnel.mtu);
  if (tunnel.fwmark) write_line(out, "fwmark = {:#x}", *tunnel.fwmark);
  if (!tunnel.routes) write_line(out, "routes = false");
  for (const ImportedPeer& peer : tunnel.peers) {
    out += "\n[[peer]]\n";
    write_comments(out, peer.comments);
    write_line(out, "public_key = {}", toml_string(peer.public_key.to_base64()));
    if (!peer.preshared_key.empty()) {
      write_line(out, "preshared_key = {}", toml_string(peer.preshared_key));
    }
    if (peer.endpoint) write_line(out, "endpoint = {}", toml_string(peer.endpoint->to_string()));
    if (!peer.allowed_ips.empty()) write_line(out, "allowed_ips = {}", toml_list(peer.allowed_ips));
    if (peer.persistent_keepalive_s) {
      write_line(out, "persistent_keepalive = {}", *peer.persistent_keepalive_s);
    }
  }
  return out;
}

}  // namespace

std::string import_wg_quick(std::string_view text, const std::filesystem::path& file) {
  const Source source(text, file.native());
  return write(Importer(source, file).read());
}

}  // namespace warren::config
