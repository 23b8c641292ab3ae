#pragma once

#include <filesystem>

#include "composer/error.h"

namespace composer {

/// The folder that a path written at `at` counts from: the one of the file that wrote it, which may
/// be a part of a blueprint elsewhere; `otherwise` for what no file wrote.
inline std::filesystem::path folder_of(const Span& at, const std::filesystem::path& otherwise) {
  return at ? std::filesystem::path(at.source->name).parent_path() : otherwise;
}

}  // namespace composer
