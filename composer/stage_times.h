#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "composer/progress.h"
#include "composer/report.h"

namespace composer {

/// Passes progress on and keeps how long each stage took, for the report.
class StageTimes final : public Progress {
 public:
  explicit StageTimes(Progress& next) : next_(next) {}

  void begin(Stage stage, Amount expected) override {
    started_[stage] = std::chrono::steady_clock::now();
    next_.begin(stage, expected);
  }
  void advance(Stage stage, Amount done, std::string_view current) override {
    next_.advance(stage, done, current);
  }
  void end(Stage stage, Amount done) override {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - started_[stage];
    add(stage, taken.count());
    next_.end(stage, done);
  }
  void note(std::string_view text) override { next_.note(text); }
  void warning(std::string_view text) override { next_.warning(text); }
  void command(std::span<const std::string> arguments) override { next_.command(arguments); }
  void output(std::string_view source, std::string_view line) override {
    next_.output(source, line);
  }

  const std::vector<StageTime>& times() const { return times_; }

 private:
  /// Packages on top are a second installation: a stage has one time.
  void add(Stage stage, double seconds) {
    const auto known = std::find_if(times_.begin(), times_.end(),
                                    [&](const StageTime& time) { return time.stage == stage; });
    if (known == times_.end()) {
      times_.push_back({stage, seconds});
    } else {
      known->seconds += seconds;
    }
  }

  Progress& next_;
  std::map<Stage, std::chrono::steady_clock::time_point> started_;
  std::vector<StageTime> times_;
};

}  // namespace composer
