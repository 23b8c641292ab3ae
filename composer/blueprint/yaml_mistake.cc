#include "composer/blueprint/yaml_mistake.h"

#include <fmt/format.h>

#include "composer/blueprint/source_text.h"

namespace composer::blueprint {
namespace {

struct Explanation {
  std::string_view words;  ///< What yaml-cpp 0.7's message begins with.
  std::string_view message;
  std::string_view hint;
};

constexpr Explanation kExplanations[] = {
    {"illegal map value", "':' is not expected here",
     "quote a value that holds ': ', and check the indentation of this line"},
    {"illegal map key", "a key is not expected here", "check the indentation of this line"},
    {"illegal block entry", "'- ' is not expected here",
     "begin a list on the line below its key, or write it as '[a, b]'"},
    {"end of map not found", "this line does not continue the mapping above it",
     "give the keys of one mapping the same indentation, and each its ':'"},
    {"end of sequence not found", "this line does not continue the list above it",
     "begin each entry of one list with '- ' at the same indentation"},
    {"illegal flow end", "this bracket closes nothing", "remove it, or open it before"},
    {"unknown token", "a plain value cannot begin with this character", "put the value in quotes"},
    {"illegal block scalar", "unexpected text after '|' or '>'",
     "begin the block of text on the next line"},
    {"unknown escape character", "unknown escape in a double-quoted value",
     "write a backslash as '\\\\', or use single quotes, where it stands for itself"},
    {"illegal document in scalar", "a quote is never closed", "close it"},
    {"illegal EOF in scalar", "a quote is never closed", "close it"},
    {"the referenced anchor is not defined",
     "aliases ('*name') are no part of the blueprint language",
     "put a value that begins with '*' in quotes"},
    {"illegal tab", "a tab in the indentation", "indent with spaces; YAML forbids tabs there"},
};

std::string_view indentation_of(std::string_view line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

bool holds_variable(std::string_view line) {
  return line.find("${{") != std::string_view::npos;
}

}  // namespace

Problem explain_yaml_mistake(std::string_view words, const Text& text, std::size_t offset,
                             std::optional<OpenBracket> open) {
  const std::string_view line = text.line_at(offset);
  const std::string_view indentation = indentation_of(line);
  if (const auto tab = indentation.find('\t'); tab != std::string_view::npos && !open) {
    const auto begin = static_cast<std::size_t>(line.data() - text.view().data());
    return {"a tab in the indentation",
            text.span(begin + tab, 1),
            {},
            "indent with spaces; YAML forbids tabs there"};
  }
  if (open && (holds_variable(line) || holds_variable(text.line_at(open->offset)))) {
    return {fmt::format("'{}' is never closed", open->bracket),
            text.span(open->offset, 1),
            {},
            "between brackets and braces a variable needs quotes: '{gid: \"${{gid}}\"}'"};
  }
  if (open) {
    return {fmt::format("'{}' is never closed", open->bracket),
            text.span(open->offset, 1),
            {},
            fmt::format("close it with '{}', and put ', ' between its entries; quote entries that "
                        "hold brackets, braces or commas",
                        open->bracket == '[' ? ']' : '}')};
  }
  // yaml-cpp notices an unknown escape just past it.
  const bool escape = offset >= 2 && text.view()[offset - 2] == '\\';
  if (escape && words.starts_with("unknown escape")) offset -= 2;
  for (const Explanation& explanation : kExplanations) {
    if (words.starts_with(explanation.words)) {
      return {std::string(explanation.message),
              text.span(offset, 1),
              {},
              std::string(explanation.hint)};
    }
  }
  return {fmt::format("not valid YAML: {}", words), text.span(offset, 1), {}, {}};
}

}  // namespace composer::blueprint
