#include "composer/stage_times.h"

#include <catch2/catch.hpp>

using namespace composer;

TEST_CASE("a stage that comes twice has one time") {
  SilentProgress silent;
  StageTimes times(silent);
  for (const Stage stage : {Stage::partition, Stage::install, Stage::install, Stage::configure}) {
    times.begin(stage, {});
    times.end(stage, {});
  }
  REQUIRE(times.times().size() == 3);
  CHECK(times.times()[1].stage == Stage::install);
  CHECK(times.times()[2].stage == Stage::configure);
}
