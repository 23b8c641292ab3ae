#include "composer/blueprint/tags.h"

#include <algorithm>

namespace composer::blueprint {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

/// The offset of what comes after a tag: spaces, line ends and comments may be between them.
std::size_t value_after(std::string_view text, std::size_t tag_end) {
  for (std::size_t at = tag_end; at < text.size();) {
    if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (kBlanks.find(text[at]) != std::string_view::npos) {
      ++at;
    } else {
      return at;
    }
  }
  return tag_end;
}

}  // namespace

std::string_view to_text(Change change) {
  switch (change) {
    case Change::replace:
      return "!replace";
    case Change::remove:
      return "!remove";
    case Change::merge:
      return "!merge";
    case Change::none:
      return "";
  }
  return "";
}

std::optional<Tag> tag_at(std::string_view text, std::size_t at) {
  for (const Change change : {Change::replace, Change::remove, Change::merge}) {
    const std::string_view word = to_text(change);
    if (!text.substr(at).starts_with(word)) continue;
    return Tag{change, value_after(text, at + word.size())};
  }
  return std::nullopt;
}

}  // namespace composer::blueprint
