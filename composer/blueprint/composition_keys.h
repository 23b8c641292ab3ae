#pragma once

#include <optional>
#include <string>
#include <vector>

#include "composer/blueprint/language.h"

// The keys that say which files and sections a blueprint is made of. They are read, and gone,
// before the merged blueprint is.

namespace composer::blueprint {

struct CompositionRequest {
  std::optional<Located<std::string>> extends;
  std::vector<Located<std::string>> include;
  std::vector<Located<std::string>> select;
};

/// CompositionRequest; `variables`, `profiles` and `per_arch` are not in it, since their keys are
/// the author's.
const Mapping& composition_mapping();

inline constexpr std::string_view kVariables = "variables";
inline constexpr std::string_view kProfiles = "profiles";
inline constexpr std::string_view kPerArch = "per_arch";

/// All of them, as they stand at the top of a file.
inline constexpr std::string_view kCompositionKeys[] = {"extends", "include", kVariables,
                                                        "select",  kProfiles, kPerArch};

extern const Scalar<std::string> kBlueprintPath;
extern const Scalar<std::string> kProfileName;

/// Why a word cannot name a variable, or a profile.
std::optional<Refusal> check_variable_name(std::string_view name);
std::optional<Refusal> check_profile_name(std::string_view name);

}  // namespace composer::blueprint
