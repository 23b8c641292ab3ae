#include "blueprint_text.h"

// Variables where a key takes something else than a text.

using namespace composer;
using namespace composer::test;

TEST_CASE("a variable in quotes is a number or a boolean where one is meant") {
  const std::string text =
      with("  hostname: web\n",
           "  fips: \"${{on}}\"\n"
           "  groups: [{name: a, gid: '${{ gid }}'}, {name: b, gid: \"${{gid}}1\"}]\n"
           "  files: [{path: /a, content: x, mode: \"${{mode}}\"}]\n") +
      "variables: {gid: 200, on: true, mode: \"0600\"}\n";
  CHECK(problems_of(text) ==
        Problems{"23: '2001' in quotes is a text, not a numeric id [leave the quotes out]"});
  const Blueprint blueprint = parse_blueprint(with("\"${{gid}}1\"", "201", text), "web.yaml");
  CHECK(**blueprint.system.fips);
  CHECK(**blueprint.system.groups[0].gid == 200);
  CHECK(**blueprint.system.files[0].mode == 0600);
}

TEST_CASE("a variable between braces and without quotes is told to need them") {
  CHECK(problems_of("a: {gid: ${{gid}}}\nb: c\n") ==
        Problems{"1: '{' is never closed [between brackets and braces a variable needs quotes: "
                 "'{gid: \"${{gid}}\"}']"});
}
