// [[at]]: what happens when. The settings of a changed link are complete: each event adds to what
// the ones before it, in time, have left.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include "draft.hpp"
#include "stable_order.hpp"
#include "structure.hpp"

namespace warren::lab {
namespace {

class EventReader {
 public:
  explicit EventReader(Draft& draft) : draft_(draft) {
    for (const Link& link : draft.topology.links) {
      current_.push_back({Impairment{.settings = link.settings[0], .places = {}},
                          Impairment{.settings = link.settings[1], .places = {}}});
    }
  }

  Event read(const Fields& fields, base::Duration at) {
    Event event;
    event.at = at;
    event.place = place_of(fields.at());
    if (fields.has("link") == fields.has("node")) {
      draft_.source.fail(fields.at(),
                         fields.has("link") ? "an event is about a `link` or about a `node`"
                                            : "an event needs a `link` or a `node`",
                         "link = \"wan\" and set = { … }, or node = \"alice\" and run = \"…\"");
    }
    if (fields.has("link")) {
      refuse(fields, {"run", "program", "signal", "start"}, "link");
      event.action = read_change(fields);
    } else {
      refuse(fields, {"set", "reverse", "direction"}, "node");
      event.action = read_action(fields);
    }
    return event;
  }

 private:
  void refuse(const Fields& fields, std::initializer_list<std::string_view> keys,
              std::string_view subject) {
    for (const std::string_view key : keys) {
      if (!fields.has(key)) continue;
      draft_.source.fail(fields.find(key)->at,
                         fmt::format("`{}` does not go with `{}`", key, subject),
                         "write one [[at]] for each thing that happens");
    }
  }

  std::variant<ChangeLink, RunCommand, SignalProgram> read_change(const Fields& fields) {
    ChangeLink change;
    change.link = draft_.link_of(fields, "link");
    if (!fields.has("set") && !fields.has("reverse")) {
      draft_.source.fail(fields.at(), "`set` is missing", "set = { up = false }");
    }
    if (fields.has("reverse") && fields.has("direction")) {
      draft_.source.fail(fields.find("direction")->at,
                         "`direction` does not go with `reverse`, which says it already",
                         "leave one of them out");
    }
    const std::string direction = fields.text("direction").value_or("both");
    auto& current = current_.at(change.link.value());
    const auto apply = [&](std::size_t side, const Fields& table) {
      apply_to(current.at(side), table);
      change.settings.at(side) = current.at(side).settings;
    };
    if (const auto set = fields.inner("set")) {
      if (direction != "reverse") apply(0, *set);
      if (direction != "forward" && !fields.has("reverse")) apply(1, *set);
    }
    if (const auto reverse = fields.inner("reverse")) apply(1, *reverse);
    draft_.require_wire(change.link,
                        fmt::format("an event changes it (line {})", fields.at().line));
    return change;
  }

  void apply_to(Impairment& current, const Fields& table) {
    if (table.table().entries.empty()) {
      draft_.source.fail(table.at(), "nothing changes", "for example { up = false }");
    }
    // Complaints are about this event, not about the file's other places.
    current.places.clear();
    if (const auto name = table.text("profile")) {
      const auto found = draft_.profiles.find(*name);
      if (found == draft_.profiles.end()) {
        fail_unknown(draft_.source, table.at("profile"), "profile", "profile", *name,
                     names_of(draft_.profiles));
      }
      current.settings = found->second.settings;
    }
    read_impairment(table, draft_.files, true, current);
    // What was there before may be what no longer fits: then the event as a whole is the place.
    for (const std::string_view key : {"jitter", "reorder"}) {
      current.places.emplace(std::string(key), table.at());
    }
    check_impairment(draft_.source, current, true);
  }

  std::variant<ChangeLink, RunCommand, SignalProgram> read_action(const Fields& fields) {
    const NodeId node = draft_.host_of(fields, "node");
    const int actions = static_cast<int>(fields.has("run")) +
                        static_cast<int>(fields.has("signal")) +
                        static_cast<int>(fields.has("start"));
    if (actions != 1) {
      draft_.source.fail(fields.at(), "an event in a node is one of `run`, `signal` and `start`",
                         "run = \"…\", or program = \"web\" and signal = \"KILL\" or start = true");
    }
    if (fields.has("run")) {
      refuse(fields, {"program"}, "run");
      return RunCommand{.node = node, .command = fields.command("run")};
    }
    return read_signal(fields, node);
  }

  SignalProgram read_signal(const Fields& fields, NodeId id) {
    const Node& node = draft_.topology.node(id);
    if (!fields.has("program")) {
      draft_.source.fail(fields.at(), "`program` is missing: which one of the node is meant?",
                         "program = \"web\"");
    }
    SignalProgram action{.node = id, .program = *fields.text("program"), .signal_number = 0};
    const auto known = std::ranges::find(node.programs, action.program, &Program::name);
    if (known == node.programs.end()) {
      std::vector<std::string_view> names;
      names.reserve(node.programs.size());
      for (const Program& program : node.programs) names.push_back(program.name);
      fail_unknown(draft_.source, fields.at("program"), "program",
                   fmt::format("program of {}", node.name), action.program, names);
    }
    if (fields.boolean("start") == false) fields.fail("start", "it can only be true");
    if (const auto number = fields.integer("signal")) {
      action.signal_number = static_cast<int>(*number);
    }
    if (const auto number = fields.value("signal", parse_signal)) action.signal_number = *number;
    return action;
  }

  Draft& draft_;
  std::vector<std::array<Impairment, 2>> current_;
};

}  // namespace

void read_events(Draft& draft) {
  struct Written {
    base::Duration at;
    Fields fields;
  };
  std::vector<Written> written;
  for (const Fields& fields : draft.document.list("at")) {
    written.push_back({*fields.duration("t"), fields});
  }
  order_by(written, &Written::at);
  EventReader reader(draft);
  for (const auto& [at, fields] : written) {
    if (at > draft.topology.timeout) {
      fields.fail("t", "the scenario is over by then", kRaiseTimeout);
    }
    draft.topology.events.push_back(reader.read(fields, at));
  }
}

}  // namespace warren::lab
