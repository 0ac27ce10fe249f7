#include "schema_document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace warren::lab::test {
namespace {

using json = nlohmann::ordered_json;

constexpr std::string_view kNumber = "[0-9]+(\\.[0-9]+)?";
constexpr std::string_view kZero = "0(\\.0+)?";
constexpr std::string_view kName = "[A-Za-z0-9][A-Za-z0-9._-]{0,39}";
constexpr std::string_view kInterface = "[!-$&-.0-9;-~]{1,15}";
constexpr std::string_view kNetwork = "[0-9A-Fa-f.:]+(/[0-9]{1,3})?";

std::string duration() {
  return fmt::format("({}|{} ?(ns|us|µs|ms|s|m|min|h))", kZero, kNumber);
}
std::string rate() {
  return fmt::format("{} ?(bit|kbit|Mbit|Gbit)(/s|ps)?", kNumber);
}
std::string share() {
  return fmt::format("({}|(100(\\.0+)?|[0-9]{{1,2}}(\\.[0-9]+)?) ?%)", kZero);
}

/// `quantity` with what makes a bound of it; `alone`: it can be met exactly.
std::string bound(const std::string& quantity, bool relative, bool alone) {
  const std::string width = relative ? fmt::format("({}|{} ?%)", quantity, kNumber) : quantity;
  return fmt::format("([<>]=? *{0}|{0} *(±|\\+-) *{1}|{0} *\\.\\. *{0}{2})", quantity, width,
                     alone ? "|" + quantity : "");
}

std::string unanchored(Format format) {
  switch (format) {
    case Format::name:
    case Format::node:
    case Format::link:
    case Format::profile:
    case Format::tunnel:
      return std::string(kName);
    case Format::duration:
      return duration();
    case Format::rate:
      return rate();
    case Format::rate_or_none:
      return fmt::format("(none|{})", rate());
    case Format::size:
      return fmt::format("{} ?(B|kB|MB|GB|KiB|MiB|GiB)?", kNumber);
    case Format::share:
      return share();
    case Format::bound_of_duration:
      return bound(duration(), true, false);
    case Format::bound_of_rate:
      return bound(rate(), true, false);
    case Format::bound_of_share:
      return bound(share(), false, true);
    case Format::bound_of_count:
      return bound(std::string(kNumber), true, true);
    case Format::address:
      return "[0-9A-Fa-f.:]+";
    case Format::network:
      return std::string(kNetwork);
    case Format::network_or_none:
      return fmt::format("(none|{})", kNetwork);
    case Format::interface_address:
      return "([0-9A-Fa-f.:]+/[0-9]{1,3})?";
    case Format::interface:
      return std::string(kInterface);
    case Format::node_end:
      return fmt::format("{}(-\\*)?(:{})?", kName, kInterface);
    case Format::target:
      return "[!-~]+";
    case Format::selector:
      return "(any|udp|tcp|tcp\\.syn|tcp\\.fin|tcp\\.rst|icmp|arp)#[1-9][0-9]*";
    case Format::signal:
      return "(SIG)?(TERM|KILL|HUP|INT|QUIT|USR1|USR2|STOP|CONT|ABRT|ALRM|SEGV)";
    case Format::route:
      return fmt::format("(default|{})( +(via|dev|metric) +[!-~]+)+", kNetwork);
    case Format::text:
    case Format::regular_expression:
      break;
  }
  return {};
}

/// The name below $defs; empty for plain text.
std::string_view definition_of(Format format) {
  switch (format) {
    case Format::name:
      return "name";
    case Format::node:
      return "node";
    case Format::link:
      return "link";
    case Format::profile:
      return "profile";
    case Format::tunnel:
      return "tunnel";
    case Format::duration:
      return "duration";
    case Format::rate:
      return "rate";
    case Format::rate_or_none:
      return "rate_or_none";
    case Format::size:
      return "size";
    case Format::share:
      return "share";
    case Format::bound_of_duration:
      return "bound_of_duration";
    case Format::bound_of_rate:
      return "bound_of_rate";
    case Format::bound_of_share:
      return "bound_of_share";
    case Format::bound_of_count:
      return "bound_of_count";
    case Format::address:
      return "address";
    case Format::network:
      return "network";
    case Format::network_or_none:
      return "network_or_none";
    case Format::interface_address:
      return "interface_address";
    case Format::interface:
      return "interface";
    case Format::node_end:
      return "node_end";
    case Format::target:
      return "target";
    case Format::selector:
      return "selector";
    case Format::signal:
      return "signal";
    case Format::route:
      return "route";
    case Format::regular_expression:
      return "regular_expression";
    case Format::text:
      break;
  }
  return {};
}

json reference(std::string_view definition) {
  return {{"$ref", fmt::format("#/$defs/{}", definition)}};
}

/// A string in the key's format, or one of its choices.
json text_schema(const Key& key) {
  std::vector<json> ways;
  if (!key.choices.empty()) ways.push_back({{"enum", key.choices}});
  if (key.choices.empty() || key.format != Format::text) {
    const std::string_view definition = definition_of(key.format);
    ways.push_back(definition.empty() ? json{{"type", "string"}} : reference(definition));
  }
  return ways.size() == 1 ? ways.front() : json{{"anyOf", ways}};
}

/// Of several keys exactly one: what an expectation checks, what an event is about.
std::vector<std::string_view> alternatives(const Keys& keys) {
  std::vector<std::string_view> names;
  const bool is_expectation = find_key(keys, "together") != nullptr;
  const bool is_event = find_key(keys, "t") != nullptr;
  const bool is_readiness = find_key(keys, "log") != nullptr;
  for (const Key& key : keys.known) {
    const bool counts = (is_expectation && (key.types & kTable) != 0) ||
                        (is_event && (key.name == "link" || key.name == "node")) ||
                        (is_readiness && key.name != "within");
    if (counts) names.push_back(key.name);
  }
  return names;
}

/// What makes the schemas of two keys the same.
std::string identity(const Key& key) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", key.name, key.types,
                     static_cast<int>(key.format), key.summary, key.example,
                     static_cast<const void*>(key.table), fmt::join(key.choices, ","), key.least,
                     key.most);
}

/// The schemas of tables. A key that stands alike in several tables is defined once, below $defs.
class Tables {
 public:
  explicit Tables(const Keys& root) { count(root); }

  json schema_of(const Keys& keys) {
    json schema = {{"type", "object"}};
    if (keys.any != nullptr) {
      const bool by_name = keys.any->types == kTable;
      if (by_name) schema["propertyNames"] = reference("name");
      schema["additionalProperties"] = value_schema(*keys.any);
      return schema;
    }
    json required = json::array();
    for (const Key& key : keys.known) {
      schema["properties"][std::string(key.name)] = property(key);
      if (key.required) required.push_back(key.name);
    }
    schema["additionalProperties"] = false;
    if (!required.empty()) schema["required"] = required;
    for (const std::string_view name : alternatives(keys)) {
      schema["oneOf"].push_back({{"required", json::array({name})}});
    }
    return schema;
  }

  /// Those that the schemas made so far refer to.
  [[nodiscard]] const json& definitions() const { return definitions_; }

 private:
  void count(const Keys& keys) {
    if (!seen_.insert(&keys).second) return;
    for (const Key& key : keys.known) {
      ++uses_[identity(key)];
      if (key.table != nullptr) count(*key.table);
    }
    if (keys.any != nullptr && keys.any->table != nullptr) count(*keys.any->table);
  }

  json property(const Key& key) {
    const std::string id = identity(key);
    if (uses_.at(id) == 1) return value_schema(key);
    auto& name = names_[id];
    if (name.empty()) {
      // Keys of one name may mean different things in different tables.
      const unsigned number = ++numbers_[key.name];
      name = number == 1 ? fmt::format("key_{}", key.name)
                         : fmt::format("key_{}_{}", key.name, number);
      definitions_[name] = value_schema(key);
    }
    return reference(name);
  }

  /// A table that may also stand in a list is defined once, too.
  json table_schema(const Key& key) {
    // Settings of the kernel nest as deep as their names have dots.
    if (key.table == nullptr) return {{"type", "object"}};
    if ((key.types & kTable) == 0 || (key.types & kTableList) == 0) return schema_of(*key.table);
    const std::string name = fmt::format("table_{}", key.name);
    if (!definitions_.contains(name)) definitions_[name] = schema_of(*key.table);
    return reference(name);
  }

  std::vector<json> ways_of(const Key& key) {
    std::vector<json> ways;
    if ((key.types & kText) != 0) ways.push_back(text_schema(key));
    if ((key.types & kInteger) != 0) {
      json integer = {{"type", "integer"}};
      if (key.format != Format::bound_of_count) integer["minimum"] = key.least;
      if (key.most != 0) integer["maximum"] = key.most;
      ways.push_back(integer);
    }
    if ((key.types & kBoolean) != 0) ways.push_back({{"type", "boolean"}});
    if ((key.types & kTextList) != 0) {
      ways.push_back({{"type", "array"}, {"items", text_schema(key)}});
    }
    if ((key.types & kMixedList) != 0) {
      const json list = {{"type", "array"}, {"items", text_schema(key)}};
      ways.push_back({{"type", "array"},
                      {"items", {{"anyOf", json::array({text_schema(key), list})}}},
                      {"minItems", 2},
                      {"maxItems", 2}});
    }
    if ((key.types & kTable) != 0) ways.push_back(table_schema(key));
    if ((key.types & kTableList) != 0) {
      ways.push_back({{"type", "array"}, {"items", table_schema(key)}});
    }
    return ways;
  }

  json value_schema(const Key& key) {
    json schema = {{"description", key.summary}};
    if (!key.example.empty()) schema["examples"] = json::array({json::parse(key.example)});
    const std::vector<json> ways = ways_of(key);
    if (ways.size() == 1) {
      schema.update(ways.front());
    } else {
      schema["anyOf"] = ways;
    }
    return schema;
  }

  std::set<const Keys*> seen_;
  std::map<std::string, unsigned> uses_;                       // in different tables, by identity
  std::map<std::string, std::string> names_;                   // of definitions, by identity
  std::map<std::string_view, unsigned, std::less<>> numbers_;  // of definitions, by the key's name
  json definitions_ = json::object();
};

}  // namespace

std::string pattern_of(Format format) {
  const std::string pattern = unanchored(format);
  return pattern.empty() ? pattern : fmt::format("^{}$", pattern);
}

json schema_document() {
  json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "A lab of Warren"},
                 {"description",
                  "Nodes, links with impairments, tunnels, what happens when, and what must be "
                  "true (docs/LAB.md)"}};
  Tables tables(file_keys());
  schema.update(tables.schema_of(file_keys()));
  schema["required"] = json::array({"node"});
  json definitions = json::object();
  for (int i = 0; i <= static_cast<int>(Format::regular_expression); ++i) {
    const auto format = static_cast<Format>(i);
    if (format == Format::text) continue;
    json definition = {{"type", "string"}};
    if (format == Format::regular_expression) {
      definition["format"] = "regex";
      definition["maxLength"] = 1000;
    } else {
      definition["pattern"] = pattern_of(format);
    }
    definitions[std::string(definition_of(format))] = definition;
  }
  definitions.update(tables.definitions());
  schema["$defs"] = definitions;
  return schema;
}

}  // namespace warren::lab::test
