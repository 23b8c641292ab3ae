#include <catch2/catch.hpp>

#include "text_universe.h"

using composer::solve::test::answer;
using composer::solve::test::refusal;

// Packages of a lock stay as they are while others move.

namespace {

constexpr const char* kUniverse =
    "a-1-1.noarch\na-2-1.noarch\n"
    "b-1-1.noarch\n  requires a\nb-2-1.noarch\n  requires a\n"
    "c-1-1.noarch\nc-2-1.noarch\n  requires d >= 2\n"
    "d-1-1.noarch\nd-2-1.noarch\n";

bool contains(const std::string& text, const std::string& part) {
  CAPTURE(text, part);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what is held stays, though the repository has newer versions") {
  CHECK(answer(kUniverse, {.install = {"b"}}) == "+a-2-1.noarch b-2-1.noarch");
  CHECK(answer(kUniverse, {.install = {"b"}, .held = {"a-1-1.noarch", "b-1-1.noarch"}}) ==
        "+a-1-1.noarch b-1-1.noarch");
}

TEST_CASE("what is set free moves, and nothing else") {
  CHECK(answer(kUniverse,
               {.install = {"b"}, .held = {"a-1-1.noarch", "b-1-1.noarch"}, .free = {"b"}}) ==
        "+a-1-1.noarch b-2-1.noarch");
  CHECK(answer(kUniverse,
               {.install = {"b"}, .held = {"a-1-1.noarch", "b-1-1.noarch"}, .free = {"[ab]"}}) ==
        "+a-2-1.noarch b-2-1.noarch");
}

TEST_CASE("a package that is new in the blueprint comes in its newest version") {
  CHECK(answer(kUniverse, {.install = {"b", "d"}, .held = {"a-1-1.noarch", "b-1-1.noarch"}}) ==
        "+a-1-1.noarch b-1-1.noarch d-2-1.noarch");
}

TEST_CASE("what the new version cannot be had without moves too") {
  CHECK(answer(kUniverse, {.install = {"b", "c", "d"},
                           .held = {"a-1-1.noarch", "b-1-1.noarch", "c-1-1.noarch", "d-1-1.noarch"},
                           .free = {"c"}}) ==
        "+a-1-1.noarch b-1-1.noarch c-2-1.noarch d-2-1.noarch");
}

TEST_CASE("a held package that needs the old version of what moves is moved with it") {
  CHECK(answer("lib-1-1.noarch\nlib-2-1.noarch\n"
               "tool-1-1.noarch\n  requires lib = 1-1\ntool-2-1.noarch\n  requires lib = 2-1\n",
               {.install = {"tool", "lib"},
                .held = {"lib-1-1.noarch", "tool-1-1.noarch"},
                .free = {"lib"}}) == "lib-2-1.noarch tool-2-1.noarch");
}

TEST_CASE("a request for another version than the held one sets the package free") {
  CHECK(answer(kUniverse, {.install = {"a >= 2"}, .held = {"a-1-1.noarch"}}) == "a-2-1.noarch");
  CHECK(answer(kUniverse, {.install = {"a-2-1"}, .held = {"a-1-1.noarch"}}) == "a-2-1.noarch");
}

TEST_CASE("a held package that no repository has any more is an error that names it") {
  const std::string text =
      refusal(kUniverse, {.install = {"a", "b"}, .held = {"a-0-1.noarch", "b-1-1.noarch"}});
  CHECK(contains(text, "a package of the lock is not in its repository any more"));
  CHECK(contains(text, "'a-0-1.noarch' of repository 'repo'"));
  CHECK(contains(text, "--update a"));
  CHECK(answer(kUniverse,
               {.install = {"a", "b"}, .held = {"a-0-1.noarch", "b-1-1.noarch"}, .free = {"a"}}) ==
        "a-2-1.noarch b-1-1.noarch");
}

TEST_CASE("what no lock has cannot be set free") {
  CHECK(contains(
      refusal(kUniverse, {.install = {"a"}, .held = {"a-1-1.noarch"}, .free = {"kernel*"}}),
      "the lock has no package 'kernel*'"));
}

TEST_CASE("what cannot be met even when everything is free is said as ever") {
  CHECK(contains(refusal("a-1-1.noarch\na-2-1.noarch\n  requires nothing-has-this\n",
                         {.install = {"a"}, .held = {"a-1-1.noarch"}, .free = {"a"}}),
                 "nothing provides 'nothing-has-this'"));
}
