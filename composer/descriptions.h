#pragma once

#include <filesystem>
#include <vector>

#include "composer/plan.h"
#include "composer/report.h"

// The files beside the images of a build, which say what the images are.

namespace composer {

/// plan.lock, manifest.json and, last, SHA256SUMS, which so means that all are whole; it covers
/// lint.json where that is there.
/// @returns What is there now.
std::vector<std::filesystem::path> write_descriptions(const Plan& plan,
                                                      const std::vector<Image>& images,
                                                      const std::filesystem::path& directory);

/// An interrupted build must not leave an earlier build's description beside new images.
void remove_descriptions(const std::filesystem::path& directory);

/// The most memory that this process or one of its children had.
Bytes peak_memory();

}  // namespace composer
