#include "composer/host/foreign_programs.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

/// What qemu-user-static 7.2 registers for aarch64, but for these.
std::string entry(const std::string& state, const std::string& flags, const std::string& machine) {
  return state + "\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: " + flags +
         "\noffset 0\nmagic 7f454c460201010000000000000000000200" + machine +
         "\nmask ffffffffffffff00fffffffffffffffffeffffff\n";
}

bool runs(const std::string& text) {
  const test::ScratchFolder folder;
  std::ofstream(folder.path() / "register") << "enabled";
  std::ofstream(folder.path() / "qemu-aarch64") << text;
  return host::runs_programs_for("aarch64", "x86_64", folder.path());
}

}  // namespace

TEST_CASE("a machine runs its own programs, and no others without an interpreter") {
  CHECK(host::runs_programs_for("x86_64", "x86_64", "/nowhere"));
  CHECK(host::runs_programs_for("aarch64", "aarch64", "/nowhere"));
  CHECK_FALSE(host::runs_programs_for("aarch64", "x86_64", "/nowhere"));
}

TEST_CASE("an interpreter counts that is enabled, kept open and for that machine") {
  CHECK(runs(entry("enabled", "POCF", "b700")));
  CHECK_FALSE(runs(entry("disabled", "POCF", "b700")));
  CHECK_FALSE(runs(entry("enabled", "POC", "b700")));
  CHECK_FALSE(runs(entry("enabled", "POCF", "f300")));
  CHECK_FALSE(runs("enabled\nflags: F\nextension .exe\n"));
  CHECK_FALSE(runs("enabled\nflags: F\nmagic 7f454c46\n"));
  CHECK_FALSE(runs(""));
}

TEST_CASE("a build for another machine is refused, saying what works here") {
  try {
    host::require_programs_for("pdp11");
    FAIL("it was not refused");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::host);
    const std::string text = error.to_text();
    CHECK(text.starts_with("error: an image for pdp11 cannot be built on this "));
    CHECK(
        text.ends_with(" machine, which does not run the programs in it\n  hint: 'validate' and "
                       "'plan' work here; to build, use a machine of pdp11, or install "
                       "qemu-user-static with its binfmt_misc entries\n"));
  }
}
