// From a file to a topology: the steps and their order.
#include <fmt/core.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <system_error>

#include <warren/config/document.hpp>
#include <warren/config/model.hpp>
#include <warren/config/source.hpp>

#include "draft.hpp"
#include "limits.hpp"
#include "structure.hpp"
#include "subnets.hpp"

namespace warren::lab {

namespace {

constexpr std::string_view kDefaultIpv4 = "10.0.0.0/16";

/// The file's stem as a name: what may not be in one becomes `-`.
std::string default_name(const std::filesystem::path& file) {
  std::string name = file.stem().string().substr(0, kMaxName);
  for (char& c : name) {
    if (check_name(std::string("a") + c)) c = '-';
  }
  return check_name(name) ? "lab" : name;
}

std::optional<Pool> read_pool(const Fields& fields, std::string_view key, base::Family family,
                              std::optional<std::string_view> fallback) {
  const bool written = fields.has(key);
  if (!written && !fallback) return {};
  if (fields.text(key) == "none") return {};
  const base::IpNetwork network =
      written ? *fields.value(key, config::parse_network) : *base::IpNetwork::parse(*fallback);
  if (network.address().family() != family) {
    fields.fail(key, fmt::format("{} is of the other family", network.to_string()),
                "ipv4 = \"10.0.0.0/16\", ipv6 = \"fd00:1ab::/48\"");
  }
  if (const auto why = unusable(network)) {
    fields.fail(key, fmt::format("{} {}", network.to_string(), *why),
                "ipv4 = \"10.0.0.0/16\", ipv6 = \"fd00:1ab::/48\"");
  }
  const unsigned longest = family == base::Family::v4 ? 30 : 64;
  if (network.prefix() > longest) {
    fields.fail(key, fmt::format("{} is too small to be divided", network.to_string()),
                fmt::format("a prefix length of at most {}", longest));
  }
  return Pool{
      .network = network, .at = fields.at(key), .next = network.address(), .exhausted = false};
}

/// `object` where it is; else of that name in a folder of $WARREN_LAB_PATH (what a build makes is
/// seldom beside the lab's file); `object` again when it is nowhere.
std::filesystem::path find_object(const std::filesystem::path& object) {
  std::error_code error;
  if (std::filesystem::exists(object, error)) return object;
  const char* const path = std::getenv("WARREN_LAB_PATH");
  std::stringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const auto found = std::filesystem::path(folder) / object.filename();
    if (!folder.empty() && std::filesystem::exists(found, error)) return found;
  }
  return object;
}

}  // namespace

void read_lab(Draft& draft, const std::filesystem::path& file) {
  static const config::Table kNothing;
  const auto written = draft.document.inner("lab");
  const Fields fields = written.value_or(Fields(draft.source, kNothing, {}));
  Topology& topology = draft.topology;
  topology.file = file;
  topology.name = default_name(file);
  if (const auto name = fields.text("name")) {
    fields.check("name", fields.at("name"), check_name(*name));
    topology.name = *name;
  }
  topology.seed = static_cast<std::uint64_t>(fields.integer("seed").value_or(0));
  draft.ipv4 = read_pool(fields, "ipv4", base::Family::v4, kDefaultIpv4);
  draft.ipv6 = read_pool(fields, "ipv6", base::Family::v6, {});
  draft.compute_routes = fields.text("routes").value_or("auto") == "auto";
  topology.timeout = fields.duration("timeout").value_or(topology.timeout);
  if (topology.timeout == base::Duration{}) fields.fail("timeout", "no test ends in no time");
  topology.allow_overrun = fields.boolean("allow_overrun").value_or(false);
}

void read_profiles(Draft& draft) {
  const auto profiles = draft.document.inner("profile");
  if (!profiles) return;
  for (const config::Entry& entry : profiles->table().entries) {
    draft.check_new_name(entry.key, entry.at, "profile");
    const Fields fields(draft.source, *entry.value.get_if<config::Table>(), entry.value.at);
    Impairment impairment;
    read_impairment(fields, draft.files, true, impairment);
    draft.profiles.emplace(entry.key, std::move(impairment));
  }
}

Topology parse_topology(std::string_view text, const std::filesystem::path& file, bool read_files) {
  const config::Source source(text, file.native(), false);
  const config::Table document = config::parse_document(source);
  check_structure(source, document);
  Draft draft(source, document, {.directory = file.parent_path(), .read = read_files});
  read_lab(draft, file);
  read_profiles(draft);
  read_nodes(draft);
  read_links(draft);
  refuse_loops(draft);
  read_programs(draft);
  give_addresses(draft);
  read_tunnels(draft);
  compute_routes(draft);
  read_events(draft);
  read_expectations(draft);
  return std::move(draft.topology);
}

Topology load_topology(const std::filesystem::path& file) {
  Topology topology = parse_topology(config::read_text_file(file), file);
  for (Node& node : topology.nodes) {
    if (node.xdp) node.xdp->object = find_object(file.parent_path() / node.xdp->object);
  }
  return topology;
}

}  // namespace warren::lab
