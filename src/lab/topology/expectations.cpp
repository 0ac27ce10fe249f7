// [[expect]]: what must be true. Each has exactly one check (checks.cpp).
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "checks.hpp"
#include "draft.hpp"
#include "ports.hpp"
#include "targets.hpp"

namespace warren::lab {
namespace {

struct Kind {
  std::string_view name;
  Check (Checks::*read)(const Fields&);
};
constexpr std::array kKinds = {
    Kind{"ping", &Checks::ping},
    Kind{"rtt", &Checks::rtt},
    Kind{"tcp", &Checks::tcp},
    Kind{"udp", &Checks::udp},
    Kind{"loss", &Checks::loss},
    Kind{"run", &Checks::run},
    Kind{"no_plaintext", &Checks::no_plaintext},
    Kind{"route", &Checks::route},
    Kind{"handshake", &Checks::handshake},
    Kind{"counters", &Checks::counters},
    Kind{"file", &Checks::file},
};

const Kind& kind_of(const Fields& fields) {
  const Kind* found = nullptr;
  for (const Kind& kind : kKinds) {
    if (!fields.has(kind.name)) continue;
    if (found != nullptr) {
      fields.source().fail(
          fields.find(kind.name)->at,
          fmt::format("an expectation has one check, and this one has `{}` and `{}`", found->name,
                      kind.name),
          "write an [[expect]] for each");
    }
    found = &kind;
  }
  if (found != nullptr) return *found;
  std::vector<std::string_view> names;
  names.reserve(std::size(kKinds));
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  fields.source().fail(fields.at(), "an expectation needs a check",
                       fmt::format("one of: {}", fmt::join(names, ", ")));
}

/// "ping alice to bob", for an expectation without a name.
std::string default_name(const Kind& kind, const Fields& check) {
  std::string name(kind.name);
  for (const std::string_view key : {"from", "node", "link", "tunnel", "path"}) {
    if (const auto text = check.text(key)) name += ' ' + *text;
  }
  if (const auto to = check.text("to")) name += " to " + *to;
  return name;
}

/// Names tell results apart, in reports too.
class Names {
 public:
  std::string choose(const std::string& wanted) {
    std::string name = wanted;
    for (std::size_t number = 2; !taken_.insert(name).second; ++number) {
      name = fmt::format("{} ({})", wanted, number);
    }
    return name;
  }
  bool take(const std::string& name) { return taken_.insert(name).second; }

 private:
  std::set<std::string> taken_;
};

/// How long a check takes when it holds, at the least.
base::Duration least_time(const Check& check) {
  const auto seconds = [](double count) {
    return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(count));
  };
  if (const auto* ping = std::get_if<ExpectPing>(&check)) {
    return ping->reachable ? base::Duration{} : ping->within;
  }
  if (const auto* rtt = std::get_if<ExpectRtt>(&check)) return rtt->interval * (rtt->count - 1);
  if (const auto* tcp = std::get_if<ExpectTcp>(&check)) {
    return tcp->bytes ? base::Duration{} : tcp->duration;
  }
  const auto* udp = std::get_if<ExpectUdp>(&check);
  if (udp == nullptr) return {};
  if (!udp->count) return udp->duration;
  const auto count = static_cast<double>(*udp->count);
  if (udp->packets_per_s > 0) return seconds(count / static_cast<double>(udp->packets_per_s));
  if (udp->rate_bps == 0) return {};
  return seconds(count * udp->payload_bytes * 8 / static_cast<double>(udp->rate_bps));
}

/// `tables`: as the expectations.
void give_all_ports(std::span<Expectation> expectations, std::span<const Fields> tables) {
  for (std::size_t begin = 0; begin < expectations.size();) {
    std::size_t end = begin + 1;
    while (end < expectations.size() && expectations[end].together) ++end;
    give_ports(expectations.subspan(begin, end - begin), tables.subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace

void read_expectations(Draft& draft) {
  Targets targets(draft);
  Checks checks(draft, targets);
  Names names;
  const std::vector<Fields> written = draft.document.list("expect");
  std::vector<Fields> tables;
  tables.reserve(written.size());
  for (const Fields& fields : written) {
    const auto name = fields.text("name");
    if (!name) continue;
    if (name->empty()) fields.fail("name", "it is empty", "say in words what is expected");
    if (!names.take(*name)) {
      fields.fail("name", fmt::format("an expectation called {} is there already",
                                      config::in_quotes(*name)));
    }
  }
  for (const Fields& fields : written) {
    const Kind& kind = kind_of(fields);
    const Fields check = *fields.inner(kind.name);
    Expectation expectation;
    expectation.place = place_of(fields.at());
    expectation.check = (checks.*kind.read)(check);
    expectation.name =
        fields.has("name") ? *fields.text("name") : names.choose(default_name(kind, check));
    expectation.after = fields.duration("after").value_or(base::Duration{});
    if (expectation.after > draft.topology.timeout) {
      fields.fail("after", "the scenario is over by then", kRaiseTimeout);
    }
    if (expectation.after + least_time(expectation.check) > draft.topology.timeout) {
      draft.source.fail(check.at(), fmt::format("`{}` takes longer than the scenario", kind.name),
                        kRaiseTimeout);
    }
    expectation.together = fields.boolean("together").value_or(false);
    if (expectation.together && draft.topology.expectations.empty()) {
      fields.fail("together", "there is no expectation before this one");
    }
    draft.topology.expectations.push_back(std::move(expectation));
    tables.push_back(check);
  }
  give_all_ports(draft.topology.expectations, tables);
}

}  // namespace warren::lab
