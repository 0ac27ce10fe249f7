// The parts of the page of evidence, each of which adds itself to the document.
#pragma once

#include <string_view>

#include <warren/lab/report.hpp>

#include "html.hpp"

namespace warren::lab {

/// CSS for the whole page, light and dark.
std::string_view page_style() noexcept;

/// The span of time that all drawings share.
TimeAxis page_axis(const LabResult& result);

bool has_failures(const LabResult& result);
void add_failures(Html& html, const PageInput& input);
void add_timeline(Html& html, const LabResult& result);
void add_expectations(Html& html, const LabResult& result);
void add_links(Html& html, const LabResult& result);
void add_logs(Html& html, const PageInput& input);
void add_nodes(Html& html, const LabResult& result);
void add_file(Html& html, const PageInput& input);

/// Vertical lines where something happened, with its text as the tooltip.
void add_event_lines(Html& html, const LabResult& result, const TimeAxis& axis, double top,
                     double bottom);
/// Ticks with labels in seconds below `bottom`.
void add_time_ticks(Html& html, const TimeAxis& axis, double top, double bottom);

}  // namespace warren::lab
