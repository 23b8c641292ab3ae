#include <catch2/catch.hpp>

#include "text_universe.h"

using composer::solve::test::refusal;

TEST_CASE("a requirement that nothing meets is named with who has it") {
  CHECK(refusal("a-1-1.noarch\n  requires b\nb-1-1.noarch\n  requires libgone >= 2\n",
                {.install = {"a"}}) ==
        "vm.yaml:2:5: error: cannot install 'a': nothing provides 'libgone >= 2', which "
        "'b-1-1.noarch' requires\n"
        "      - a\n"
        "        ^\n"
        "  'a-1-1.noarch' requires 'b', and nothing that provides it can be installed\n"
        "  hint: a repository may be missing from the blueprint\n");
}

TEST_CASE("two requests that conflict are both named with their places") {
  CHECK(refusal("a-1-1.noarch\n  conflicts b\nb-1-1.noarch\n", {.install = {"a", "b"}}) ==
        "vm.yaml:2:5: error: cannot install 'a': 'a-1-1.noarch' conflicts with 'b', which "
        "'b-1-1.noarch' provides\n"
        "      - a\n"
        "        ^\n"
        "  'b' is asked for at vm.yaml:3:5\n"
        "  hint: ask for one of them only\n");
}

TEST_CASE("a requirement on an excluded package names the exclude and its place") {
  CHECK(refusal("a-1-1.noarch\n  requires b\nb-1-1.noarch\n",
                {.install = {"a"}, .exclude = {"b*"}}) ==
        "vm.yaml:2:5: error: cannot install 'a': 'b-1-1.noarch' is excluded by 'b*' at "
        "vm.yaml:3:5\n"
        "      - a\n"
        "        ^\n"
        "  'a-1-1.noarch' requires 'b', and nothing that provides it can be installed\n"
        "  hint: take 'b*' out of the excludes, or do not ask for what needs it\n");
}

TEST_CASE("the newest version is not silently replaced by an older one") {
  CHECK(refusal("a-1-1.noarch\na-2-1.noarch\n  requires gone\n", {.install = {"a"}}) ==
        "vm.yaml:2:5: error: cannot install the newest version of 'a': nothing provides 'gone', "
        "which 'a-2-1.noarch' requires\n"
        "      - a\n"
        "        ^\n"
        "  hint: name an older version to install that one, or exclude the newest\n");
}

TEST_CASE("a package that obsoletes another one cannot be asked for together with it") {
  CHECK(
      refusal("old-1-1.noarch\nnew-2-1.noarch\n  obsoletes old\n", {.install = {"old-1", "new"}}) ==
      "vm.yaml:2:5: error: cannot install 'old-1': 'new-2-1.noarch' obsoletes 'old', which "
      "'old-1-1.noarch' provides\n"
      "      - old-1\n"
      "        ^~~~~\n"
      "  'new' is asked for at vm.yaml:3:5\n"
      "  hint: ask for one of them only\n");
}

TEST_CASE("independent problems are told each at its own request") {
  const std::string text = refusal(
      "a-1-1.noarch\n  requires gone1\nb-1-1.noarch\n  requires gone2\n", {.install = {"a", "b"}});
  CHECK(text.find("vm.yaml:2:5: error: cannot install 'a': nothing provides 'gone1'") !=
        std::string::npos);
  CHECK(text.find("vm.yaml:3:5: error: cannot install 'b': nothing provides 'gone2'") !=
        std::string::npos);
}
