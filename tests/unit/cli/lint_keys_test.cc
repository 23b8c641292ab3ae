#include <catch2/catch.hpp>

#include "composer/blueprint.h"
#include "composer/error.h"
#include "composer/lint_images.h"

// The blueprint's `lint` section, from its text to what only the rules know of it. Its keys and
// values alone are tests/golden/blueprint/lint.yaml.

using namespace composer;

namespace {

Blueprint with_lint(const std::string& section) {
  return parse_blueprint(
      "blueprint: 1\nname: judged\nversion: 1\narch: x86_64\n"
      "repositories: [{id: base, baseurl: /srv/base, gpgkey: base.asc}]\n"
      "packages: {install: [bash]}\noutputs: [{format: tar}]\n" +
          section,
      "judged.yaml");
}

std::string refusal(const std::string& section) {
  try {
    check_lint(with_lint(section));
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
  return "no problem\n";
}

TEST_CASE("profiles and ignored rules are what the lint section says") {
  const Blueprint blueprint = with_lint(
      "lint:\n  profiles: [container, wsl]\n"
      "  ignore: [{rule: umask, reason: our users share files}]\n");
  REQUIRE(blueprint.lint.ignore.size() == 1);
  CHECK(*blueprint.lint.ignore[0].rule == "umask");
  CHECK(*blueprint.lint.ignore[0].reason == "our users share files");
  REQUIRE(blueprint.lint.profiles.size() == 2);
  CHECK(*blueprint.lint.profiles[0] == LintProfile::container);
  CHECK(*blueprint.lint.profiles[1] == LintProfile::wsl);
  CHECK_NOTHROW(check_lint(blueprint));
}

TEST_CASE("a rule that there is not is refused at its line, with the one that was meant") {
  CHECK(refusal("lint:\n  profiles: [container]\n  ignore:\n"
                "    - {rule: umaks, reason: a slip}\n"
                "    - {rule: umask, reason: this one is right}\n"
                "    - rule: nothing-like-any-of-them-at-all\n"
                "      reason: from another tool\n") ==
        "judged.yaml:11:14: error: there is no lint rule 'umaks'\n"
        "        - {rule: umaks, reason: a slip}\n"
        "                 ^~~~~\n"
        "  hint: did you mean 'umask'?\n"
        "judged.yaml:13:13: error: there is no lint rule 'nothing-like-any-of-them-at-all'\n"
        "        - rule: nothing-like-any-of-them-at-all\n"
        "                ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~\n"
        "  hint: 'image-composer lint --list' shows them all\n");
}

}  // namespace
