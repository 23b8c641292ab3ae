#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>

#include "composer/host/process.h"

// These tests start QEMU. Skipped, visibly, without it.
int main(int argc, char** argv) {
  Catch::Session session;
  if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
  const auto& asked = session.configData();
  const bool only_lists = asked.listTests || asked.listTestNamesOnly || asked.listTags;
  if (!only_lists && composer::host::find_program("qemu-system-x86_64").empty()) {
    std::fputs("skipped: qemu-system-x86_64 is not installed\n", stderr);
    return 77;
  }
  return session.run();
}
