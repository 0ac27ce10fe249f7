// A result as JSON, for the pipe between a lab's process and the one that runs tests, and for
// people's own tools. Durations are nanoseconds, wall times nanoseconds since the Unix epoch.
#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include <warren/base/error.hpp>
#include <warren/impair/pipeline.hpp>
#include <warren/lab/report.hpp>

#include "escape.hpp"

namespace warren::lab {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kOutcomes{"passed", "failed", "skipped", "error"};
constexpr std::array<std::string_view, 4> kIncidentKinds{"event", "program", "tunnel", "note"};

template <class Enum, std::size_t N>
std::string_view name_of(Enum value, const std::array<std::string_view, N>& names) {
  return names.at(static_cast<std::size_t>(value));
}

template <class Enum, std::size_t N>
Enum enum_of(const json& value, const std::array<std::string_view, N>& names) {
  const auto& text = value.get_ref<const std::string&>();
  for (std::size_t i = 0; i < N; ++i) {
    if (names.at(i) == text) return static_cast<Enum>(i);
  }
  throw base::Error(fmt::format("a lab's result names `{}`, which is not known", text));
}

// json's own dump() throws on what is not UTF-8.
json text(std::string_view value) {
  return clean_utf8(value);
}

base::Duration duration_of(const json& value) {
  return base::Duration(value.get<std::int64_t>());
}

json place_json(const Place& place) {
  return {{"line", place.line}, {"column", place.column}};
}
Place place_of(const json& value) {
  return {value.at("line").get<std::uint32_t>(), value.at("column").get<std::uint32_t>()};
}

template <class T, class Convert>
json list(const std::vector<T>& values, Convert convert) {
  json out = json::array();
  for (const T& value : values) out.push_back(convert(value));
  return out;
}
template <class Convert>
auto list_of(const json& values, Convert convert) {
  std::vector<std::invoke_result_t<Convert, const json&>> out;
  for (const json& value : values) out.push_back(convert(value));
  return out;
}

// ---- expectations ------------------------------------------------------------------------------

json figure_json(const Figure& figure) {
  return {{"name", text(figure.name)},
          {"value", figure.value},
          {"unit", text(figure.unit)},
          {"bound", figure.bound ? text(*figure.bound) : json(nullptr)},
          {"within", figure.within}};
}
Figure figure_of(const json& value) {
  Figure figure;
  figure.name = value.at("name");
  // What is no number (an infinity) is null in JSON.
  figure.value = value.at("value").is_null() ? 0.0 : value.at("value").get<double>();
  figure.unit = value.at("unit");
  if (!value.at("bound").is_null()) figure.bound = value.at("bound").get<std::string>();
  figure.within = value.at("within");
  return figure;
}

json expectation_json(const ExpectationResult& result) {
  return {{"name", text(result.name)},
          {"kind", text(result.kind)},
          {"asked", text(result.asked)},
          {"outcome", name_of(result.outcome, kOutcomes)},
          {"message", text(result.message)},
          {"detail", text(result.detail)},
          {"figures", list(result.figures, figure_json)},
          {"began_ns", result.began.count()},
          {"took_ns", result.took.count()},
          {"place", place_json(result.place)}};
}
ExpectationResult expectation_of(const json& value) {
  ExpectationResult result;
  result.name = value.at("name");
  result.kind = value.at("kind");
  result.asked = value.at("asked");
  result.outcome = enum_of<Outcome>(value.at("outcome"), kOutcomes);
  result.message = value.at("message");
  result.detail = value.at("detail");
  result.figures = list_of(value.at("figures"), figure_of);
  result.began = duration_of(value.at("began_ns"));
  result.took = duration_of(value.at("took_ns"));
  result.place = place_of(value.at("place"));
  return result;
}

json incident_json(const Incident& incident) {
  return {{"at_ns", incident.at.count()},
          {"text", text(incident.text)},
          {"kind", name_of(incident.kind, kIncidentKinds)},
          {"trouble", incident.trouble}};
}
Incident incident_of(const json& value) {
  return {.at = duration_of(value.at("at_ns")),
          .text = value.at("text"),
          .kind = enum_of<Incident::Kind>(value.at("kind"), kIncidentKinds),
          .trouble = value.at("trouble")};
}

// ---- links -------------------------------------------------------------------------------------

struct CounterField {
  std::string_view name;
  std::uint64_t WireCounters::*member;
};
constexpr std::array<CounterField, 12> kCounterFields{{
    {"frames", &WireCounters::frames},
    {"bytes", &WireCounters::bytes},
    {"duplicated", &WireCounters::duplicated},
    {"corrupted", &WireCounters::corrupted},
    {"reordered", &WireCounters::reordered},
    {"malformed", &WireCounters::malformed},
    {"refused", &WireCounters::refused},
    {"held_frames", &WireCounters::held_frames},
    {"queued_bytes", &WireCounters::queued_bytes},
    {"late_p50_ns", &WireCounters::late_p50_ns},
    {"late_p99_ns", &WireCounters::late_p99_ns},
    {"late_max_ns", &WireCounters::late_max_ns},
}};
std::string_view verdict_name(std::size_t verdict) {
  return impair::identifier(static_cast<impair::Verdict>(verdict));
}

json counters_json(const WireCounters& counters) {
  json out = json::object();
  for (const CounterField& field : kCounterFields) out[field.name] = counters.*field.member;
  json& verdicts = out["verdicts"] = json::object();
  for (std::size_t i = 0; i < impair::kVerdicts; ++i) {
    verdicts[verdict_name(i)] = counters.verdicts.at(i);
  }
  return out;
}
WireCounters counters_of(const json& value) {
  WireCounters counters;
  for (const CounterField& field : kCounterFields) {
    counters.*field.member = value.at(field.name).get<std::uint64_t>();
  }
  for (std::size_t i = 0; i < impair::kVerdicts; ++i) {
    counters.verdicts.at(i) = value.at("verdicts").at(verdict_name(i)).get<std::uint64_t>();
  }
  return counters;
}

// A slice as an array, in the order that "fields" names: there may be hundreds per link.
json slice_json(const SeriesSlice& slice) {
  json out{slice.sent, slice.in_flight, slice.arrived_bytes};
  for (const std::uint32_t count : slice.verdicts) out.push_back(count);
  return out;
}
SeriesSlice slice_of(const json& value) {
  SeriesSlice slice;
  slice.sent = value.at(0);
  slice.in_flight = value.at(1);
  slice.arrived_bytes = value.at(2);
  for (std::size_t i = 0; i < slice.verdicts.size(); ++i) slice.verdicts.at(i) = value.at(3 + i);
  return slice;
}

json series_json(const LinkSeries& series) {
  json fields{"sent", "in_flight", "arrived_bytes"};
  for (std::size_t i = 0; i < impair::kVerdicts; ++i) fields.push_back(verdict_name(i));
  return {{"began_ns", series.began.count()},
          {"slice_ns", series.slice.count()},
          {"fields", std::move(fields)},
          {"directions",
           {list(series.directions[0], slice_json), list(series.directions[1], slice_json)}}};
}

json link_json(const LinkReport& link) {
  return {{"name", text(link.name)},
          {"ends", {text(link.ends[0]), text(link.ends[1])}},
          {"wired", link.wired},
          {"settings", {text(link.settings[0]), text(link.settings[1])}},
          {"counters", {counters_json(link.counters[0]), counters_json(link.counters[1])}},
          {"series", series_json(link.series)}};
}
LinkReport link_of(const json& value) {
  LinkReport link;
  link.name = value.at("name");
  link.wired = value.at("wired");
  const json& series = value.at("series");
  link.series.began = duration_of(series.at("began_ns"));
  link.series.slice = duration_of(series.at("slice_ns"));
  for (std::size_t i = 0; i < 2; ++i) {
    link.ends.at(i) = value.at("ends").at(i);
    link.settings.at(i) = value.at("settings").at(i);
    link.counters.at(i) = counters_of(value.at("counters").at(i));
    link.series.directions.at(i) = list_of(series.at("directions").at(i), slice_of);
  }
  return link;
}

json node_json(const NodeReport& node) {
  return {{"name", text(node.name)},
          {"addresses", text(node.addresses)},
          {"routes", text(node.routes)},
          {"counters", text(node.counters)},
          {"sockets", text(node.sockets)}};
}
NodeReport node_of(const json& value) {
  return {value.at("name"), value.at("addresses"), value.at("routes"), value.at("counters"),
          value.at("sockets")};
}

json log_json(const LogFile& log) {
  return {
      {"node", text(log.node)}, {"program", text(log.program)}, {"path", text(log.path.string())}};
}
LogFile log_of(const json& value) {
  return {value.at("node"), value.at("program"), value.at("path").get<std::string>()};
}

LabResult read(const json& value) {
  LabResult result;
  result.file = value.at("file").get<std::string>();
  result.name = value.at("name");
  result.seed = value.at("seed");
  result.replay = value.at("replay").get<std::string>();
  result.run = value.at("run");
  result.outcome = enum_of<Outcome>(value.at("outcome"), kOutcomes);
  result.message = value.at("message");
  if (!value.at("place").is_null()) result.place = place_of(value.at("place"));
  result.machine = value.at("machine");
  result.began = base::WallTime(duration_of(value.at("began_ns")));
  result.scenario_began = base::WallTime(duration_of(value.at("scenario_began_ns")));
  result.bring_up = duration_of(value.at("bring_up_ns"));
  result.scenario = duration_of(value.at("scenario_ns"));
  result.tear_down = duration_of(value.at("tear_down_ns"));
  result.expectations = list_of(value.at("expectations"), expectation_of);
  result.incidents = list_of(value.at("incidents"), incident_of);
  result.links = list_of(value.at("links"), link_of);
  result.nodes = list_of(value.at("nodes"), node_of);
  result.logs = list_of(value.at("logs"), log_of);
  result.capture_missed = value.at("capture_missed");
  result.evidence = value.at("evidence").get<std::string>();
  return result;
}

}  // namespace

std::string json_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

nlohmann::json to_json(const LabResult& result) {
  return {{"file", text(result.file.string())},
          {"name", text(result.name)},
          {"seed", result.seed},
          {"replay", text(result.replay.string())},
          {"run", result.run},
          {"outcome", name_of(result.outcome, kOutcomes)},
          {"message", text(result.message)},
          {"place", result.place ? place_json(*result.place) : json(nullptr)},
          {"machine", text(result.machine)},
          {"began_ns", result.began.time_since_epoch().count()},
          {"scenario_began_ns", result.scenario_began.time_since_epoch().count()},
          {"bring_up_ns", result.bring_up.count()},
          {"scenario_ns", result.scenario.count()},
          {"tear_down_ns", result.tear_down.count()},
          {"expectations", list(result.expectations, expectation_json)},
          {"incidents", list(result.incidents, incident_json)},
          {"links", list(result.links, link_json)},
          {"nodes", list(result.nodes, node_json)},
          {"logs", list(result.logs, log_json)},
          {"capture_missed", result.capture_missed},
          {"evidence", text(result.evidence.string())}};
}

LabResult result_from_json(const nlohmann::json& value) {
  try {
    return read(value);
  } catch (const json::exception& error) {
    throw base::Error(fmt::format("a lab's result is not as it should be: {}", error.what()));
  }
}

}  // namespace warren::lab
