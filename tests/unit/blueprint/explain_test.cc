#include "composer/blueprint/explain.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "blueprint_text.h"

using namespace composer;
using namespace composer::blueprint;
using nlohmann::json;

namespace {

std::string explained(const std::string& text, ExplainFormat format,
                      const BlueprintOptions& options = {}) {
  return explain_blueprint(
      text, "web.yaml", options, format,
      files_in_memory({{"parts/p.yaml", "part: 1\npackages: {install: [p]}\n"}}));
}

const std::string kSecret = "$6$saltsalt$secretsecret";

}  // namespace

TEST_CASE("secrets are asterisks in an explanation, and so are variables of them") {
  const std::string text =
      test::with("  hostname: web\n", "  users: [{name: a, password_hash: '${{hash}}'}]\n") +
      "variables: {hash: '" + kSecret + "'}\n";
  for (const ExplainFormat format : {ExplainFormat::yaml, ExplainFormat::json}) {
    const std::string told = explained(text, format);
    CHECK(told.find(kSecret) == std::string::npos);
    CHECK(told.find("********") != std::string::npos);
  }
}

TEST_CASE("an explanation in JSON has each value with its file, line and variables") {
  const std::string text = test::with("hostname: web", "hostname: ${{host}}-1") +
                           "variables: {host: web}\ninclude: [parts/p.yaml]\n";
  const json told = json::parse(explained(text, ExplainFormat::json));
  CHECK(told["files"] == json({"web.yaml", "parts/p.yaml"}));
  CHECK(told["profiles"] == json::array());
  const json& install = told["blueprint"]["packages"]["install"];
  CHECK(install[0] == json({{"value", "p"}, {"file", "parts/p.yaml"}, {"line", 2}}));
  const json& host = told["blueprint"]["system"]["hostname"];
  CHECK(host["value"] == "web-1");
  CHECK(host["variables"] == json::array({{{"name", "host"}, {"file", "web.yaml"}, {"line", 25}}}));
  const json set = json::parse(
      explained(text, ExplainFormat::json, {.variables = {{"host", "db"}}, .profiles = {}}));
  CHECK(set["blueprint"]["system"]["hostname"]["value"] == "db-1");
  CHECK(set["blueprint"]["system"]["hostname"]["variables"][0]["file"] == "--set");
}

TEST_CASE("what a text needs to be read again stands in the explanation") {
  const std::string told =
      explained(test::with("  hostname: web\n",
                           "  files:\n    - {path: /etc/a, content: \"a\\n b: $${{c}}\\n\"}\n"
                           "    - {path: /etc/b, content: \"\\x1b \\\"q\\\" # \\t\"}\n"),
                ExplainFormat::yaml);
  const Blueprint again = parse_blueprint(told, "again.yaml");
  CHECK(**again.system.files[0].content == "a\n b: ${{c}}\n");
  CHECK(**again.system.files[1].content == "\x1b \"q\" # \t");
}

TEST_CASE("what a variable stood for is explained so that it can be read again") {
  const std::string text = test::with("  hostname: web\n",
                                      "  groups: [{name: a, gid: \"${{gid}}\"}]\n"
                                      "  files: [{path: /a, content: x, mode: \"${{mode}}\"}]\n") +
                           "variables: {gid: 200, mode: \"0600\"}\n";
  const Blueprint again = parse_blueprint(explained(text, ExplainFormat::yaml), "again.yaml");
  CHECK(**again.system.groups[0].gid == 200);
  CHECK(**again.system.files[0].mode == 0600);
}
