#include <set>

#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reference.h"

#include "acceptance.h"

using namespace composer;

namespace {

constexpr std::string_view kBegin = "<!-- reference: begin";
constexpr std::string_view kEnd = "<!-- reference: end -->\n";

const std::string kDocument = COMPOSER_SOURCE_DIR "/docs/blueprint.md";

std::string example_of_every_key() {
  const std::string text = test::content_of(kDocument);
  const auto begin = text.find("```yaml\n");
  const auto end = text.find("\n```", begin);
  REQUIRE(end != std::string::npos);
  return text.substr(begin + 8, end - begin - 7);
}

void collect_keys(const blueprint::Mapping& mapping, std::set<std::string>& keys) {
  for (const blueprint::Key& key : mapping.keys) {
    keys.emplace(key.name);
    if (key.mapping != nullptr) collect_keys(key.mapping(), keys);
  }
}

void check_facts(const blueprint::Mapping& mapping) {
  CAPTURE(mapping.path);
  CHECK_FALSE(mapping.title.empty());
  std::set<std::string_view> names;
  for (const blueprint::Key& key : mapping.keys) {
    CAPTURE(key.name);
    CHECK(names.insert(key.name).second);
    CHECK(key.meaning.ends_with('.'));
    CHECK((key.scalar == nullptr) != (key.mapping == nullptr));
    CHECK(key.read != nullptr);
    if (key.scalar != nullptr) CHECK_FALSE(key.scalar->name.empty());
    if (key.mapping != nullptr) check_facts(key.mapping());
  }
  for (const blueprint::Stranger& stranger : mapping.strangers) {
    CAPTURE(stranger.key);
    CHECK(mapping.find(stranger.key) == nullptr);
    CHECK((mapping.find(stranger.ours) != nullptr) != !stranger.hint.empty());
    CHECK(stranger.message.empty() == stranger.hint.empty());
  }
}

}  // namespace

TEST_CASE("every key of the language is declared in full") {
  check_facts(blueprint::blueprint_mapping());
}

TEST_CASE("docs/blueprint.md holds the reference of the language as it is") {
  const std::string text = test::content_of(kDocument);
  const auto begin = text.find('\n', text.find(kBegin)) + 1;
  const auto end = text.find(kEnd);
  REQUIRE(end != std::string::npos);
  test::compare_with_file(
      text.substr(0, begin) + "\n" + blueprint::language_reference() + "\n" + text.substr(end),
      kDocument);
}

TEST_CASE("the example of docs/blueprint.md is a blueprint, and holds every key") {
  const std::string example = example_of_every_key();
  CHECK_NOTHROW(parse_blueprint(example, "docs/example.yaml"));
  std::set<std::string> keys;
  collect_keys(blueprint::blueprint_mapping(), keys);
  for (const std::string& key : keys) {
    CAPTURE(key);
    CHECK(example.find(key + ":") != std::string::npos);
  }
}
