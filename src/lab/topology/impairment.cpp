#include "impairment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <warren/config/model.hpp>
#include <warren/impair/trace.hpp>

#include "keys.hpp"
#include "limits.hpp"
#include "structure.hpp"

namespace warren::lab {
namespace {

using impair::Distribution;
using impair::Settings;

void check_delay(const Fields& fields, std::string_view key, base::Duration value) {
  if (value > std::chrono::seconds(kMaxDelaySeconds)) {
    fields.fail(key, fmt::format("more than {} seconds", kMaxDelaySeconds));
  }
}

void read_jitter(const Fields& fields, Settings& settings) {
  impair::Jitter jitter;
  if (const auto table = fields.inner("jitter")) {
    jitter.amount = *table->duration("amount");
    const std::string distribution = table->text("distribution").value_or("uniform");
    jitter.distribution = distribution == "normal"   ? Distribution::normal
                          : distribution == "pareto" ? Distribution::pareto
                                                     : Distribution::uniform;
  } else {
    jitter.amount = *fields.duration("jitter");
  }
  check_delay(fields, "jitter", jitter.amount);
  settings.jitter.reset();
  if (jitter.amount.count() > 0) settings.jitter = jitter;
}

void read_loss(const Fields& fields, Settings& settings) {
  const auto table = fields.inner("loss");
  if (!table) {
    const double p = *fields.value("loss", parse_share);
    settings.loss = {};
    if (p > 0) settings.loss = impair::BernoulliLoss{.p = p};
    return;
  }
  const double p = *table->value("p", parse_share);
  if (table->text("model").value_or("bernoulli") == "bernoulli") {
    for (const char* key : {"r", "loss_bad", "loss_good"}) {
      if (!table->has(key)) continue;
      table->source().fail(table->find(key)->at,
                           fmt::format("`{}` is of the model \"gilbert\" only", key),
                           "add model = \"gilbert\"");
    }
    settings.loss = impair::BernoulliLoss{.p = p};
    return;
  }
  impair::GilbertElliottLoss loss;
  loss.p = p;
  if (!table->has("r")) {
    table->source().fail(table->at(), "`r` is missing in `loss`: the bad state would never end",
                         "from the bad to the good state, per packet: r = \"30%\"");
  }
  loss.r = *table->value("r", parse_share);
  loss.loss_bad = table->value("loss_bad", parse_share).value_or(1);
  loss.loss_good = table->value("loss_good", parse_share).value_or(0);
  if (loss.p > 0 && loss.r == 0) table->fail("r", "the bad state would never end");
  settings.loss = loss;
}

void read_reorder(const Fields& fields, Settings& settings) {
  impair::Reordering reorder;
  if (const auto table = fields.inner("reorder")) {
    reorder.p = *table->value("p", parse_share);
    reorder.ahead = table->duration("ahead");
  } else {
    reorder.p = *fields.value("reorder", parse_share);
  }
  settings.reorder.reset();
  if (reorder.p > 0) settings.reorder = reorder;
}

void read_queue(const Fields& fields, Settings& settings) {
  impair::Queue queue;
  const auto discipline = [](std::string_view text) {
    return text == "codel" ? impair::Discipline::codel : impair::Discipline::fifo;
  };
  const auto table = fields.inner("queue");
  if (!table) {
    queue.discipline = discipline(*fields.text("queue"));
    settings.queue = queue;
    return;
  }
  queue.discipline = discipline(table->text("discipline").value_or("fifo"));
  if (table->text("bytes") != "auto") {
    queue.bytes = table->size("bytes", static_cast<std::uint64_t>(kMaxQueueBytes));
    if (queue.bytes == 0) table->fail("bytes", "a queue of 0 bytes takes no packet");
  }
  for (const char* key : {"target", "interval"}) {
    if (!table->has(key)) continue;
    if (queue.discipline != impair::Discipline::codel) {
      table->source().fail(table->find(key)->at,
                           fmt::format("`{}` is of the discipline \"codel\" only", key),
                           "add discipline = \"codel\"");
    }
    if (*table->duration(key) == base::Duration{}) table->fail(key, "it cannot be 0");
  }
  queue.target = table->duration("target").value_or(queue.target);
  queue.interval = table->duration("interval").value_or(queue.interval);
  settings.queue = queue;
}

std::shared_ptr<const impair::Trace> read_trace(const Fields& fields, const TraceFiles& files) {
  const std::filesystem::path path = *fields.text("trace");
  if (path.empty()) fields.fail("trace", "the name of the file is empty");
  if (!files.read) return {};
  const std::filesystem::path file = files.directory / path;
  std::string text;
  try {
    text = config::read_text_file(file);
  } catch (const base::Error& error) {
    fields.fail("trace", error.what(), "a path is relative to the lab's file");
  }
  auto trace = impair::Trace::parse(text);
  if (!trace) {
    fields.fail("trace",
                fmt::format("{}:{}: {}", file.native(), trace.error().line, trace.error().message),
                "one millisecond per line, as mm-link(1) describes it");
  }
  return std::make_shared<const impair::Trace>(*std::move(trace));
}

void read_rate(const Fields& fields, const TraceFiles& files, Settings& settings) {
  if (fields.has("rate") && fields.has("trace")) {
    fields.source().fail(fields.find("trace")->at, "a link has a `rate` or a `trace`, not both",
                         "leave one of them out");
  }
  if (fields.has("rate")) {
    settings.trace.reset();
    settings.rate_bps = fields.text("rate") == "none" ? 0 : *fields.value("rate", parse_rate);
  }
  if (fields.has("trace")) {
    settings.rate_bps = 0;
    settings.trace = read_trace(fields, files);
  }
}

void read_drop(const Fields& fields, Settings& settings) {
  settings.drop.clear();
  for (const auto& [text, at] : fields.texts("drop")) {
    const auto selector = fields.take("drop", at, parse_selector(text));
    if (std::ranges::find(settings.drop, selector) != settings.drop.end()) {
      fields.fail(at, "drop", {fmt::format("{} is there twice", config::in_quotes(text)), {}});
    }
    settings.drop.push_back(selector);
  }
}

}  // namespace

void read_impairment(const Fields& fields, const TraceFiles& files, bool with_mtu,
                     Impairment& impairment) {
  Settings& settings = impairment.settings;
  for (const Key& key : impairment_keys().known) {
    if (key.name == "mtu" && !with_mtu) continue;
    if (fields.has(key.name)) {
      impairment.places.insert_or_assign(std::string(key.name), fields.at(key.name));
    }
  }
  settings.up = fields.boolean("up").value_or(settings.up);
  if (const auto delay = fields.duration("delay")) {
    check_delay(fields, "delay", *delay);
    settings.delay = *delay;
  }
  if (fields.has("jitter")) read_jitter(fields, settings);
  if (fields.has("loss")) read_loss(fields, settings);
  settings.duplicate = fields.value("duplicate", parse_share).value_or(settings.duplicate);
  if (fields.has("reorder")) read_reorder(fields, settings);
  settings.corrupt = fields.value("corrupt", parse_share).value_or(settings.corrupt);
  read_rate(fields, files, settings);
  if (fields.has("queue")) read_queue(fields, settings);
  if (fields.has("drop")) read_drop(fields, settings);
  if (with_mtu) {
    if (const auto mtu = fields.integer("mtu")) settings.mtu = static_cast<std::uint32_t>(*mtu);
  }
}

void check_impairment(const config::Source& source, const Impairment& impairment, bool changed) {
  const Settings& settings = impairment.settings;
  const auto fail = [&](std::string_view key, std::string_view message, std::string hint) {
    const auto place = impairment.places.find(key);
    source.fail(place == impairment.places.end() ? config::Position{} : place->second,
                fmt::format("`{}`: {}", key, message), std::move(hint));
  };
  const auto written = [&](std::string_view key) { return impairment.places.contains(key); };
  const bool has_delay = settings.delay.count() > 0;
  if (settings.jitter && !has_delay) {
    fail("jitter", "there is no delay that it could vary", "add delay = \"…\", at least as long");
  }
  if (settings.jitter && settings.jitter->distribution == Distribution::uniform &&
      settings.jitter->amount > settings.delay) {
    fail("jitter", "it is more than the delay, and nothing arrives before it was sent",
         "lower it, or raise `delay`");
  }
  if (settings.reorder && !has_delay) {
    fail("reorder", "without a delay nothing can arrive earlier", "add delay = \"…\"");
  }
  if (settings.reorder && settings.reorder->ahead.value_or(settings.delay) > settings.delay) {
    fail("reorder", "`ahead` is more than the delay, and nothing arrives before it was sent",
         "lower it, or raise `delay`");
  }
  const bool has_rate = settings.rate_bps != 0 || settings.trace != nullptr || written("trace");
  if (!changed && written("queue") && !has_rate) {
    fail("queue", "a queue forms in front of a rate or a trace only", "add rate = \"…\"");
  }
}

}  // namespace warren::lab
