// Settings in words, and settings from `lab set`.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <warren/config/document.hpp>
#include <warren/config/model.hpp>
#include <warren/config/source.hpp>
#include <warren/impair/trace.hpp>

#include "impairment.hpp"
#include "keys.hpp"
#include "structure.hpp"
#include "values.hpp"

namespace warren::lab {
namespace {

/// 6 digits at most, and no zeros behind the point.
std::string number(double value) {
  return fmt::format("{:.6g}", value);
}

std::string duration(base::Duration value) {
  const auto ns = static_cast<double>(value.count());
  if (std::abs(ns) >= 1e9) return number(ns / 1e9) + " s";
  if (std::abs(ns) >= 1e6) return number(ns / 1e6) + " ms";
  if (std::abs(ns) >= 1e3) return number(ns / 1e3) + " µs";
  return number(ns) + " ns";
}

std::string share(double value) {
  return number(value * 100) + "%";
}

std::string rate(double bps) {
  if (bps >= 1e9) return number(bps / 1e9) + " Gbit/s";
  if (bps >= 1e6) return number(bps / 1e6) + " Mbit/s";
  if (bps >= 1e3) return number(bps / 1e3) + " kbit/s";
  return number(bps) + " bit/s";
}

std::string bytes(std::uint64_t value) {
  if (value >= 1U << 20U && value % (1U << 20U) == 0) return fmt::format("{} MiB", value >> 20U);
  if (value >= 1U << 10U && value % (1U << 10U) == 0) return fmt::format("{} KiB", value >> 10U);
  return fmt::format("{} bytes", value);
}

std::string describe_loss(const impair::Loss& loss) {
  if (const auto* each = std::get_if<impair::BernoulliLoss>(&loss)) return "loss " + share(each->p);
  const auto* chain = std::get_if<impair::GilbertElliottLoss>(&loss);
  if (chain == nullptr) return {};
  std::string text = fmt::format("gilbert loss {}/{}", share(chain->p), share(chain->r));
  if (chain->loss_bad != 1 || chain->loss_good != 0) {
    text += fmt::format(" ({} bad, {} good)", share(chain->loss_bad), share(chain->loss_good));
  }
  return text;
}

std::string describe_delay(const impair::Settings& settings) {
  if (settings.delay.count() == 0 && !settings.jitter) return {};
  std::string text = duration(settings.delay);
  if (!settings.jitter) return text;
  static constexpr std::array<std::string_view, 3> kNames = {"uniform", "normal", "pareto"};
  return fmt::format("{} ± {} {}", text, duration(settings.jitter->amount),
                     kNames.at(static_cast<std::size_t>(settings.jitter->distribution)));
}

std::string describe_rate(const impair::Settings& settings) {
  if (settings.rate_bps == 0 && !settings.trace) return {};
  std::string text = settings.trace
                         ? fmt::format("trace of {}", rate(settings.trace->mean_rate_bps()))
                         : rate(static_cast<double>(settings.rate_bps));
  if (settings.queue.discipline == impair::Discipline::codel) text += " codel";
  if (settings.queue.bytes) text += fmt::format(" queue {}", bytes(*settings.queue.bytes));
  return text;
}

std::string describe_drop(const impair::Settings& settings) {
  std::string text;
  for (const impair::Selector& selector : settings.drop) {
    text +=
        fmt::format("{}{}#{}", text.empty() ? "drop " : " ",
                    kSelectorKinds.at(static_cast<std::size_t>(selector.kind)), selector.number);
  }
  return text;
}

// ---- lab set -----------------------------------------------------------------------------------

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 18 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// "delay=20ms": what stands behind the `=` as TOML would have it.
config::Value value_of(std::string_view text, const Key& key, config::Position at) {
  config::Value value{.at = at, .data = std::string(text)};
  if ((key.types & kBoolean) != 0 && (text == "true" || text == "false")) {
    value.data = text == "true";
  } else if ((key.types & kInteger) != 0 && is_number(text)) {
    value.data = static_cast<std::int64_t>(std::stoll(std::string(text)));
  } else if ((key.types & kTextList) != 0) {
    config::Array array;
    while (!text.empty()) {
      const std::size_t comma = std::min(text.find(','), text.size());
      if (comma > 0) array.items.push_back({.at = at, .data = std::string(text.substr(0, comma))});
      text.remove_prefix(std::min(comma + 1, text.size()));
    }
    value.data = std::move(array);
  }
  return value;
}

/// Adds "queue.bytes" as a key of a table `queue`.
void add(config::Table& table, const Keys& keys, std::string_view path, std::string_view text,
         config::Position key_at, config::Position value_at) {
  const std::size_t dot = path.find('.');
  const std::string_view name = path.substr(0, dot);
  const Key* key = find_key(keys, name);
  auto found = std::ranges::find(table.entries, name, &config::Entry::key);
  if (dot != std::string_view::npos && key != nullptr && key->table != nullptr) {
    if (found == table.entries.end() || found->value.get_if<config::Table>() == nullptr) {
      if (found != table.entries.end()) table.entries.erase(found);
      table.entries.push_back(
          {std::string(name), key_at, config::Value{.at = key_at, .data = config::Table{}}});
      found = std::prev(table.entries.end());
    }
    add(std::get<config::Table>(found->value.data), *key->table, path.substr(dot + 1), text, key_at,
        value_at);
    return;
  }
  // An unknown key is complained of with all others.
  const Key unknown{.name = path};
  if (found != table.entries.end()) table.entries.erase(found);
  table.entries.push_back({std::string(key == nullptr ? path : name), key_at,
                           value_of(text, key == nullptr ? unknown : *key, value_at)});
}

}  // namespace

std::string describe(const impair::Settings& settings) {
  std::string text;
  const auto add_part = [&](const std::string& part) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  };
  if (!settings.up) add_part("down");
  add_part(describe_delay(settings));
  add_part(describe_loss(settings.loss));
  add_part(describe_rate(settings));
  if (settings.duplicate > 0) add_part("duplicate " + share(settings.duplicate));
  if (settings.reorder) add_part("reorder " + share(settings.reorder->p));
  if (settings.corrupt > 0) add_part("corrupt " + share(settings.corrupt));
  add_part(describe_drop(settings));
  if (settings.mtu != 0) add_part(fmt::format("mtu {}", settings.mtu));
  return text;
}

impair::Settings change_settings(const impair::Settings& base,
                                 const std::vector<std::string>& assignments,
                                 const std::filesystem::path& directory) {
  std::string line;
  for (const std::string& assignment : assignments) {
    line += (line.empty() ? "" : " ") + assignment;
  }
  const config::Source source(line, "settings", false);
  Impairment changed{.settings = base, .places = {}};
  config::Table table;
  std::uint32_t column = 1;
  for (const std::string& assignment : assignments) {
    const config::Position at{.line = 1, .column = column};
    column += static_cast<std::uint32_t>(
        std::ranges::count_if(
            assignment, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }) +
        1);
    if (assignment == "reset") {
      changed.settings = {};
      table.entries.clear();
      continue;
    }
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0) {
      source.fail(at, fmt::format("{} is no KEY=VALUE", config::in_quotes(assignment)),
                  "for example delay=20ms loss=1% up=false queue.discipline=codel, or reset");
    }
    const auto value_column = at.column + static_cast<std::uint32_t>(equals) + 1;
    add(table, impairment_keys(), std::string_view(assignment).substr(0, equals),
        std::string_view(assignment).substr(equals + 1), at, {.line = 1, .column = value_column});
  }
  check_table(source, table, {}, "the settings of a link", impairment_keys());
  const config::Table& checked = table;
  read_impairment(Fields(source, checked, {}), {.directory = directory, .read = true}, true,
                  changed);
  check_impairment(source, changed, true);
  return changed.settings;
}

}  // namespace warren::lab
