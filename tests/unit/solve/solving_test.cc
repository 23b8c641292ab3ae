#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "composer/progress.h"

#include "text_universe.h"

using composer::solve::test::answer;
using composer::solve::test::Question;
using composer::solve::test::refusal;

TEST_CASE("what is required comes in, with its reason") {
  CHECK(answer("a-1-1.noarch\n  requires b >= 2\nb-1-1.noarch\nb-2-1.noarch\n  requires c\n"
               "c-1-1.noarch\nd-1-1.noarch\n",
               {.install = {"a"}}) == "a-1-1.noarch +b-2-1.noarch +c-1-1.noarch");
}

TEST_CASE("what is asked for and required too counts as asked") {
  CHECK(answer("a-1-1.noarch\n  requires b\nb-1-1.noarch\n", {.install = {"a", "b"}}) ==
        "a-1-1.noarch b-1-1.noarch");
}

TEST_CASE("recommended packages come in only with weak dependencies") {
  const auto universe = "a-1-1.noarch\n  recommends b\n  suggests c\nb-1-1.noarch\nc-1-1.noarch\n";
  CHECK(answer(universe, {.install = {"a"}}) == "a-1-1.noarch ~b-1-1.noarch");
  CHECK(answer(universe, {.install = {"a"}, .weak = false}) == "a-1-1.noarch");
}

TEST_CASE("a package that supplements another one comes in with it") {
  const auto universe = "a-1-1.noarch\nb-1-1.noarch\na-in-b-1-1.noarch\n  supplements (a and b)\n";
  CHECK(answer(universe, {.install = {"a", "b"}}) ==
        "a-1-1.noarch ~a-in-b-1-1.noarch b-1-1.noarch");
  CHECK(answer(universe, {.install = {"a"}}) == "a-1-1.noarch");
  CHECK(answer(universe, {.install = {"a", "b"}, .weak = false}) == "a-1-1.noarch b-1-1.noarch");
}

TEST_CASE("a recommended package that cannot be had is left out") {
  CHECK(answer("a-1-1.noarch\n  recommends b\nb-1-1.noarch\n  requires nothing\n",
               {.install = {"a"}}) == "a-1-1.noarch");
}

TEST_CASE("what only the requests on top need is on top") {
  const auto universe =
      "base-1-1.noarch\n  requires libc\n  recommends docs\nlibc-1-1.noarch\ndocs-1-1.noarch\n"
      "tool-1-1.noarch\n  requires libc\n  requires libtool\nlibtool-1-1.noarch\n"
      "base-tool-1-1.noarch\n  supplements (base and tool)\n";
  CHECK(answer(universe, {.install = {"base"}, .on_top = {"tool"}}) ==
        "base-1-1.noarch ^~base-tool-1-1.noarch ~docs-1-1.noarch +libc-1-1.noarch "
        "^+libtool-1-1.noarch ^tool-1-1.noarch");
  // What is below is the same without anything on top.
  CHECK(answer(universe, {.install = {"base"}}) ==
        "base-1-1.noarch ~docs-1-1.noarch +libc-1-1.noarch");
  // What is there anyway is not on top.
  CHECK(answer(universe, {.install = {"base"}, .weak = false, .on_top = {"libc"}}) ==
        "base-1-1.noarch libc-1-1.noarch");
}

TEST_CASE("where there is a choice, a request on top decides what is below") {
  const auto universe =
      "a-1-1.noarch\n  requires cap\none-1-1.noarch\n  provides cap\n"
      "two-1-1.noarch\n  provides cap\n  conflicts one\nb-1-1.noarch\n  requires two\n";
  CHECK(answer(universe, {.install = {"a"}, .on_top = {"b"}}) ==
        "a-1-1.noarch ^b-1-1.noarch +two-1-1.noarch");
}

TEST_CASE("rich dependencies are obeyed") {
  const auto universe =
      "a-1-1.noarch\n  requires (b if c)\nb-1-1.noarch\nc-1-1.noarch\n"
      "d-1-1.noarch\n  requires (x or c)\n";
  CHECK(answer(universe, {.install = {"a"}}) == "a-1-1.noarch");
  CHECK(answer(universe, {.install = {"a", "c"}}) == "a-1-1.noarch +b-1-1.noarch c-1-1.noarch");
  CHECK(answer(universe, {.install = {"d"}}) == "+c-1-1.noarch d-1-1.noarch");
}

TEST_CASE("the repository of the lower priority number wins, whatever the version") {
  CHECK(answer({{"a-1-1.noarch", {"first", 10, 1000}}, {"a-2-1.noarch", {"second", 20, 1000}}},
               {.install = {"a"}}) == "a-1-1.noarch");
  CHECK(answer({{"a-1-1.noarch", {"first", 20, 1000}}, {"a-2-1.noarch", {"second", 20, 1000}}},
               {.install = {"a"}}) == "a-2-1.noarch");
}

TEST_CASE("a dependency is taken from the better repository too") {
  CHECK(answer({{"a-1-1.noarch\n  requires b\nb-1-1.noarch", {"first", 10, 1000}},
                {"b-2-1.noarch", {"second", 20, 1000}}},
               {.install = {"a"}}) == "a-1-1.noarch +b-1-1.noarch");
}

TEST_CASE("a repository's own excludes count for that repository alone") {
  CHECK(
      answer({{"a-2-1.noarch", {"first", 99, 1000}, {"a"}}, {"a-1-1.noarch", {"second", 99, 1000}}},
             {.install = {"a"}}) == "a-1-1.noarch");
}

TEST_CASE("an excluded version is passed over for another one") {
  CHECK(answer("a-1-1.noarch\na-2-1.noarch", {.install = {"a"}, .exclude = {"a-2*"}}) ==
        "a-1-1.noarch");
}

TEST_CASE("an excluded package is not recommended either") {
  CHECK(answer("a-1-1.noarch\n  recommends b\nb-1-1.noarch\n",
               {.install = {"a"}, .exclude = {"b"}}) == "a-1-1.noarch");
}

TEST_CASE("an exclude that names nothing is no error") {
  CHECK(answer("a-1-1.noarch", {.install = {"a"}, .exclude = {"fedora-release"}}) ==
        "a-1-1.noarch");
}

TEST_CASE("two kernels may be asked for by their versions, two of other packages may not") {
  const auto universe =
      "kernel-6.1-1.x86_64\nkernel-6.2-1.x86_64\nvim-8-1.x86_64\nvim-9-1.x86_64\n";
  CHECK(answer(universe, {.install = {"kernel-6.1", "kernel"}}) ==
        "kernel-6.1-1.x86_64 kernel-6.2-1.x86_64");
  CHECK(refusal(universe, {.install = {"vim-8", "vim-9"}}) ==
        "vm.yaml:2:5: error: cannot install 'vim-8': 'vim-9-1.x86_64' and 'vim-8-1.x86_64' cannot "
        "both be installed\n"
        "      - vim-8\n"
        "        ^~~~~\n"
        "  'vim-9' is asked for at vm.yaml:3:5\n"
        "  hint: ask for one of them only\n");
}

// Azure Linux: release-common requires an identity, the variants only recommend theirs, and the
// identities conflict with each other.
namespace {

constexpr std::string_view kIdentities =
    "release-common-4-1.noarch\n"
    "  requires identity\n"
    "identity-basic-4-1.noarch\n"
    "  provides identity = 4\n"
    "  conflicts identity\n"
    "identity-cloud-4-1.noarch\n"
    "  provides identity = 4\n"
    "  conflicts identity\n"
    "identity-wsl-4-1.noarch\n"
    "  provides identity = 4\n"
    "  conflicts identity\n"
    "release-cloud-4-1.noarch\n"
    "  requires release-common\n"
    "  recommends identity-cloud\n"
    "release-wsl-4-1.noarch\n"
    "  requires release-common\n"
    "  recommends identity-wsl\n"
    "bash-1-1.noarch\n"
    "  requires release-common\n";

}  // namespace

TEST_CASE("a variant brings exactly its own identity, by a weak dependency") {
  CHECK(answer(kIdentities, {.install = {"bash", "release-wsl"}}) ==
        "bash-1-1.noarch +identity-wsl-4-1.noarch +release-common-4-1.noarch "
        "release-wsl-4-1.noarch");
  CHECK(answer(kIdentities, {.install = {"release-cloud", "bash"}}) ==
        "bash-1-1.noarch +identity-cloud-4-1.noarch release-cloud-4-1.noarch "
        "+release-common-4-1.noarch");
}

TEST_CASE("without weak dependencies a recommendation still decides between equals") {
  CHECK(answer(kIdentities, {.install = {"release-wsl"}, .weak = false}) ==
        "+identity-wsl-4-1.noarch +release-common-4-1.noarch release-wsl-4-1.noarch");
}

TEST_CASE("without a variant the first identity by name is taken") {
  CHECK(answer(kIdentities, {.install = {"bash"}}) ==
        "bash-1-1.noarch +identity-basic-4-1.noarch +release-common-4-1.noarch");
}

TEST_CASE("two identities cannot be had at once") {
  CHECK(refusal(kIdentities, {.install = {"release-wsl", "identity-wsl", "identity-cloud"}}) ==
        "vm.yaml:3:5: error: cannot install 'identity-wsl': 'identity-cloud-4-1.noarch' conflicts "
        "with 'identity', which 'identity-wsl-4-1.noarch' provides\n"
        "      - identity-wsl\n"
        "        ^~~~~~~~~~~~\n"
        "  'identity-cloud' is asked for at vm.yaml:4:5\n"
        "  hint: ask for one of them only\n");
}

TEST_CASE("the order of the metadata changes nothing, nor does that of the requests") {
  std::vector<std::string> blocks;
  std::string block;
  for (const char c : std::string(kIdentities)) {
    block += c;
    if (c != '\n') continue;
    if (block.starts_with("  ")) {
      blocks.back() += block;
    } else {
      blocks.push_back(block);
    }
    block.clear();
  }
  for (const char* name : {"mta-postfix", "mta-exim", "mta-sendmail"}) {
    blocks.push_back(std::string(name) + "-1-1.noarch\n  provides mta\n");
  }
  std::vector<std::string> requests = {"release-wsl", "bash", "mta", "release-common"};
  const auto ask = [&] {
    std::string universe;
    for (const std::string& b : blocks) universe += b;
    return answer(universe, {.install = requests, .weak = false});
  };
  const std::string expected = ask();
  CHECK(expected ==
        "bash-1-1.noarch +identity-wsl-4-1.noarch mta-exim-1-1.noarch release-common-4-1.noarch "
        "release-wsl-4-1.noarch");
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(blocks.begin(), blocks.end(), random);
    std::shuffle(requests.begin(), requests.end(), random);
    REQUIRE(ask() == expected);
  }
}

namespace {

constexpr std::string_view kComps = R"(<?xml version="1.0"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps>
  <group>
    <id>core</id><name>Core</name><name xml:lang="de">Kern</name>
    <packagelist>
      <packagereq type="mandatory">a</packagereq>
      <packagereq type="default">b</packagereq>
      <packagereq type="optional">c</packagereq>
      <packagereq type="conditional" requires="x">b-for-x</packagereq>
      <packagereq type="mandatory">absent</packagereq>
    </packagelist>
  </group>
</comps>)";

constexpr std::string_view kGroupUniverse =
    "a-1-1.noarch\nb-1-1.noarch\nc-1-1.noarch\nx-1-1.noarch\nb-for-x-1-1.noarch\n";

struct Warnings final : composer::Progress {
  void begin(composer::Stage, composer::Amount) override {}
  void advance(composer::Stage, composer::Amount, std::string_view) override {}
  void end(composer::Stage, composer::Amount) override {}
  void note(std::string_view) override {}
  void warning(std::string_view text) override { all += std::string(text) + "\n"; }
  void command(std::span<const std::string>) override {}
  void output(std::string_view, std::string_view) override {}
  std::string all;
};

}  // namespace

TEST_CASE("a group brings its mandatory and default packages, not the optional ones") {
  Warnings warnings;
  CHECK(answer({{std::string(kGroupUniverse)}},
               {.install = {"@core"}, .comps = std::string(kComps)},
               &warnings) == "a-1-1.noarch b-1-1.noarch");
  CHECK(warnings.all == "group 'core' names 'absent', which no repository has, ignoring\n");
}

TEST_CASE("a conditional package of a group comes with its condition") {
  CHECK(answer(kGroupUniverse, {.install = {"@core", "x"}, .comps = std::string(kComps)}) ==
        "a-1-1.noarch b-1-1.noarch b-for-x-1-1.noarch x-1-1.noarch");
}

TEST_CASE("a group that is not there is refused with the nearest one") {
  CHECK(refusal(kGroupUniverse, {.install = {"@croe"}, .comps = std::string(kComps)}) ==
        "vm.yaml:2:5: error: no group is called '@croe'\n"
        "      - @croe\n"
        "        ^~~~~\n"
        "  hint: did you mean '@core'?\n");
}
