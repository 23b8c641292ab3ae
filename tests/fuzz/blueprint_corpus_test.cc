#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

// The fuzz target over its seeds, and over each seed cut short and with a byte changed, in every
// build: what the fuzzer once found stays found.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// All files that golden blueprints are made of, as the fuzz target takes them.
std::string parts() {
  std::set<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(COMPOSER_TEST_DATA "/golden/blueprint/parts")) {
    paths.insert(entry.path());
  }
  std::string all;
  for (const auto& path : paths) {
    all += "\n#@ parts/" + path.filename().string() + "\n" + content_of(path);
  }
  return all;
}

}  // namespace

TEST_CASE("the blueprint fuzz target holds its invariants on every golden blueprint") {
  int seeds = 0;
  for (const char* folder :
       {COMPOSER_TEST_DATA "/golden/blueprint", COMPOSER_SOURCE_DIR "/blueprints/lab"}) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() != ".yaml") continue;
      std::string text = content_of(entry.path());
      if (text.find("parts/") != std::string::npos) text += parts();
      CAPTURE(entry.path());
      ++seeds;
      run(text);
      for (std::size_t i = 0; i < text.size(); i += 7) run(text.substr(0, i));
      constexpr char kChanges[] = {'[', '"', ':', '\t', '&', '\xff', '\0', '\n'};
      for (std::size_t i = 0; i < text.size(); i += 5) {
        std::string changed = text;
        changed[i] = kChanges[i % sizeof kChanges];
        run(changed);
      }
    }
  }
  CHECK(seeds >= 20);
}
