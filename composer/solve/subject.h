#pragma once

#include <string_view>
#include <vector>

#include "composer/solve/universe.h"

namespace composer::solve {

/// What a request or an exclude names.
struct Match {
  std::vector<Id> packages;   ///< By Id; none that is excluded, no source packages.
  bool by_just_name = false;  ///< The text is a package name (or a glob of names) and no more.
  bool arch_is_glob = false;  ///< `name.*`: every architecture is asked for.
};

enum class MatchForms {
  packages,  ///< Names and NEVRAs: what excludes are.
  all,       ///< Those, else Provides, else files: what requests are.
};

/// The packages that `text` names, tried in this order until one form matches: name-version-release
/// .arch, name.arch, name, name-version-release, name-version, a glob on whole NEVRAs; then
/// Provides (also `name >= 1.2`); then a file path. `*`, `?` and `[` make globs. Source: libdnf
/// 0.69, Query::filterSubject; dnf 4.14, Base.install.
Match match_subject(const Universe& universe, std::string_view text, MatchForms forms);

/// The packages that obsolete one of `packages`.
std::vector<Id> obsoleters(const Universe& universe, const std::vector<Id>& packages);

bool is_glob(std::string_view text);

}  // namespace composer::solve
