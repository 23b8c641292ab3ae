#include "composer/tree/elf_file.h"

#include "elf_sample.h"
#include "sample.h"

using namespace composer;
using Strings = std::vector<std::string>;

TEST_CASE("a program's loader, libraries and folders are read") {
  const auto needs = tree::read_elf(test::elf_file({.libraries = {"libone.so.1", "libc.so.6"},
                                                    .runpath = "/usr/lib64/private:$ORIGIN/../lib",
                                                    .rpath = "/never",
                                                    .interpreter = "/lib64/ld-linux-x86-64.so.2"}),
                                    "/usr/bin/one");
  REQUIRE(needs);
  CHECK(needs->machine == 62);
  CHECK(needs->interpreter == "/lib64/ld-linux-x86-64.so.2");
  CHECK(needs->libraries == Strings{"libone.so.1", "libc.so.6"});
  CHECK(needs->folders == Strings{"/usr/lib64/private", "$ORIGIN/../lib"});
  CHECK(tree::read_elf(test::elf_file({.rpath = "/old"}), "x")->folders == Strings{"/old"});
}

TEST_CASE("libraries that are loaded later count when they are recommended, not when suggested") {
  const auto needs = tree::read_elf(
      test::elf_file(
          {.notes =
               {R"([{"feature":"a","priority":"recommended","soname":["liba.so.2","liba.so.1"]}])",
                R"([{"priority":"suggested","soname":["libb.so"]},)"
                R"({"priority":"required","soname":["libc.so"]}])",
                R"([{"soname":["libdefault.so"]},{"soname":"no list"},7])", "not JSON",
                R"({"soname":["no array"]})"}}),
      "x");
  REQUIRE(needs);
  CHECK(needs->loaded ==
        std::vector<Strings>{{"liba.so.2", "liba.so.1"}, {"libc.so"}, {"libdefault.so"}});
}

TEST_CASE("what is no 64-bit ELF file has no needs") {
  CHECK_FALSE(tree::read_elf("", "x"));
  CHECK_FALSE(tree::read_elf("#!/bin/sh\n", "x"));
  CHECK_FALSE(tree::read_elf(std::string("\177ELF\1\1\1", 7), "x"));
}

TEST_CASE("an ELF file that is cut off or lies about itself is refused, at every byte") {
  const std::string whole = test::elf_file({.libraries = {"libone.so.1"}, .runpath = "/a"});
  for (std::size_t size = 7; size < 64 + 4 * 56; ++size) {
    CHECK_THROWS_AS(tree::read_elf(std::string_view(whole).substr(0, size), "x"), Error);
  }
  // Any byte may be any other: nothing is read outside, and nothing but an Error is thrown.
  for (std::size_t at = 7; at < whole.size(); ++at) {
    for (const char value : {'\0', '\1', '\x7f', '\xff'}) {
      std::string changed = whole;
      changed[at] = value;
      try {
        tree::read_elf(changed, "x");
      } catch (const Error&) {
      }
    }
  }
  CHECK(test::message_of([&] {
          tree::read_elf(std::string_view(whole).substr(0, 70), "/usr/bin/one");
        }) == "error: '/usr/bin/one' is not a program that can run: it is cut off\n");
}
