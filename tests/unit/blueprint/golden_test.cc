#include <algorithm>
#include <filesystem>
#include <vector>

#include "composer/blueprint.h"

#include "acceptance.h"

using namespace composer;

namespace {

const std::filesystem::path kFolder = COMPOSER_TEST_DATA "/golden/blueprint";

/// The whole text of the error that a blueprint gives, or `no problem`.
std::string report_of(const std::filesystem::path& path) {
  // Parts are named from the folder, and so are the files in the expected text.
  std::filesystem::current_path(path.parent_path());
  try {
    parse_blueprint(test::content_of(path.string()), path.filename());
    return "no problem\n";
  } catch (const Error& error) {
    return error.to_text();
  }
}

std::vector<std::filesystem::path> blueprints_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("each golden blueprint is reported as its expected text says") {
  const auto paths = blueprints_in(kFolder);
  REQUIRE(paths.size() >= 10);
  for (const auto& path : paths) {
    DYNAMIC_SECTION(path.filename().string()) {
      auto expected = path;
      expected.replace_extension(".expected");
      test::compare_with_file(report_of(path), expected.string());
    }
  }
}

TEST_CASE("no expected text is left over from a blueprint that is gone") {
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".expected") continue;
    CAPTURE(entry.path());
    CHECK(std::filesystem::exists(std::filesystem::path(entry.path()).replace_extension(".yaml")));
  }
}

TEST_CASE("ten mistakes are reported as ten problems") {
  const std::string path = (kFolder / "ten-mistakes.yaml").string();
  try {
    parse_blueprint(test::content_of(path), "ten-mistakes.yaml");
    FAIL("no problem was reported");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(error.problems().size() == 10);
  }
}

TEST_CASE("the blueprints of the lab have no problem") {
  const auto paths = blueprints_in(COMPOSER_SOURCE_DIR "/blueprints/lab");
  REQUIRE(paths.size() >= 4);
  for (const auto& path : paths) {
    CAPTURE(path);
    CHECK(report_of(path) == "no problem\n");
    CHECK(parse_blueprint(test::content_of(path.string()), path).name.value == path.stem());
  }
}
