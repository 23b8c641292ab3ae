#include <map>
#include <set>

#include "composer/blueprint.h"
#include "composer/blueprint/explain.h"
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

/// The blocks of YAML in the docs that begin with `# NAME`, by their names.
std::map<std::string, std::string> named_examples(const std::string& text) {
  constexpr std::string_view kFence = "```yaml\n# ";
  std::map<std::string, std::string> examples;
  for (auto at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at + 1)) {
    const auto name = at + kFence.size();
    const auto content = text.find('\n', name) + 1;
    const auto end = text.find("```\n", content);
    examples[text.substr(name, content - name - 1)] = text.substr(content, end - content);
  }
  return examples;
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

TEST_CASE("the examples of docs/blueprint.md are blueprints, and hold every key") {
  std::string example = example_of_every_key();
  CHECK_NOTHROW(parse_blueprint(example, "docs/example.yaml"));
  // What is only for an image that is there.
  const std::string golden = named_examples(test::content_of(kDocument)).at("golden.yaml");
  CHECK_NOTHROW(parse_blueprint(golden, "docs/golden.yaml"));
  example += golden;
  std::set<std::string> keys;
  collect_keys(blueprint::blueprint_mapping(), keys);
  for (const std::string& key : keys) {
    CAPTURE(key);
    CHECK(example.find(key + ":") != std::string::npos);
  }
}

TEST_CASE("the worked example of docs/blueprint.md comes to what is said there") {
  const std::string text = test::content_of(kDocument);
  std::map<std::string, std::string> files = named_examples(text);
  REQUIRE(files.contains("explained"));
  for (const char* name : {"base.yaml", "parts/ssh.yaml", "web.yaml"}) {
    REQUIRE(files.contains(name));
    files[name] = "# " + std::string(name) + "\n" + files[name];  // As many lines as in the docs.
  }
  const std::string explained = blueprint::explain_blueprint(files["web.yaml"], "web.yaml", {},
                                                             blueprint::ExplainFormat::yaml,
                                                             blueprint::files_in_memory(files));
  CHECK_NOTHROW(parse_blueprint(explained, "explained.yaml"));
  const auto begin = text.find("# explained\n") + 12;
  const auto end = text.find("```\n", begin);
  test::compare_with_file(text.substr(0, begin) + explained + text.substr(end), kDocument);
}
