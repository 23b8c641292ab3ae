#include "composer/base/trace.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

namespace composer {
namespace {

struct Recorder {
  std::mutex mutex;
  std::vector<TraceEvent> events;
  std::chrono::steady_clock::time_point start;
};

Recorder& recorder() {
  static Recorder one;
  return one;
}

int thread_number() {
  static std::atomic<int> last{0};
  thread_local const int number = ++last;
  return number;
}

}  // namespace

std::atomic<bool> Trace::on_{false};

void Trace::begin() {
  recorder().start = std::chrono::steady_clock::now();
  on_ = true;
}

std::int64_t Trace::now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() -
                                                              recorder().start)
      .count();
}

void Trace::record(TraceEvent event) {
  const std::lock_guard lock(recorder().mutex);
  recorder().events.push_back(std::move(event));
}

std::vector<TraceEvent> Trace::events() {
  const std::lock_guard lock(recorder().mutex);
  std::vector<TraceEvent> events = recorder().events;
  // Of two that begin together the longer one is around the other.
  std::stable_sort(events.begin(), events.end(), [](const TraceEvent& a, const TraceEvent& b) {
    return a.start != b.start ? a.start < b.start : a.duration > b.duration;
  });
  return events;
}

void TraceSpan::begin(std::string_view category, std::string_view name) {
  event_ = {category, std::string(name), Trace::now(), 0, thread_number()};
  open_ = true;
}

void TraceSpan::end() {
  if (!std::exchange(open_, false)) return;
  event_.duration = Trace::now() - event_.start;
  Trace::record(std::move(event_));
}

}  // namespace composer
