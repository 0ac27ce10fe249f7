#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <warren/base/drop.hpp>
#include <warren/base/units.hpp>
#include <warren/control/status.hpp>
#include <warren/protocol/event.hpp>

namespace warren::control {
namespace {

using nlohmann::json;

// Writes "key: value" lines in the layout and the colours of `wg show`.
class Text {
 public:
  explicit Text(bool colour) : colour_(colour) {}

  void heading(std::string_view key, std::string_view value, std::string_view escape) {
    fmt::format_to(to(), "{}{}{}: {}{}{}\n", escape_of(escape), escape_of("\x1b[1m"), key,
                   escape_of("\x1b[22m"), value, escape_of("\x1b[0m"));
  }
  void line(std::string_view key, std::string_view value) {
    fmt::format_to(to(), "  {}{}{}: {}\n", escape_of("\x1b[1m"), key, escape_of("\x1b[0m"), value);
  }
  void warning(std::string_view key, std::string_view value) {
    fmt::format_to(to(), "  {}{}{}: {}\n", escape_of("\x1b[1m\x1b[33m"), key, escape_of("\x1b[0m"),
                   value);
  }
  void blank() { text_ += '\n'; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::back_insert_iterator<std::string> to() { return std::back_inserter(text_); }
  [[nodiscard]] std::string_view escape_of(std::string_view escape) const {
    return colour_ ? escape : std::string_view{};
  }

  bool colour_;
  std::string text_;
};

constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";

std::string joined(const json& list) {
  if (list.empty()) return "(none)";
  return fmt::format("{}", fmt::join(list.get<std::vector<std::string>>(), ", "));
}

void render_interface(const json& status, Text& text) {
  const json& interface = status.at("interface");
  text.heading("interface", interface.at("name").get<std::string>(), kGreen);
  if (interface.at("kind") != "tun") text.line("kind", interface.at("kind").get<std::string>());
  if (interface.at("cipher") != "chacha20-poly1305") {
    text.line("cipher", interface.at("cipher").get<std::string>());
  }
  if (!interface.at("public_key").is_null()) {
    text.line("public key", interface.at("public_key").get<std::string>());
    text.line("private key", "(hidden)");
  }
  if (const auto port = interface.at("listen_port").get<std::uint32_t>(); port != 0) {
    text.line("listening port", std::to_string(port));
  }
  if (const auto mark = interface.at("fwmark").get<std::uint32_t>(); mark != 0) {
    text.line("fwmark", fmt::format("{:#x}", mark));
  }
  if (!interface.at("addresses").empty()) text.line("addresses", joined(interface.at("addresses")));
  text.line("mtu", std::to_string(interface.at("mtu").get<std::uint32_t>()));
  if (!interface.at("up").get<bool>()) text.warning("state", "down");
}

void render_peer(const json& peer, Text& text) {
  text.heading("peer", peer.at("public_key").get<std::string>(), kYellow);
  if (const auto name = peer.at("name").get<std::string>(); !name.empty()) text.line("name", name);
  if (peer.at("preshared_key").get<bool>()) text.line("preshared key", "(hidden)");
  if (!peer.at("endpoint").is_null()) text.line("endpoint", peer.at("endpoint").get<std::string>());
  text.line("allowed ips", joined(peer.at("allowed_ips")));
  if (const json& age = peer.at("latest_handshake_age_s"); !age.is_null()) {
    const auto ago =
        std::chrono::floor<std::chrono::seconds>(std::chrono::duration<double>(age.get<double>()));
    std::string shown = ago.count() == 0 ? "Now" : base::format_age(ago) + " ago";
    if (const json& took = peer.at("handshake_duration_ms"); !took.is_null()) {
      shown += fmt::format(", took {:.2f} ms", took.get<double>());
    }
    text.line("latest handshake", shown);
  }
  const auto rx = peer.at("rx_bytes").get<std::uint64_t>();
  const auto tx = peer.at("tx_bytes").get<std::uint64_t>();
  if (rx != 0 || tx != 0) {
    text.line("transfer",
              fmt::format("{} received, {} sent", base::format_size(rx), base::format_size(tx)));
  }
  if (const auto keepalive = peer.at("persistent_keepalive_s").get<std::uint32_t>();
      keepalive != 0) {
    text.line("persistent keepalive",
              fmt::format("every {} second{}", keepalive, keepalive == 1 ? "" : "s"));
  }
}

// The counters that are not zero, under their one-line texts.
template <class Enum>
void render_counters(const json& counters, std::size_t count,
                     std::string_view (*name)(Enum) noexcept,
                     std::string_view (*explain)(Enum) noexcept, std::string_view heading,
                     Text& text) {
  bool first = true;
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<Enum>(i);
    const auto n = counters.value(std::string(name(value)), std::uint64_t{0});
    if (n == 0) continue;
    if (first) {
      text.blank();
      text.heading(heading, "", "");
      first = false;
    }
    text.warning(name(value), fmt::format("{} ({})", n, explain(value)));
  }
}

void render_features(const json& status, Text& text) {
  if (status.at("features").empty()) return;
  text.blank();
  text.heading("features", "", "");
  for (const json& feature : status.at("features")) {
    const auto name = feature.at("name").get<std::string>();
    const auto state = feature.at("state").get<std::string>();
    const bool degraded = feature.at("degraded").get<bool>();
    const bool forced = feature.at("forced").get<bool>();
    if (degraded) {
      text.warning(name, state + (forced ? " (forced, degraded)" : " (degraded)"));
    } else {
      text.line(name, state + (forced ? " (forced)" : ""));
    }
  }
}

}  // namespace

std::string render_status(const json& status, bool colour) {
  Text text(colour);
  render_interface(status, text);
  for (const json& peer : status.at("peers")) {
    text.blank();
    render_peer(peer, text);
  }
  render_counters<base::Drop>(status.at("drops"), base::kDropCount, base::drop_name,
                              base::drop_text, "drops", text);
  render_counters<protocol::HandshakeFailure>(
      status.at("handshakes").at("failures"), protocol::kHandshakeFailureCount,
      protocol::failure_name, protocol::failure_text, "failed handshakes", text);
  render_features(status, text);
  return text.take();
}

}  // namespace warren::control
