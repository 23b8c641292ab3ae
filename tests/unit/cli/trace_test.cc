#include "composer/base/trace.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "composer/trace_json.h"

using namespace composer;

TEST_CASE("a trace has every span with its thread, and is what browsers read") {
  { const TraceSpan unseen("stage", "before the trace"); }
  Trace::begin();
  {
    const TraceSpan outer("stage", "install");
    std::thread([] { const TraceSpan inner("work", "hash\xff"); }).join();
    TraceSpan ended("command", "mkfs");
    ended.end();
    ended.end();
  }
  const auto events = Trace::events();
  REQUIRE(events.size() == 3);
  CHECK(events[0].name == "install");
  CHECK(events[0].start <= events[1].start);
  CHECK(events[0].duration >= events[1].duration);
  CHECK(events[0].thread != events[1].thread);
  const auto json = nlohmann::json::parse(chrome_trace(events));
  std::size_t spans = 0, threads = 0;
  for (const auto& event : json.at("traceEvents")) {
    if (event.at("ph") == "M") {
      ++threads;
      CHECK(event.at("name") == "thread_name");
      continue;
    }
    ++spans;
    CHECK(event.at("ph") == "X");
    CHECK(event.at("dur").get<double>() >= 0);
    CHECK(event.at("pid") == 1);
  }
  CHECK(spans == 3);
  CHECK(threads == 2);
}
