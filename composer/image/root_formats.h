#pragma once

#include <array>

#include "composer/image/export_job.h"
#include "composer/image/partial_directory.h"
#include "composer/image/partial_file.h"
#include "composer/image/root_tree.h"
#include "composer/plan.h"

namespace composer::image {

/// What the writer of a format that is made of the root is given.
struct RootJob {
  const PlannedOutput& output;
  int root = -1;  ///< Descriptor of the root directory.
  const TreeWalk& walk;
  ExportMeter& meter;
};

/// What varies between the formats that are made of the root, the installed and configured system
/// as a tree of files. The output is a file or a directory: one of the two writers is null.
struct RootFormat {
  OutputFormat format;

  /// Writes the whole output into the empty `file`.
  void (*write_file)(const RootJob& job, PartialFile& file);
  /// Fills the empty directory. Returns the bytes of the files in it.
  Bytes (*write_directory)(const RootJob& job, PartialDirectory& directory);
};

void write_tar_file(const RootJob& job, PartialFile& file);
Bytes write_directory(const RootJob& job, PartialDirectory& directory);

/// One row for each OutputFormat that is made of the root.
inline constexpr std::array kRootFormats{
    RootFormat{OutputFormat::directory, nullptr, write_directory},
    RootFormat{OutputFormat::tar, write_tar_file, nullptr},
};

/// @throws Error  when the format is none that is made of the root.
const RootFormat& root_format_of(OutputFormat format);

}  // namespace composer::image
