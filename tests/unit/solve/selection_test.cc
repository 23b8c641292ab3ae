#include <catch2/catch.hpp>

#include "composer/solve/subject.h"

#include "text_universe.h"

using composer::solve::test::answer;
using composer::solve::test::refusal;

namespace {

constexpr std::string_view kShells =
    "bash-5.1-1.x86_64\n"
    "bash-5.2-3.x86_64\n"
    "bash-5.2-3.i686\n"
    "bash-doc-5.2-3.noarch\n"
    "zsh-1:5.9-1.x86_64\n"
    "  provides shell = 5\n"
    "  file /usr/bin/zsh\n"
    "dash-0.5-1.aarch64\n";

}  // namespace

TEST_CASE("a name takes the newest version of the best architecture") {
  CHECK(answer(kShells, {.install = {"bash"}}) == "bash-5.2-3.x86_64");
}

TEST_CASE("an architecture behind the name is obeyed") {
  CHECK(answer(kShells, {.install = {"bash.i686"}}) == "bash-5.2-3.i686");
}

TEST_CASE("an architecture as a glob takes every one") {
  CHECK(answer(kShells, {.install = {"bash.*"}}) == "bash-5.2-3.i686 bash-5.2-3.x86_64");
}

TEST_CASE("name and version take that version") {
  CHECK(answer(kShells, {.install = {"bash-5.1"}}) == "bash-5.1-1.x86_64");
  CHECK(answer(kShells, {.install = {"bash-5.1-1"}}) == "bash-5.1-1.x86_64");
  CHECK(answer(kShells, {.install = {"bash-5.1-1.x86_64"}}) == "bash-5.1-1.x86_64");
  CHECK(answer(kShells, {.install = {"bash-0:5.1-1.x86_64"}}) == "bash-5.1-1.x86_64");
}

TEST_CASE("an epoch must be the package's where it is given") {
  CHECK(answer(kShells, {.install = {"zsh-5.9"}}) == "zsh-1:5.9-1.x86_64");
  CHECK(answer(kShells, {.install = {"zsh-1:5.9-1"}}) == "zsh-1:5.9-1.x86_64");
  CHECK(refusal(kShells, {.install = {"zsh-0:5.9-1"}})
            .starts_with("vm.yaml:2:5: error: no package provides 'zsh-0:5.9-1'\n"));
}

TEST_CASE("versions are compared as rpm does, not as text") {
  CHECK(answer("a-1.05-1.noarch", {.install = {"a-1.5"}}) == "a-1.05-1.noarch");
}

TEST_CASE("a glob takes every name that it matches, each once") {
  CHECK(answer(kShells, {.install = {"ba*"}}) == "bash-5.2-3.x86_64 bash-doc-5.2-3.noarch");
  CHECK(answer(kShells, {.install = {"?ash"}, .exclude = {"dash"}}) == "bash-5.2-3.x86_64");
}

TEST_CASE("a glob may span a whole NEVRA") {
  CHECK(answer(kShells, {.install = {"*sh-5.1-*"}}) == "bash-5.1-1.x86_64");
}

TEST_CASE("a comparison is a question to Provides") {
  CHECK(answer(kShells, {.install = {"bash >= 5.2"}}) == "bash-5.2-3.x86_64");
  CHECK(answer(kShells, {.install = {"bash < 5.2"}}) == "bash-5.1-1.x86_64");
  CHECK(answer(kShells, {.install = {"bash = 5.2-3"}}) == "bash-5.2-3.x86_64");
  CHECK(answer(kShells, {.install = {"bash=5.1"}}) == "bash-5.1-1.x86_64");
}

TEST_CASE("what no package is called is looked for in Provides") {
  CHECK(answer(kShells, {.install = {"shell"}}) == "zsh-1:5.9-1.x86_64");
  CHECK(answer(kShells, {.install = {"shell >= 4"}}) == "zsh-1:5.9-1.x86_64");
  CHECK(answer(kShells, {.install = {"she*"}}) == "zsh-1:5.9-1.x86_64");
}

TEST_CASE("a rich dependency may be asked for") {
  CHECK(answer(kShells, {.install = {"(nothing or bash)"}}) == "bash-5.2-3.x86_64");
}

TEST_CASE("a package of that name goes before what provides it") {
  CHECK(answer("shell-1-1.noarch\nzsh-9-1.noarch\n  provides shell = 9\n",
               {.install = {"shell"}}) == "shell-1-1.noarch");
}

TEST_CASE("a path takes a package that has the file") {
  CHECK(answer(kShells, {.install = {"/usr/bin/zsh"}}) == "zsh-1:5.9-1.x86_64");
}

TEST_CASE("a source package is never taken") {
  CHECK(answer("a-2-1.src\na-1-1.x86_64", {.install = {"a"}}) == "a-1-1.x86_64");
  CHECK(refusal("a-2-1.src", {.install = {"a"}}) ==
        "vm.yaml:2:5: error: no package provides 'a'\n"
        "      - a\n"
        "        ^\n");
}

TEST_CASE("a name takes in what obsoletes it") {
  CHECK(answer("old-1-1.noarch\nnew-2-1.noarch\n  obsoletes old < 2\n", {.install = {"old"}}) ==
        "new-2-1.noarch");
}

TEST_CASE("a version that is not obsoleted stays") {
  CHECK(answer("old-3-1.noarch\nnew-2-1.noarch\n  obsoletes old < 2\n", {.install = {"old"}}) ==
        "old-3-1.noarch");
}

TEST_CASE("every request that names nothing is reported, each with the nearest name") {
  CHECK(refusal(kShells, {.install = {"bahs", "zsh", "bash >= 6", "xyzzy"}}) ==
        "vm.yaml:2:5: error: no package provides 'bahs'\n"
        "      - bahs\n"
        "        ^~~~\n"
        "  hint: did you mean 'bash'?\n"
        "vm.yaml:4:5: error: no package provides 'bash >= 6'\n"
        "      - bash >= 6\n"
        "        ^~~~~~~~~\n"
        "  hint: there is 'bash-5.2-3.x86_64'\n"
        "vm.yaml:5:5: error: no package provides 'xyzzy'\n"
        "      - xyzzy\n"
        "        ^~~~~\n");
}

TEST_CASE("a request whose packages are all excluded says so") {
  CHECK(refusal(kShells, {.install = {"zsh"}, .exclude = {"z*"}}) ==
        "vm.yaml:2:5: error: every package that provides 'zsh' is excluded\n"
        "      - zsh\n"
        "        ^~~\n"
        "  hint: 'zsh-1:5.9-1.x86_64' is excluded by 'z*' at vm.yaml:3:5\n");
}

TEST_CASE("a package for another architecture only is refused with that reason") {
  CHECK(refusal(kShells, {.install = {"dash"}}) ==
        "vm.yaml:2:5: error: cannot install 'dash': 'dash-0.5-1.aarch64' is built for aarch64, not "
        "for x86_64\n"
        "      - dash\n"
        "        ^~~~\n");
}
