#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "composer/blueprint/composition.h"
#include "composer/blueprint/explain.h"

// Any bytes as a blueprint and the files that it is made of, each after a line `#@ NAME`. Beside
// not crashing, every error must be one that a person can use: of kind usage, each problem with a
// message, and a place that is inside its text. What a good one is explained as is good too.

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken invariant: %s\n", what);
  std::abort();
}

bool is_inside(const composer::Span& at) {
  const std::string& text = at.source->text;
  std::size_t begin = 0;
  for (int line = 1; line < at.line; ++line) {
    const auto end = text.find('\n', begin);
    if (end == std::string::npos) return false;
    begin = end + 1;
  }
  const std::size_t width = std::min(text.find('\n', begin), text.size()) - begin;
  const auto column = static_cast<std::size_t>(at.column);
  const auto length = static_cast<std::size_t>(at.length);
  // A place may be just past the end of its line, where something is missing.
  return at.column >= 1 && column <= width + 1 && length >= 1 &&
         (length == 1 || column - 1 + length <= width);
}

std::map<std::string, std::string> files_in(std::string_view text) {
  constexpr std::string_view kMark = "\n#@ ";
  std::map<std::string, std::string> files;
  std::string name = "fuzz.yaml";
  for (;;) {
    const auto mark = text.find(kMark);
    files.emplace(name, text.substr(0, mark));
    if (mark == std::string_view::npos) return files;
    text.remove_prefix(mark + kMark.size());
    const auto end = std::min(text.find('\n'), text.size());
    name = text.substr(0, end);
    text.remove_prefix(end);
  }
}

/// The explanation of a good blueprint is one file that says the same.
void require_explained(const std::map<std::string, std::string>& files) {
  using namespace composer::blueprint;
  const std::string explained = explain_blueprint(files.at("fuzz.yaml"), "fuzz.yaml", {},
                                                  ExplainFormat::yaml, files_in_memory(files));
  require(explain_blueprint(files.at("fuzz.yaml"), "fuzz.yaml", {}, ExplainFormat::json,
                            files_in_memory(files))
              .starts_with('{'),
          "an explanation is JSON");
  if (explained.find("********") != std::string::npos) return;
  const composer::Blueprint again =
      parse_blueprint_from(explained, "again.yaml", {}, files_in_memory({}));
  require(!again.name->empty(), "an explanation is a blueprint");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const auto files = files_in(text);
    const composer::Blueprint blueprint = composer::blueprint::parse_blueprint_from(
        files.at("fuzz.yaml"), "fuzz.yaml", {}, composer::blueprint::files_in_memory(files));
    require(!blueprint.name->empty(), "a blueprint that passes has a name");
    require(!blueprint.repositories.empty(), "a blueprint that passes has a repository");
    require(!blueprint.outputs.empty(), "a blueprint that passes has an output");
    bool has_root = !blueprint.has_disk();
    for (const auto& partition : blueprint.disk.partitions) {
      has_root = has_root || (partition.filesystem && partition.filesystem->mount &&
                              **partition.filesystem->mount == "/");
    }
    require(has_root, "a disk has a root filesystem");
    require_explained(files);
  } catch (const composer::Error& error) {
    require(error.kind() == composer::ErrorKind::usage, "errors are of kind usage");
    require(!error.problems().empty() && error.problems().size() <= 100,
            "an error has 1 to 100 problems");
    for (const composer::Problem& problem : error.problems()) {
      require(!problem.message.empty(), "a problem has a message");
      require(static_cast<bool>(problem.at), "a problem has a place");
      require(is_inside(problem.at), "a place is inside the text");
    }
    for (const char c : error.to_text()) {
      const auto byte = static_cast<unsigned char>(c);
      require((byte >= 0x20 && byte != 0x7f) || c == '\n', "an error shows no control character");
    }
  }
  return 0;
}
