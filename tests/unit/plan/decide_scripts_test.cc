#include "composer/plan/decide_scripts.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

ScriptRequest script(const std::string& name, const std::string& content) {
  ScriptRequest request;
  request.name.value = name;
  request.content.emplace().value = content;
  return request;
}

std::string refusal(const ScriptRequest& request, const std::filesystem::path& folder = "/") {
  try {
    plan_scripts({request}, folder);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
  return "no error";
}

}  // namespace

TEST_CASE("scripts are planned by moment, then in the blueprint's order") {
  std::vector<ScriptRequest> requests{script("a", "1"), script("b", "2"), script("c", "3"),
                                      script("d", "4")};
  requests[1].when.emplace().value = ScriptMoment::before_configuration;
  requests[3].when.emplace().value = ScriptMoment::before_configuration;
  std::string order;
  for (const PlannedScript& planned : plan_scripts(requests, "/")) order += planned.name;
  CHECK(order == "bdac");
}

TEST_CASE("a script's source is read from the blueprint's folder") {
  const test::ScratchFolder folder;
  std::ofstream(folder.path() / "setup.sh") << "echo hello\n";
  ScriptRequest request;
  request.name.value = "setup";
  request.source.emplace().value = "setup.sh";
  request.network.emplace().value = true;
  const PlannedScript planned = plan_scripts({request}, folder.path()).at(0);
  CHECK(planned.content == "echo hello\n");
  CHECK(planned.network);
  CHECK(planned.when == ScriptMoment::after_configuration);
  request.source->value = "missing.sh";
  CHECK(refusal(request, folder.path()).find("missing.sh") != std::string::npos);
}

TEST_CASE("the scripts for a booted guest are planned in the blueprint's order") {
  const test::ScratchFolder folder;
  std::ofstream(folder.path() / "check.sh") << "true\n";
  std::vector<TestScriptRequest> requests(2);
  requests[0].name.value = "second to none";
  requests[0].content.emplace().value = "id";
  requests[1].name.value = "from a file";
  requests[1].source.emplace().value = "check.sh";
  const auto planned = plan_test_scripts(requests, folder.path());
  REQUIRE(planned.size() == 2);
  CHECK(planned[0].name == "second to none");
  CHECK(planned[0].content == "id");
  CHECK(planned[1].content == "true\n");
  requests[1].source->value = "missing.sh";
  CHECK_THROWS_AS(plan_test_scripts(requests, folder.path()), Error);
}

TEST_CASE("a first line that no kernel could follow is refused") {
  CHECK(refusal(script("x", "#!/bin/sh\r\ntrue\r\n")) ==
        "error: script 'x' has the line ends of another system (CR LF)\n"
        "  hint: begin it with '#!/bin/sh' and a line feed, or give an 'interpreter'\n");
  for (const char* text : {"#!sh\ntrue\n", "#!", "#! \n"}) {
    CAPTURE(text);
    CHECK(refusal(script("x", text)) ==
          "error: the '#!' line of script 'x' names no program by an absolute path\n"
          "  hint: begin it with '#!/bin/sh' and a line feed, or give an 'interpreter'\n");
  }
  CHECK(refusal(script("x", "#! /usr/bin/env python3\n")) == "no error");
  ScriptRequest told = script("x", "#!awk\n");
  told.interpreter.emplace().value = "/usr/bin/awk";
  CHECK(refusal(told) == "no error");
}
