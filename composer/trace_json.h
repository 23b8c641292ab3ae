#pragma once

#include <string>
#include <vector>

#include "composer/base/trace.h"

namespace composer {

/// A trace for chrome://tracing, ui.perfetto.dev and speedscope. Source: "Trace Event Format",
/// complete events (ph X), times in microseconds.
std::string chrome_trace(const std::vector<TraceEvent>& events);

}  // namespace composer
