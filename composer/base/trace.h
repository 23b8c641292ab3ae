#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace composer {

/// Something that took time, on one thread.
struct TraceEvent {
  std::string_view category;  ///< `stage`, `command`, `package`, `scriptlet`, `work`.
  std::string name;
  std::int64_t start = 0, duration = 0;  ///< Nanoseconds since the trace began.
  int thread = 0;                        ///< 1 is the first that was seen.
};

/// Where the time of this process goes, once it is asked for. One trace for the process: what is
/// timed lies in all layers, and no result depends on it.
class Trace {
 public:
  static void begin();
  static bool is_on() { return on_.load(std::memory_order_relaxed); }
  /// What was recorded so far, by start.
  static std::vector<TraceEvent> events();

 private:
  friend class TraceSpan;
  static std::int64_t now();
  static void record(TraceEvent event);
  static std::atomic<bool> on_;
};

/// From here to the end of the scope, or to `end`. Costs nothing where nothing is traced.
class TraceSpan {
 public:
  /// @param category  Lives as long as the process.
  TraceSpan(std::string_view category, std::string_view name) {
    if (Trace::is_on()) begin(category, name);
  }
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;
  ~TraceSpan() { end(); }

  void end();

 private:
  void begin(std::string_view category, std::string_view name);

  TraceEvent event_;
  bool open_ = false;
};

}  // namespace composer
