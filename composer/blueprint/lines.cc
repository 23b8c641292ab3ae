#include "composer/blueprint/lines.h"

#include <fmt/format.h>

namespace composer::blueprint {

std::optional<Refusal> check_line(std::string_view text, std::string_view noun, std::size_t most) {
  if (text.empty()) return Refusal{fmt::format("an empty {}", noun), "give it a text"};
  if (text.size() > most) {
    return Refusal{fmt::format("{} is {} bytes long", noun, text.size()),
                   fmt::format("use at most {}", most)};
  }
  if (text.find_first_of("\n\t\r") != std::string_view::npos) {
    return Refusal{fmt::format("a line break or tab in the {}", noun), "write it on one line"};
  }
  if (text.front() == ' ' || text.back() == ' ') {
    return Refusal{fmt::format("a space at an end of the {}", noun), "remove it"};
  }
  if (text.back() == '\\') {
    return Refusal{
        fmt::format("a backslash at the end of the {}, which joins the next line to it", noun),
        "remove it"};
  }
  return std::nullopt;
}

}  // namespace composer::blueprint
