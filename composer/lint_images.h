#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "composer/lint/lint.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/report.h"

namespace composer {

/// Judges one image by the rules of the profiles; needs no privilege.
/// @throws Error  when it is no image that can be read at all.
lint::Report lint_image(const std::filesystem::path& image,
                        const std::vector<LintProfile>& profiles,
                        const std::vector<lint::Ignored>& ignored, Progress& progress);

/// The images of a build that are to be judged: those in the format that the plan's profiles are
/// about (fixed VHD for Azure, VHD and VHDX for Hyper-V, what is made of the root for WSL and
/// containers), else all that can be looked at. A qcow2 beside the VHD has the same disk, and is
/// not meant for the upload.
std::vector<std::filesystem::path> images_to_lint(const Plan& plan, std::span<const Image> images);

/// Judges a build's images where its plan has lint profiles, and writes lint.json beside them.
/// Returns the text for people, empty where nothing was asked.
/// @throws Error  of kind build with every rule that failed as an error, after lint.json is
///                written.
std::string lint_build(const Plan& plan, std::span<const Image> images,
                       const std::filesystem::path& directory, Progress& progress);

/// Checks what only the rules know of a blueprint: that those it ignores exist, and that there is
/// an output that they can judge.
/// @throws Error  of kind usage with every problem at its place.
void check_lint(const Blueprint& blueprint);

}  // namespace composer
