#include "composer/blueprint/schema.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "composer/blueprint/mappings.h"

using namespace composer::blueprint;
using nlohmann::json;

namespace {

/// Texts of all sorts: every word and every line of the docs and the golden blueprints.
std::set<std::string> texts() {
  std::set<std::string> all = {"", " ", "/", "a\nb", "a\tb", "é", "${{x}}", "0644", "4.0", "true"};
  const std::string golden = COMPOSER_TEST_DATA "/golden/blueprint/";
  for (const std::string& path :
       {std::string(COMPOSER_SOURCE_DIR "/docs/blueprint.md"), golden + "good.yaml",
        golden + "ten-mistakes.yaml", golden + "credentials.yaml", golden + "settings.yaml"}) {
    std::ifstream file(path);
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      all.insert(line);
      std::istringstream words(line);
      for (std::string word; words >> word;) {
        all.insert(word);
        while (!word.empty() && std::string("'\",[]{}:`|").find(word.back()) != std::string::npos) {
          word.pop_back();
          all.insert(word);
        }
        while (!word.empty() &&
               std::string("'\",[]{}:`|").find(word.front()) != std::string::npos) {
          word.erase(0, 1);
          all.insert(word);
        }
      }
      for (const char* between : {": ", ", ", "- ", "[", "]", "\""}) {
        for (auto at = line.find(between); at != std::string::npos;
             at = line.find(between, at + 1)) {
          all.insert(line.substr(at + std::string(between).size()));
        }
      }
    }
  }
  return all;
}

/// Every key of a mapping is a property of its definition, and has what editors show.
void check_definition(const Mapping& mapping, const json& definition, const json& schema) {
  CAPTURE(mapping.path);
  REQUIRE(definition.contains("properties"));
  for (const Key& key : mapping.keys) {
    CAPTURE(key.name);
    REQUIRE(definition["properties"].contains(key.name));
    const json& property = definition["properties"][std::string(key.name)];
    CHECK_FALSE(property["description"].get<std::string>().empty());
    if (key.mapping == nullptr) continue;
    const json& place = key.arity == Arity::list ? property["items"] : property;
    const std::string reference = place["$ref"];
    REQUIRE(reference.starts_with("#/$defs/"));
    check_definition(key.mapping(), schema["$defs"].at(reference.substr(8)), schema);
  }
  CHECK(definition["additionalProperties"] == false);
}

}  // namespace

TEST_CASE("the schema has every key of the language, for blueprints and for parts") {
  const json schema = json::parse(language_schema());
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  check_definition(blueprint_mapping(), schema["$defs"]["blueprint"], schema);
  const json& part = schema["$defs"]["part"]["properties"];
  for (const char* key : {"part", "include", "variables", "profiles", "per_arch", "packages"}) {
    CAPTURE(key);
    CHECK(part.contains(key));
  }
  for (const char* key : {"blueprint", "extends", "select"}) {
    CAPTURE(key);
    CHECK_FALSE(part.contains(key));
    CHECK(schema["$defs"]["blueprint"]["properties"].contains(key));
  }
  CHECK(schema["$defs"]["blueprint"]["required"] == json({"blueprint", "name"}));
}

TEST_CASE("the schema tells words with their meanings, defaults and examples") {
  const json schema = json::parse(language_schema());
  const json& repository = schema["$defs"]["repositories"]["properties"];
  CHECK(repository["enabled"]["default"] == true);
  CHECK(repository["priority"]["default"] == 99);
  CHECK(repository["priority"]["maximum"] == 9999);
  const json& table = schema["$defs"]["disk"]["properties"]["table"];
  CHECK(table["default"] == "gpt");
  CHECK(table["anyOf"][0]["enum"] == json({"gpt", "mbr"}));
  CHECK(table["anyOf"][0]["enumDescriptions"][0] == "GUID partition table");
  const json& target = schema["$defs"]["tests.boot"]["properties"]["target"];
  CHECK(target["default"] == "multi-user.target");
  CHECK(target["examples"] == json::array({"multi-user.target"}));
  const json& version = schema["$defs"]["blueprint"]["properties"]["version"];
  CHECK(version["type"] == json({"string", "number", "boolean"}));
}

TEST_CASE("what the reader takes, its pattern takes") {
  const std::set<std::string> all = texts();
  REQUIRE(all.size() > 1000);
  std::set<const ScalarDescription*> seen;
  for (const TextPattern& row : text_patterns()) {
    CAPTURE(row.type->name, row.pattern);
    CHECK(seen.insert(row.type).second);
    const std::regex pattern{std::string(row.pattern)};
    CHECK(std::regex_match(row.example.begin(), row.example.end(), pattern));
    for (const std::string& text : all) {
      if (!row.accepts(text) || std::regex_match(text, pattern)) continue;
      CAPTURE(text);
      CHECK(false);
    }
  }
}

TEST_CASE("examples are values that the reader takes") {
  for (const TextPattern& row : text_patterns()) {
    if (row.type->secrecy == Secrecy::secret) continue;  // An example of a hash would be one.
    CAPTURE(row.type->name);
    CHECK(row.accepts(std::string(row.example)));
  }
}
