#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"
#include "composer/host/cache.h"

// From what a blueprint says about a repository to URLs that can be fetched. Pure.

namespace composer::solve {

/// Replaces $basearch, $arch and $releasever (also ${…}) in a repository's URL or path.
/// @throws Error  of kind usage at its place for another variable, or for $releasever where the
///                blueprint has no `releasever`.
std::string expand_variables(const Located<std::string>& text, const Blueprint& blueprint);

/// The absolute URL of what a blueprint names: http, https and file URLs as they are, a path
/// counted from the blueprint's folder as a file URL; variables expanded, no trailing slash.
/// @throws Error  of kind usage at its place for another scheme, and for a user name or password in
///                the URL, which would end up in the plan.
std::string absolute_url(const Located<std::string>& text, const Blueprint& blueprint);

/// The base URLs that a mirror list names: one in each line, `#` begins a comment. A list from the
/// network may name http and https only.
/// @throws Error  of kind build naming `source` when there is none.
std::vector<std::string> parse_mirrorlist(std::string_view list, std::string_view source);

/// What a metalink document says about a repository's repomd.xml.
struct Metalink {
  std::vector<std::string> baseurls;      ///< Best first; without `/repodata/repomd.xml`.
  std::vector<host::Checksum> checksums;  ///< Any of these may be its; current one first.
};

/// Reads a metalink document (version 3, as MirrorManager writes it).
/// @throws Error  of kind build naming `source`: no mirror by http or https, or no strong checksum.
Metalink parse_metalink(std::string_view document, std::string_view source);

/// True for a metalink document, false for a plain list.
bool looks_like_metalink(std::string_view document);

}  // namespace composer::solve
