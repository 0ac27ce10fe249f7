// From the document to the model: every rule that the TOML grammar does not know.
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <warren/base/error.hpp>
#include <warren/config/document.hpp>
#include <warren/config/model.hpp>
#include <warren/config/source.hpp>
#include <warren/crypto/aead.hpp>
#include <warren/crypto/keys.hpp>

#include "engine_table.hpp"
#include "fields.hpp"
#include "file.hpp"
#include "limits.hpp"
#include "schema.hpp"

namespace warren::config {
namespace {

constexpr std::string_view kWhitespace = " \t\r\n\v\f";

class Reader {
 public:
  Reader(const Source& source, const std::filesystem::path& file, bool read_key_files)
      : source_(source), file_(file), read_key_files_(read_key_files) {}

  Tunnel read() {
    struct Document {
      Table root;
      ~Document() { wipe_strings(root); }
    } whole{parse_document(source_)};
    const Table& document = whole.root;
    check_keys(source_, document, "this file", file_keys());
    const Entry* interface = document.find("interface");
    if (interface == nullptr) {
      source_.fail({}, "the table [interface] is missing", "it names the interface and its key");
    }
    check_keys(source_, *interface->value.get_if<Table>(), "[interface]", interface_keys());
    const Entry* engine = document.find("engine");
    if (engine != nullptr) {
      check_keys(source_, *engine->value.get_if<Table>(), "[engine]", engine_keys());
    }
    const Entry* peers = document.find("peer");
    const Array* peer_list = peers == nullptr ? nullptr : peers->value.get_if<Array>();
    if (peer_list != nullptr) {
      for (const Value& peer : peer_list->items) {
        check_keys(source_, *peer.get_if<Table>(), "[[peer]]", peer_keys());
      }
    }

    Tunnel tunnel;
    tunnel.file = file_;
    read_interface(interface->value, tunnel.interface);
    if (engine != nullptr) {
      const crypto::Cipher cipher = tunnel.interface.cipher;
      tunnel.engine = read_engine(source_, *engine->value.get_if<Table>(), cipher,
                                  crypto::available_backends(cipher));
    }
    if (!tunnel.interface.private_key.is_zero()) {
      own_key_ = crypto::public_key_of(tunnel.interface.private_key);
    }
    if (peer_list != nullptr) {
      tunnel.peers.reserve(peer_list->items.size());
      for (const Value& peer : peer_list->items) {
        tunnel.peers.push_back(read_peer(peer, tunnel.interface));
      }
    }
    check_mtu_for_v6(tunnel);
    tunnel.has_inline_secret = has_inline_secret_;
    return tunnel;
  }

 private:
  /// The value, or the error at its place.
  template <class T>
  T require(Parsed<T> parsed, Position at, std::string_view key) const {
    if (parsed) return *std::move(parsed);
    fail(parsed.error(), at, key);
  }

  [[noreturn]] void fail(const Problem& problem, Position at, std::string_view key) const {
    source_.fail(at, fmt::format("`{}`: {}", key, problem.message), problem.hint);
  }

  /// Runs `parse` on a string's text, the error pointing at the string.
  template <class Parse>
  auto text_field(const Entry& entry, Parse parse) const {
    return require(parse(*entry.value.get_if<std::string>()), entry.value.at, entry.key);
  }

  std::uint32_t integer_field(const Entry& entry, std::uint32_t minimum,
                              std::uint32_t maximum) const {
    const std::int64_t value = *entry.value.get_if<std::int64_t>();
    if (value < minimum || value > maximum) {
      source_.fail(entry.value.at, fmt::format("`{}` is {}, which is not from {} to {}", entry.key,
                                               value, minimum, maximum));
    }
    return static_cast<std::uint32_t>(value);
  }

  /// A number, or the words and notations that `parse` takes.
  template <class Parse>
  std::uint32_t number_or_word(const Entry& entry, std::uint32_t maximum, Parse parse) const {
    if (entry.value.get_if<std::int64_t>() != nullptr) return integer_field(entry, 0, maximum);
    return text_field(entry, parse);
  }

  void read_interface(const Value& value, Interface& interface) {
    const Table& table = *value.get_if<Table>();
    const Entry* name = table.find("name");
    if (name == nullptr) {
      source_.fail(value.at, "[interface] has no `name`", "for example name = \"wr0\"");
    }
    interface.name = *name->value.get_if<std::string>();
    if (const auto bad = check_interface_name(interface.name)) fail(*bad, name->value.at, "name");

    if (const Entry* kind = table.find("kind")) interface.kind = read_kind(*kind);
    const bool is_tap = interface.kind == Kind::tap;
    if (const Entry* hub = table.find("hub")) {
      if (!is_tap) {
        source_.fail(hub->at, "`hub` needs kind = \"tap\"",
                     "a tun interface routes between its peers if the kernel forwards IP");
      }
      interface.hub = *hub->value.get_if<bool>();
    }
    if (const Entry* cipher = table.find("cipher")) interface.cipher = read_cipher(*cipher);
    if (const Entry* routes = table.find("routes")) {
      if (is_tap) {
        source_.fail(routes->at, "`routes` needs kind = \"tun\"",
                     "a tap interface has no allowed_ips to make routes of");
      }
      interface.routes = *routes->value.get_if<bool>();
    }
    if (const Entry* address = table.find("address")) read_addresses(*address, interface);
    if (const Entry* port = table.find("listen_port")) {
      interface.listen_port = static_cast<std::uint16_t>(integer_field(*port, 0, 65535));
    }
    if (const Entry* mtu = table.find("mtu")) {
      const std::int64_t bytes = *mtu->value.get_if<std::int64_t>();
      if (const auto bad = check_mtu(bytes, interface.kind, false))
        fail(*bad, mtu->value.at, "mtu");
      interface.mtu = static_cast<std::uint32_t>(bytes);
      mtu_at_ = mtu->value.at;
    }
    if (const Entry* mark = table.find("fwmark")) {
      interface.fwmark =
          number_or_word(*mark, std::numeric_limits<std::uint32_t>::max(), parse_fwmark);
    }
    auto key =
        read_secret<crypto::SecretKey>(table, "private_key", "private_key_file", parse_private_key);
    if (!key) {
      source_.fail(value.at, "[interface] has neither `private_key_file` nor `private_key`",
                   "umask 077; warren genkey > wr0.key; then private_key_file = \"wr0.key\"");
    }
    interface.private_key = *std::move(key);
  }

  Kind read_kind(const Entry& entry) const {
    const std::string& kind = *entry.value.get_if<std::string>();
    if (kind == "tun") return Kind::tun;
    if (kind == "tap") return Kind::tap;
    source_.fail(entry.value.at, "`kind` is \"tun\" or \"tap\"");
  }

  crypto::Cipher read_cipher(const Entry& entry) const {
    const auto cipher = crypto::cipher_from_name(*entry.value.get_if<std::string>());
    if (!cipher) {
      source_.fail(entry.value.at, "`cipher` is \"chacha20-poly1305\" or \"aes-256-gcm\"");
    }
    return *cipher;
  }

  void read_addresses(const Entry& entry, Interface& interface) const {
    std::map<base::IpAddress, Position> seen;
    for (const Value& item : entry.value.get_if<Array>()->items) {
      const auto address =
          require(parse_interface_address(*item.get_if<std::string>()), item.at, entry.key);
      const auto [before, is_new] = seen.emplace(address.address, item.at);
      if (!is_new) {
        source_.fail(item.at, fmt::format("the address {} stands here twice (first on line {})",
                                          address.address.to_string(), before->second.line));
      }
      interface.addresses.push_back(address);
    }
  }

  /// A secret that stands in the file or in a file of its own. Empty when neither is there.
  template <class Secret, class Parse>
  std::optional<Secret> read_secret(const Table& table, std::string_view inline_key,
                                    std::string_view file_key, Parse parse) {
    const Entry* text = table.find(inline_key);
    const Entry* path = table.find(file_key);
    if (text != nullptr && path != nullptr) {
      const auto& [first, second] = std::minmax(text->at, path->at);
      source_.fail(second,
                   fmt::format("both `{}` (line {}) and `{}` (line {})", inline_key, text->at.line,
                               file_key, path->at.line),
                   "keep one of them");
    }
    if (text != nullptr) {
      has_inline_secret_ = true;
      return std::optional<Secret>(text_field(*text, parse));
    }
    if (path == nullptr) return {};
    std::string key = read_key_file(*path);
    if (!read_key_files_) return Secret();
    auto parsed = parse(key);
    crypto::wipe(std::as_writable_bytes(std::span(key)));
    if (!parsed) {
      source_.fail(path->value.at,
                   fmt::format("key file {}: {}", key_path(*path).native(), parsed.error().message),
                   parsed.error().hint);
    }
    return std::optional<Secret>(*std::move(parsed));
  }

  [[nodiscard]] std::filesystem::path key_path(const Entry& entry) const {
    return file_.parent_path() / *entry.value.get_if<std::string>();
  }

  /// The text of a key file without the white space around it.
  [[nodiscard]] std::string read_key_file(const Entry& entry) const {
    if (entry.value.get_if<std::string>()->empty()) {
      source_.fail(entry.value.at, fmt::format("`{}` names no file", entry.key));
    }
    if (!read_key_files_) return {};
    const std::filesystem::path path = key_path(entry);
    FileText file;
    try {
      file = read_file(path, kMaxKeyFileBytes);
    } catch (const base::SystemError& error) {
      std::string hint = error.hint();
      if (error.error_number() == ENOENT) {
        hint = fmt::format("umask 077; warren {} > {}",
                           entry.key == "private_key_file" ? "genkey" : "genpsk", path.native());
      }
      source_.fail(entry.value.at, fmt::format("key file: {}", error.what()), hint);
    } catch (const ConfigError& error) {
      source_.fail(entry.value.at, fmt::format("key file {}", error.what()), error.hint());
    }
    if (is_open_to_others(file.mode)) {
      crypto::wipe(std::as_writable_bytes(std::span(file.text)));
      source_.fail(
          entry.value.at,
          fmt::format("key file {} is open to others (mode {:04o})", path.native(), file.mode),
          chmod_hint(path));
    }
    const std::size_t begin = file.text.find_first_not_of(kWhitespace);
    const std::size_t end = file.text.find_last_not_of(kWhitespace);
    std::string key =
        begin == std::string::npos ? std::string() : file.text.substr(begin, end - begin + 1);
    crypto::wipe(std::as_writable_bytes(std::span(file.text)));
    return key;
  }

  Peer read_peer(const Value& value, const Interface& interface) {
    const Table& table = *value.get_if<Table>();
    Peer peer;
    const Entry* key = table.find("public_key");
    if (key == nullptr) {
      source_.fail(value.at, "this [[peer]] has no `public_key`",
                   "the peer's `warren pubkey` prints it");
    }
    peer.public_key = text_field(*key, parse_public_key);
    check_public_key(peer.public_key, *key);
    if (const Entry* name = table.find("name")) read_peer_name(*name, peer);
    auto preshared = read_secret<std::optional<crypto::PresharedKey>>(
        table, "preshared_key", "preshared_key_file", parse_preshared_key);
    if (preshared) peer.preshared_key = *std::move(preshared);
    if (const Entry* endpoint = table.find("endpoint")) {
      peer.endpoint = text_field(*endpoint, parse_endpoint);
    }
    if (const Entry* allowed = table.find("allowed_ips")) {
      if (interface.kind == Kind::tap) {
        source_.fail(allowed->at, "`allowed_ips` needs kind = \"tun\"",
                     "a tap interface carries Ethernet frames and finds peers by MAC address");
      }
      read_allowed_ips(*allowed, peer);
    }
    if (const Entry* keepalive = table.find("persistent_keepalive")) {
      peer.persistent_keepalive_s =
          static_cast<std::uint16_t>(number_or_word(*keepalive, 65535, parse_keepalive));
    }
    return peer;
  }

  void check_public_key(const crypto::PublicKey& key, const Entry& entry) {
    if (own_key_ && key == *own_key_) {
      source_.fail(entry.value.at, "this peer has this interface's own public key",
                   "a peer's `public_key` belongs to the other end's private key");
    }
    const auto [before, is_new] = keys_.emplace(key, entry.at);
    if (!is_new) {
      source_.fail(
          entry.value.at,
          fmt::format("two peers have this public key: here and on line {}", before->second.line),
          "merge them into one [[peer]]");
    }
  }

  void read_peer_name(const Entry& entry, Peer& peer) {
    peer.name = *entry.value.get_if<std::string>();
    if (const auto bad = check_peer_name(peer.name)) fail(*bad, entry.value.at, "name");
    const auto [before, is_new] = names_.emplace(peer.name, entry.at);
    if (!is_new) {
      source_.fail(entry.value.at, fmt::format("two peers have this name: here and on line {}",
                                               before->second.line));
    }
  }

  void read_allowed_ips(const Entry& entry, Peer& peer) {
    for (const Value& item : entry.value.get_if<Array>()->items) {
      const auto network = require(parse_network(*item.get_if<std::string>()), item.at, entry.key);
      const auto [before, is_new] = networks_.emplace(network, Owner{item.at, peer.public_key});
      if (!is_new && before->second.peer == peer.public_key) {
        source_.fail(item.at, fmt::format("the network {} stands here twice (first on line {})",
                                          network.to_string(), before->second.at.line));
      }
      if (!is_new) {
        source_.fail(item.at,
                     fmt::format("the network {} is given to two peers: here and on line {}",
                                 network.to_string(), before->second.at.line),
                     "one of them may have a more specific part of it");
      }
      peer.allowed_ips.push_back(network);
      has_v6_ = has_v6_ || !network.address().is_v4();
    }
  }

  void check_mtu_for_v6(const Tunnel& tunnel) const {
    const Interface& interface = tunnel.interface;
    const bool has_v6 = has_v6_ || std::ranges::any_of(interface.addresses, [](const auto& each) {
                          return !each.address.is_v4();
                        });
    if (!interface.mtu) return;
    if (const auto bad = check_mtu(*interface.mtu, interface.kind, has_v6))
      fail(*bad, mtu_at_, "mtu");
  }

  struct Owner {
    Position at;
    crypto::PublicKey peer;
  };

  const Source& source_;
  const std::filesystem::path& file_;
  bool read_key_files_;
  std::optional<crypto::PublicKey> own_key_;
  std::unordered_map<crypto::PublicKey, Position> keys_;
  std::unordered_map<std::string, Position> names_;
  std::map<base::IpNetwork, Owner> networks_;
  bool has_v6_ = false;
  bool has_inline_secret_ = false;
  Position mtu_at_;
};

}  // namespace

Tunnel parse(std::string_view text, const std::filesystem::path& file, bool read_key_files) {
  const Source source(text, file.native());
  return Reader(source, file, read_key_files).read();
}

}  // namespace warren::config
