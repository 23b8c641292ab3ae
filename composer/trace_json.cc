#include "composer/trace_json.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

namespace composer {

std::string chrome_trace(const std::vector<TraceEvent>& events) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  std::set<int> threads;
  for (const TraceEvent& event : events) threads.insert(event.thread);
  for (const int thread : threads) {
    list.push_back({{"ph", "M"},
                    {"name", "thread_name"},
                    {"pid", 1},
                    {"tid", thread},
                    {"args", {{"name", thread == 1 ? "main" : fmt::format("worker {}", thread)}}}});
  }
  for (const TraceEvent& event : events) {
    list.push_back({{"ph", "X"},
                    {"cat", event.category},
                    {"name", event.name},
                    {"ts", static_cast<double>(event.start) / 1000},
                    {"dur", static_cast<double>(event.duration) / 1000},
                    {"pid", 1},
                    {"tid", event.thread}});
  }
  Json trace;
  trace["traceEvents"] = std::move(list);
  trace["displayTimeUnit"] = "ms";
  // Names of packages and commands may be any bytes.
  return trace.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace composer
