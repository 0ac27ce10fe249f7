#include "schema.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <warren/base/text.hpp>
#include <warren/config/values.hpp>

namespace warren::config {
namespace {

constexpr std::array kFileKeys = {
    KeySpec{"interface", Type::table, "this end of the tunnel", {}},
    KeySpec{"engine", Type::table, "how packets are moved", {}},
    KeySpec{"peer", Type::table_list, "one table for each other end", {}},
};

constexpr std::array kInterfaceKeys = {
    KeySpec{"name", Type::text, "name of the network interface", "\"wr0\""},
    KeySpec{"kind", Type::text, "\"tun\" for IP packets, \"tap\" for Ethernet frames", "\"tun\""},
    KeySpec{"hub", Type::boolean, "tap: forward frames between peers", "true"},
    KeySpec{"cipher", Type::text, "\"chacha20-poly1305\", or \"aes-256-gcm\" among Warren peers",
            "\"aes-256-gcm\""},
    KeySpec{"address", Type::text_list, "addresses of the interface, with prefix lengths",
            "[\"10.8.0.1/24\"]"},
    KeySpec{"private_key", Type::text, "private key, in base64", "\"…\""},
    KeySpec{"private_key_file", Type::text, "file that holds the private key", "\"wr0.key\""},
    KeySpec{"listen_port", Type::integer, "UDP port; 0 lets the kernel choose", "51820"},
    KeySpec{"mtu", Type::integer, "largest packet inside the tunnel, in bytes", "1420"},
    KeySpec{"fwmark", Type::integer_or_text, "mark of outgoing datagrams; 0 or \"off\" for none",
            "51820"},
    KeySpec{"routes", Type::boolean, "install routes for the peers' allowed_ips", "true"},
};

constexpr std::array kEngineKeys = {
    KeySpec{"tun_offload", Type::text,
            "\"auto\", \"tso\" or \"none\": super-packets of the interface", "\"auto\""},
    KeySpec{"udp_offload", Type::text,
            "\"auto\", \"gso\", \"gro\" or \"none\": batches of datagrams", "\"auto\""},
    KeySpec{"zero_copy", Type::boolean, "send without copying into the kernel", "true"},
    KeySpec{"aead", Type::text, "\"auto\", or the library that encrypts", "\"auto\""},
    KeySpec{"busy_poll_us", Type::integer, "microseconds to look for packets before sleeping",
            "50"},
    KeySpec{"scheduling", Type::text, "\"auto\" or \"ordinary\": before other threads under load",
            "\"auto\""},
};

constexpr std::array kPeerKeys = {
    KeySpec{"name", Type::text, "what the peer is called in status and log", "\"bob\""},
    KeySpec{"public_key", Type::text, "public key, in base64", "\"…\""},
    KeySpec{"preshared_key", Type::text, "preshared key, in base64", "\"…\""},
    KeySpec{"preshared_key_file", Type::text, "file that holds the preshared key", "\"bob.psk\""},
    KeySpec{"endpoint", Type::text, "where the peer is reached: host and port",
            "\"bob.example.org:51820\""},
    KeySpec{"allowed_ips", Type::text_list, "networks behind the peer", "[\"10.8.0.2/32\"]"},
    KeySpec{"persistent_keepalive", Type::integer_or_text,
            "seconds between keepalives; 0 or \"off\" for none", "25"},
};

std::string_view type_name(Type type) noexcept {
  switch (type) {
    case Type::text:
      return "a string";
    case Type::integer:
      return "a number";
    case Type::boolean:
      return "true or false";
    case Type::text_list:
      return "a list of strings";
    case Type::integer_or_text:
      return "a number or a string";
    case Type::table:
      return "a table";
    case Type::table_list:
      return "a list of tables";
  }
  return {};
}

void check_text(const Source& source, const Value& value, std::string_view key) {
  const auto* text = value.get_if<std::string>();
  if (text != nullptr && base::has_control_characters(*text)) {
    source.fail(value.at, fmt::format("`{}` has control characters in it", key));
  }
}

void check_type(const Source& source, const Entry& entry, const KeySpec& spec) {
  const Value& value = entry.value;
  const bool is_text = value.get_if<std::string>() != nullptr;
  const bool is_integer = value.get_if<std::int64_t>() != nullptr;
  const auto wrong = [&](const Value& at, std::string_view expected) {
    std::string hint;
    if (spec.type == Type::table) hint = fmt::format("write [{}]", spec.name);
    if (spec.type == Type::table_list) {
      hint = fmt::format("write [[{}]], with two brackets", spec.name);
    }
    if (hint.empty()) hint = fmt::format("write {} = {}", spec.name, spec.example);
    source.fail(at.at, fmt::format("`{}` is {}, not {}", spec.name, expected, at.type_name()),
                hint);
  };
  const auto require = [&](bool holds) {
    if (!holds) wrong(value, type_name(spec.type));
  };
  switch (spec.type) {
    case Type::text:
      require(is_text);
      break;
    case Type::integer:
      require(is_integer);
      break;
    case Type::boolean:
      require(value.get_if<bool>() != nullptr);
      break;
    case Type::integer_or_text:
      require(is_text || is_integer);
      break;
    case Type::table:
      require(value.get_if<Table>() != nullptr);
      break;
    case Type::text_list:
    case Type::table_list: {
      const auto* array = value.get_if<Array>();
      if (array == nullptr) return wrong(value, type_name(spec.type));
      for (const Value& item : array->items) {
        const bool fits = spec.type == Type::text_list ? item.get_if<std::string>() != nullptr
                                                       : item.get_if<Table>() != nullptr;
        if (!fits) wrong(item, type_name(spec.type));
        check_text(source, item, spec.name);
      }
      break;
    }
  }
  check_text(source, value, spec.name);
}

/// For a message: what stands in quotes in a TOML file may be a key of any characters.
std::string shown(std::string_view key) {
  constexpr std::size_t kMaxShown = 60;
  if (key.empty()) return "\"\"";
  if (key.size() > kMaxShown) return "(a long one)";
  return base::printable(key);
}

/// Known elsewhere in the file? Then the table is what is wrong, not the name.
std::string_view other_home(std::string_view key, std::span<const KeySpec> known) {
  const auto has = [&](std::span<const KeySpec> specs) {
    return specs.data() != known.data() &&
           std::ranges::find(specs, key, &KeySpec::name) != specs.end();
  };
  if (has(kInterfaceKeys)) return "[interface]";
  if (has(kEngineKeys)) return "[engine]";
  if (has(kPeerKeys)) return "[[peer]]";
  return {};
}

}  // namespace

std::span<const KeySpec> file_keys() noexcept {
  return kFileKeys;
}
std::span<const KeySpec> interface_keys() noexcept {
  return kInterfaceKeys;
}
std::span<const KeySpec> engine_keys() noexcept {
  return kEngineKeys;
}
std::span<const KeySpec> peer_keys() noexcept {
  return kPeerKeys;
}

std::string_view nearest_name(std::string_view name, std::span<const KeySpec> known) {
  std::vector<std::string_view> names;
  for (const KeySpec& spec : known) names.push_back(spec.name);
  return nearest_name(name, names, Swap::two_edits);
}

void check_keys(const Source& source, const Table& table, std::string_view where,
                std::span<const KeySpec> known) {
  for (const Entry& entry : table.entries) {
    const auto spec = std::ranges::find(known, entry.key, &KeySpec::name);
    if (spec != known.end()) {
      check_type(source, entry, *spec);
      continue;
    }
    const bool is_table = entry.value.get_if<Table>() != nullptr;
    std::string hint;
    if (const auto nearest = nearest_name(entry.key, known); !nearest.empty()) {
      hint = fmt::format("did you mean `{}`?", nearest);
    } else if (const auto home = other_home(entry.key, known); !home.empty()) {
      hint = fmt::format("`{}` belongs into {}", entry.key, home);
    } else {
      hint = "known here:";
      for (const KeySpec& each : known) {
        hint += fmt::format("{} {}", &each == known.data() ? "" : ",", each.name);
      }
    }
    source.fail(
        entry.at,
        fmt::format("unknown {} `{}` in {}", is_table ? "table" : "key", shown(entry.key), where),
        hint);
  }
}

}  // namespace warren::config
