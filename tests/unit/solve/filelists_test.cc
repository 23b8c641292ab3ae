#include <catch2/catch.hpp>

#include "composer/solve/subject.h"

#include "text_universe.h"

using namespace composer::solve;

namespace {

bool needs(std::string_view text, std::string_view root, bool weak) {
  std::vector<UniverseSource> sources;
  sources.push_back({{"repo", 99, 1000}, test::to_testtags(text)});
  const Universe universe(composer::Architecture::x86_64, std::move(sources));
  return needs_filelists(universe, match_subject(universe, root, MatchForms::all).packages, weak);
}

constexpr std::string_view kUniverse =
    "a-1-1.noarch\n  requires b\n  recommends w\n"
    "b-1-1.noarch\n  requires /usr/bin/sh\n  requires /etc/passwd\n"
    "w-1-1.noarch\n  requires /usr/share/x\n"
    "c-1-1.noarch\n  requires (b and (d or /usr/lib/y))\n"
    "e-1-1.noarch\n";

}  // namespace

TEST_CASE("file lists are needed only for files that primary metadata does not list") {
  CHECK(is_in_primary("/usr/bin/sh"));
  CHECK(is_in_primary("/usr/libexec/sbin/x"));
  CHECK(is_in_primary("/etc/passwd"));
  CHECK(is_in_primary("/usr/lib/sendmail"));
  CHECK_FALSE(is_in_primary("/usr/share/x"));
  CHECK_FALSE(is_in_primary("/usr/etc/x"));
}

TEST_CASE("file lists are needed only for what can be reached") {
  CHECK_FALSE(needs(kUniverse, "e", true));
  CHECK_FALSE(needs(kUniverse, "b", true));
  CHECK(needs(kUniverse, "a", true));
  CHECK_FALSE(needs(kUniverse, "a", false));
}

TEST_CASE("a file deep in a rich dependency counts") {
  CHECK(needs(kUniverse, "c", false));
}

TEST_CASE("a package that supplements another one can always be reached") {
  const auto universe = "a-1-1.noarch\ns-1-1.noarch\n  supplements a\n  requires /opt/x\n";
  CHECK(needs(universe, "a", true));
  CHECK_FALSE(needs(universe, "a", false));
}
