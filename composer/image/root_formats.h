#pragma once

#include <array>
#include <string>

#include "composer/image/export_job.h"
#include "composer/image/partial_directory.h"
#include "composer/image/partial_file.h"
#include "composer/image/root_tree.h"
#include "composer/plan.h"
#include "composer/root.h"

namespace composer::image {

/// What the writer of a format that is made of the root is given.
struct RootJob {
  const Plan& plan;
  const PlannedOutput& output;
  int root = -1;          ///< Descriptor of the root directory.
  const ReadRoot& files;  ///< The same, to look at.
  const SystemFacts& system;
  const TreeWalk& walk;
  ExportMeter& meter;
  unsigned threads = 1;  ///< At least 1. The bytes do not depend on it.
};

/// What became of a directory.
struct WrittenDirectory {
  Bytes size;          ///< Of the regular files in it, each counted once.
  std::string sha256;  ///< What speaks for it; empty for the digest of its tar archive.
};

/// What varies between the formats that are made of the root, the installed and configured system
/// as a tree of files. The output is a file or a directory: one of the two writers is null.
struct RootFormat {
  OutputFormat format;

  /// Writes the whole output into the empty `file`.
  void (*write_file)(const RootJob& job, PartialFile& file);
  /// Fills the empty directory.
  WrittenDirectory (*write_directory)(const RootJob& job, PartialDirectory& directory);
};

void write_tar_file(const RootJob& job, PartialFile& file);
WrittenDirectory write_directory(const RootJob& job, PartialDirectory& directory);
void write_wsl(const RootJob& job, PartialFile& file);
WrittenDirectory write_oci_directory(const RootJob& job, PartialDirectory& directory);
void write_oci_archive(const RootJob& job, PartialFile& file);
void write_cpio_file(const RootJob& job, PartialFile& file);
void write_kernel(const RootJob& job, PartialFile& file);

/// One row for each OutputFormat that is made of the root.
inline constexpr std::array kRootFormats{
    RootFormat{OutputFormat::directory, nullptr, write_directory},
    RootFormat{OutputFormat::tar, write_tar_file, nullptr},
    RootFormat{OutputFormat::wsl, write_wsl, nullptr},
    RootFormat{OutputFormat::oci, nullptr, write_oci_directory},
    RootFormat{OutputFormat::oci_archive, write_oci_archive, nullptr},
    RootFormat{OutputFormat::cpio, write_cpio_file, nullptr},
    RootFormat{OutputFormat::kernel, write_kernel, nullptr},
};

/// @throws Error  when the format is none that is made of the root.
const RootFormat& root_format_of(OutputFormat format);

}  // namespace composer::image
