#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "composer/blueprint.h"

// Any bytes as a blueprint. Beside not crashing, every error must be one that a person can use: of
// kind usage, each problem with a message, and a place that is inside the text.

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const composer::Blueprint blueprint = composer::parse_blueprint(std::move(text), "fuzz.yaml");
    require(!blueprint.name->empty(), "a blueprint that passes has a name");
    require(!blueprint.repositories.empty(), "a blueprint that passes has a repository");
    require(!blueprint.outputs.empty(), "a blueprint that passes has an output");
    bool has_root = false;
    for (const auto& partition : blueprint.disk.partitions) {
      has_root = has_root || (partition.filesystem && partition.filesystem->mount &&
                              **partition.filesystem->mount == "/");
    }
    require(has_root, "a blueprint that passes has a root filesystem");
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
