#include <catch2/catch.hpp>
#include <string>

#include "composer/host/process.h"

using namespace composer;

namespace {

int status_of(host::Command command) {
  SilentProgress progress;
  return host::CommandRunner(progress).run(command).status;
}

}  // namespace

TEST_CASE("a command whose syncs are suppressed is told that they are done") {
  // Nothing can be synced there: who really asks is refused.
  CHECK(status_of({.arguments = {"sync", "/dev/null"}}) == 1);
  CHECK(status_of({.arguments = {"sync", "/dev/null"}, .syncs = host::Syncs::suppressed}) == 0);
  CHECK(status_of(
            {.arguments = {"sync", "--data", "/dev/null"}, .syncs = host::Syncs::suppressed}) == 0);
}

TEST_CASE("what such a command starts is answered alike, and this process is not") {
  CHECK(status_of({.arguments = {"sh", "-c", "sh -c 'sync /dev/null'; exit $?"},
                   .syncs = host::Syncs::suppressed}) == 0);
  CHECK(status_of({.arguments = {"sync", "/dev/null"}}) == 1);
}
