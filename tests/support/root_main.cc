#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>
#include <unistd.h>

#include "composer/error.h"
#include "composer/mount/namespaces.h"

// These tests mount things, in a mount namespace of their own. Skipped, visibly, without root.
int main(int argc, char** argv) {
  Catch::Session session;
  if (const int wrong = session.applyCommandLine(argc, argv); wrong != 0) return wrong;
  if (session.configData().listTests || session.configData().listTestNamesOnly ||
      session.configData().listTags) {
    return session.run();
  }
  if (::geteuid() != 0) {
    std::fputs("skipped: these tests mount filesystems and need root\n", stderr);
    return 77;
  }
  try {
    composer::mount::enter_private_mounts();
  } catch (const composer::Error& error) {
    std::fprintf(stderr, "skipped: %s\n", error.what());
    return 77;
  }
  return session.run();
}
