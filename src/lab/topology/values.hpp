// Quantities and names as a lab's file writes them. Pure text: the caller adds the place.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <warren/base/time.hpp>
#include <warren/config/values.hpp>
#include <warren/impair/settings.hpp>
#include <warren/lab/topology.hpp>

namespace warren::lab {

using config::Parsed;
using config::Problem;

/// "35ms", "2s", "1.5s", "150us", "10ns", "2m", "1h", "0": not negative, at most a day.
Parsed<base::Duration> parse_duration(std::string_view text);
/// "20Mbit", "1.5Gbit", "500kbit", "64bit" (powers of 1000, "/s" and "ps" allowed behind them) to
/// bits per second; not 0, at most 100 Gbit/s.
Parsed<std::uint64_t> parse_rate(std::string_view text);
/// "64KiB", "4MiB", "1GiB", "10kB", "1500B", "1500" to bytes.
Parsed<std::uint64_t> parse_size(std::string_view text);
/// "1%", "0.5%": 0 to 100 %, to 0 to 1.
Parsed<impair::Probability> parse_share(std::string_view text);

enum class Quantity : std::uint8_t { duration, rate, share, count };
/// "70ms±4ms" ("+-" too; "20Mbit±2%" of the value), "<80ms", "<=80ms", ">10", ">=10",
/// "0.5%..1.5%", and a value alone where it can be met exactly (counts and shares).
Parsed<Bound> parse_bound(std::string_view text, Quantity quantity);

/// By impair::Selector::Kind.
inline constexpr std::array<std::string_view, 8> kSelectorKinds{
    "any", "udp", "tcp", "tcp.syn", "tcp.fin", "tcp.rst", "icmp", "arp"};
/// "udp#3": kind and number, from 1.
Parsed<impair::Selector> parse_selector(std::string_view text);
/// "TERM", "SIGTERM".
Parsed<int> parse_signal(std::string_view text);

/// Empty when `name` can name a lab, node, link, profile or program: letters, digits, `-`, `_`,
/// `.`, beginning with a letter or digit, at most 40.
std::optional<Problem> check_name(std::string_view name);
/// Empty when `name` can name a device that the lab makes: not one that every node has already.
std::optional<Problem> check_device_name(std::string_view name);
/// Empty when `text` is a regular expression (of lab::Pattern).
std::optional<Problem> check_regex(const std::string& text);

}  // namespace warren::lab
