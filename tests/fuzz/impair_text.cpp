// What is read from files: delivery traces and recorded verdicts. The first byte chooses, the text
// follows. A trace that is accepted has opportunities in order and finds the next one; a recording
// is accepted exactly when each of its lines is, and names the first line that is not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <warren/impair/recording.hpp>
#include <warren/impair/trace.hpp>

using namespace warren;
using namespace warren::impair;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read_trace(std::string_view text) {
  const auto trace = Trace::parse(text);
  if (!trace) return require(trace.error().line > 0 && !trace.error().message.empty());
  require(trace->period() > base::Duration::zero() && trace->mean_rate_bps() > 0);
  base::Duration last{};
  for (std::uint64_t i = 0; i < 2 * trace->size() + 2; ++i) {
    const base::Duration at = trace->time_of(i);
    require(at >= last);
    last = at;
    const std::uint64_t next = trace->first_after(at);
    require(next > i && trace->time_of(next) > at && trace->time_of(next - 1) <= at);
  }
}

void read_recording(std::string_view text) {
  const auto whole = Recording::parse(text);
  std::size_t number = 1, frames = 0;
  for (; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const auto line = Recording::parse(text.substr(0, end));
    if (!line) break;
    frames += line->size();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  require(whole.has_value() == text.empty());
  if (whole)
    require(whole->size() <= frames && (whole->size() > 0) == (frames > 0));
  else
    require(whole.error().line == number);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1U) != 0)
    read_trace(text);
  else
    read_recording(text);
  return 0;
}
