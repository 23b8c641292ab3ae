#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>

#include "composer/host/process.h"

// These tests let other programs judge the images. COMPOSER_NEEDED_PROGRAMS names them; without one
// all tests of the program are skipped, visibly.
int main(int argc, char** argv) {
  Catch::Session session;
  if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
  if (!session.configData().listTests && !session.configData().listTestNamesOnly) {
    for (const char* program : {COMPOSER_NEEDED_PROGRAMS}) {
      if (!composer::host::find_program(program).empty()) continue;
      std::fprintf(stderr, "skipped: cannot find '%s', which judges the images\n", program);
      return 77;
    }
  }
  return session.run();
}
