#pragma once

#include <filesystem>

#include "composer/blueprint.h"
#include "composer/plan.h"
#include "composer/units.h"

namespace composer {

// Whether there is room, asked before anything slow. Estimates: the repository's metadata says how
// large the files of a package are, not where they go or what a filesystem makes of them.

/// What is written beside the files of packages: the rpm database (4.5 MiB for 228 packages),
/// caches that scriptlets make, logs.
inline constexpr Bytes kGeneratedSpace = MiB(16);
/// An initramfs for all hardware while it is being made: 78 MB uncompressed beside the compressed.
inline constexpr Bytes kInitramfsSpace = MiB(80);
/// The same once it is compressed.
inline constexpr Bytes kCompressedInitramfs = MiB(32);

/// How many bytes of files fit into a new filesystem of this size, made with our options. Within 2
/// % of what the kernel says for 300 MiB to 30 GiB (docs/storage.md).
Bytes filesystem_capacity(FilesystemType type, Bytes partition);

/// What the packages of the plan take when they are installed: their files by the metadata, what
/// blocks of 4 KiB add to that, the rpm database, and an initramfs where there is a kernel.
Bytes space_for_packages(const Plan& plan);

/// @param request  Where the plan's disk comes from: for the place of the error.
/// @throws Error  of kind usage at the root partition when the packages cannot fit.
void check_space(const Plan& plan, const DiskRequest& request);

/// What a build writes below its work and its output directory.
struct HostSpace {
  Bytes work, output;
};
/// @param one_filesystem  Both are on one, so that a raw image or fixed VHD is a rename.
HostSpace space_for_build(const Plan& plan, bool one_filesystem);

/// @throws Error  of kind host when the host has not the room for what the build writes into the
///                work directory and the output directory, both of which exist.
void check_free_space(const Plan& plan, const std::filesystem::path& work,
                      const std::filesystem::path& output);

}  // namespace composer
