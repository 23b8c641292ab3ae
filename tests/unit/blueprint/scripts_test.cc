#include "blueprint_text.h"

using namespace composer;
using namespace composer::test;

namespace {

Problems with_scripts(const std::string& scripts) {
  return problems_of(and_also("scripts:\n" + scripts));
}

}  // namespace

TEST_CASE("a script is read with all its keys") {
  const Blueprint blueprint =
      parse_blueprint(and_also("scripts:\n"
                               "  - name: seed\n"
                               "    when: before-configuration\n"
                               "    interpreter: /usr/bin/python3\n"
                               "    network: true\n"
                               "    environment: {CHANNEL: stable, EMPTY: \"\"}\n"
                               "    content: |\n"
                               "      pass\n"
                               "  - {name: more, source: files/more.sh}\n"),
                      "web.yaml");
  REQUIRE(blueprint.scripts.size() == 2);
  CHECK(*blueprint.scripts[0].name == "seed");
  CHECK(**blueprint.scripts[0].when == ScriptMoment::before_configuration);
  CHECK(**blueprint.scripts[0].interpreter == "/usr/bin/python3");
  CHECK(**blueprint.scripts[0].network);
  CHECK(**blueprint.scripts[0].content == "pass\n");
  REQUIRE(blueprint.scripts[0].environment.size() == 2);
  CHECK(*blueprint.scripts[0].environment[0].key == "CHANNEL");
  CHECK(*blueprint.scripts[0].environment[0].value == "stable");
  CHECK(**blueprint.scripts[1].source == "files/more.sh");
}

TEST_CASE("a script has a name of its own and one text") {
  CHECK(with_scripts("  - {name: a, content: x, source: y}\n") ==
        Problems{"26: a script with both 'content' and 'source' [keep one of them]"});
  CHECK(with_scripts("  - {name: a}\n") ==
        Problems{
            "26: script 'a' has neither 'content' nor 'source' [add 'content: |' and its lines]"});
  CHECK(with_scripts("  - {content: x}\n") ==
        Problems{"26: a script needs the key 'name' [add 'name:' and a script's name]"});
  CHECK(with_scripts("  - {name: a, content: x}\n  - {name: a, content: y}\n") ==
        Problems{"27: script 'a' is already given on line 26 [keep one of the two]"});
  CHECK(with_scripts("  - {name: a/b, content: x}\n") ==
        Problems{"26: 'a/b' is not a valid name of a script [begin with a letter or digit, and "
                 "use only letters, digits, '.', '_' and '-']"});
}

TEST_CASE("a test script is read, and has a name of its own and one text") {
  const auto with_tests = [](const std::string& scripts) {
    return and_also("tests:\n  scripts:\n" + scripts);
  };
  const Blueprint blueprint = parse_blueprint(
      with_tests("    - {name: route, content: ip route}\n    - {name: more, source: more.sh}\n"),
      "web.yaml");
  REQUIRE(blueprint.test_scripts.size() == 2);
  CHECK(*blueprint.test_scripts[0].name == "route");
  CHECK(**blueprint.test_scripts[0].content == "ip route");
  CHECK(**blueprint.test_scripts[1].source == "more.sh");
  CHECK(problems_of(with_tests("    - {name: a}\n")) ==
        Problems{"27: test script 'a' has neither 'content' nor 'source' [add 'content: |' and its "
                 "lines]"});
  CHECK(problems_of(with_tests("    - {name: a, content: x, source: y}\n")) ==
        Problems{"27: a test script with both 'content' and 'source' [keep one of them]"});
  CHECK(problems_of(with_tests("    - {name: a, content: x}\n    - {name: a, content: y}\n")) ==
        Problems{"28: test script 'a' is already given on line 27 [keep one of the two]"});
}

TEST_CASE("what a script cannot have is refused with what to do instead") {
  CHECK(with_scripts("  - {name: a, content: x, when: later}\n").size() == 1);
  CHECK(with_scripts("  - {name: a, content: x, interpreter: python3}\n") ==
        Problems{"26: file path 'python3' does not begin with '/' [did you mean '/python3'?]"});
  CHECK(with_scripts("  - {name: a, content: x, timeout: 60}\n") ==
        Problems{"26: a script has no time limit of its own [use 'timeout 60 program' in the "
                 "script]"});
  CHECK(with_scripts("  - {name: a, content: x, environment: {A-B: x}}\n") ==
        Problems{"26: 'A-B' is not a valid name of a variable [begin with a letter or '_', and use "
                 "only letters, digits and '_']"});
  CHECK(with_scripts("  - {name: a, run: x}\n")[0] ==
        "26: unknown key 'run' in a script [did you mean 'content'?]");
}
