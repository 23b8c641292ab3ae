#include "composer/blueprint/composition_keys.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/paths.h"
#include "composer/blueprint/reader.h"

namespace composer::blueprint {
namespace {

std::optional<Refusal> check_blueprint_path(std::string_view text) {
  if (text.empty()) return Refusal{"an empty path", "name a YAML file"};
  if (is_url(text)) {
    return Refusal{fmt::format("'{}' is a URL, and blueprints are made of files", text),
                   "put a copy of the file beside the blueprint"};
  }
  if (text.starts_with('~')) {
    return Refusal{fmt::format("'{}' depends on who builds", text),
                   "give a path from this file's folder, or an absolute one"};
  }
  if (text.find('\n') != std::string_view::npos) {
    return Refusal{"a line break in a path", "write it on one line"};
  }
  return std::nullopt;
}

std::optional<Refusal> check_word(std::string_view text, std::string_view noun) {
  const bool good =
      !text.empty() && text.size() <= 64 && is_alphanumeric(text.front()) && holds_only(text, "_-");
  if (good) return std::nullopt;
  return Refusal{fmt::format("'{}' is not a valid {} name", text, noun),
                 "begin with a letter or digit, and use only letters, digits, '_' and '-'"};
}

}  // namespace

std::optional<Refusal> check_profile_name(std::string_view text) {
  return check_word(text, "profile");
}

std::optional<Refusal> check_variable_name(std::string_view name) {
  return check_word(name, "variable");
}

constinit const Scalar<std::string> kBlueprintPath = {
    {"a path",
     "A path of a YAML file, which counts from the folder of the file that it stands in."},
    checked_text<check_blueprint_path>};
constinit const Scalar<std::string> kProfileName = {
    {"a profile name", "A letter or digit, then letters, digits, `_` and `-`; at most 64."},
    checked_text<check_profile_name>};

const Mapping& composition_mapping() {
  static constexpr Table table(
      {"the blueprint", "", ""},
      {key<&CompositionRequest::extends, kBlueprintPath>(
           {.name = "extends",
            .fallback = "none",
            .meaning = "The blueprint that this one is a variant of. Not in a part."}),
       key<&CompositionRequest::include, kBlueprintPath>(
           {.name = "include",
            .fallback = "none",
            .meaning = "Parts that are merged in this order, before the file's own keys."}),
       key<&CompositionRequest::select, kProfileName>(
           {.name = "select",
            .fallback = "none",
            .meaning = "Profiles that are on, in this order; `--profile NAME` adds one. Not in a "
                       "part."})});
  return table;
}

}  // namespace composer::blueprint
