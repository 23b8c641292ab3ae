#include <catch2/catch.hpp>

#include "text_universe.h"

using composer::solve::test::answer;
using composer::solve::test::refusal;

// What is installed already, in an image that is customised.

TEST_CASE("what is installed stays as it is when something else comes in") {
  CHECK(answer("a-2-1.noarch\nb-1-1.noarch\n  requires a\n",
               {.install = {"b"}, .installed = "a-1-1.noarch\n"}) == "=a-1-1.noarch b-1-1.noarch");
}

TEST_CASE("a package that is asked for and installed becomes the newest, as with dnf install") {
  CHECK(answer("a-2-1.noarch\n", {.install = {"a"}, .installed = "a-1-1.noarch\n"}) ==
        "a-2-1.noarch");
  CHECK(answer("a-1-1.noarch\n", {.install = {"a"}, .installed = "a-1-1.noarch\n"}) ==
        "=a-1-1.noarch");
}

TEST_CASE("a dependency that the installed version does not meet updates it") {
  CHECK(answer("a-2-1.noarch\nb-1-1.noarch\n  requires a >= 2\n",
               {.install = {"b"}, .installed = "a-1-1.noarch\n"}) == "+a-2-1.noarch b-1-1.noarch");
}

TEST_CASE("what is removed takes along what needs it, and nothing else") {
  const auto installed =
      "a-1-1.noarch\n  requires b\nb-1-1.noarch\nc-1-1.noarch\n"
      "d-1-1.noarch\n  requires /usr/bin/b\ne-1-1.noarch\n  file /usr/bin/b\n";
  CHECK(answer("", {.remove = {"b"}, .installed = installed}) ==
        "=c-1-1.noarch =d-1-1.noarch =e-1-1.noarch");
  CHECK(answer("", {.remove = {"e"}, .installed = installed}) ==
        "=a-1-1.noarch =b-1-1.noarch =c-1-1.noarch");
  CHECK(answer("", {.remove = {"[bc]"}, .installed = installed}) == "=d-1-1.noarch =e-1-1.noarch");
}

TEST_CASE("without a removal nothing that is installed leaves for what comes in") {
  CHECK(refusal("b-1-1.noarch\n  conflicts a\n", {.install = {"b"}, .installed = "a-1-1.noarch\n"})
            .find("cannot install 'b': 'b-1-1.noarch' conflicts with 'a', which 'a-1-1.noarch' "
                  "provides") != std::string::npos);
}

TEST_CASE("one package is updated, or all") {
  const auto universe = "a-2-1.noarch\nb-2-1.noarch\nc-0-1.noarch\n";
  const auto installed = "a-1-1.noarch\nb-1-1.noarch\nc-1-1.noarch\n";
  CHECK(answer(universe, {.update = {"a"}, .installed = installed}) ==
        "a-2-1.noarch =b-1-1.noarch =c-1-1.noarch");
  CHECK(answer(universe, {.update_all = true, .installed = installed}) ==
        "+a-2-1.noarch +b-2-1.noarch =c-1-1.noarch");
}

TEST_CASE("a kernel comes beside the one that is there") {
  CHECK(
      answer("kernel-2-1.noarch\n", {.install = {"kernel"}, .installed = "kernel-1-1.noarch\n"}) ==
      "=kernel-1-1.noarch kernel-2-1.noarch");
}

TEST_CASE("a downgrade is what a version says, and only then") {
  const auto universe = "a-1-1.noarch\n";
  CHECK(answer(universe, {.install = {"a-1-1"}, .installed = "a-2-1.noarch\n"}) == "a-1-1.noarch");
  CHECK(answer(universe, {.install = {"a"}, .installed = "a-2-1.noarch\n"}) == "=a-2-1.noarch");
}

TEST_CASE("an exclude does not touch what is installed") {
  CHECK(answer("a-2-1.noarch\n",
               {.exclude = {"a"}, .update_all = true, .installed = "a-1-1.noarch\n"}) ==
        "=a-1-1.noarch");
}

TEST_CASE("what is to be removed or updated and is not there is refused") {
  CHECK(refusal("bash-1-1.noarch\n", {.remove = {"bahs"}, .installed = "bash-1-1.noarch\n"}) ==
        "vm.yaml:2:5: error: 'bahs' is not installed in the base image\n"
        "      - bahs\n"
        "        ^~~~\n"
        "  hint: did you mean 'bash'?\n");
  CHECK(refusal("nano-1-1.noarch\n", {.update = {"nano"}, .installed = "bash-1-1.noarch\n"})
            .find("'nano' is not installed in the base image") != std::string::npos);
}
