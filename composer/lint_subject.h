#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "composer/inspect/image_root.h"
#include "composer/lint/subject.h"
#include "composer/progress.h"
#include "composer/rpm/installed_packages.h"

namespace composer {

/// What the lint rules look at, and what that refers to: as long as both are needed.
struct LintSubject {
  std::unique_ptr<inspect::ImageRoot> image;
  std::unique_ptr<ReadRoot> guarded;
  lint::Subject subject;
};

/// Opens an image of any format that composer/inspect reads. Where there is a disk without a root
/// filesystem that can be read, the disk is a subject all the same; the problem says why.
/// @throws Error  when it is no image at all.
LintSubject open_lint_subject(const std::filesystem::path& path, Progress& progress);

/// The packages of the image's rpm database, by name; nothing where there is none, or it cannot be
/// read, which `problem` then says.
std::optional<std::vector<rpm::InstalledPackage>> installed_packages(const ReadRoot& root,
                                                                     std::string& problem);

}  // namespace composer
