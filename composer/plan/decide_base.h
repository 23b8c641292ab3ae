#pragma once

#include <string_view>

#include "composer/blueprint.h"
#include "composer/plan.h"

// What becomes of an image that is customised.

namespace composer {

/// The disk as it will be: larger where that is asked for, and always whole MiB; partitions added
/// behind the last one, which may grow; new identities derived from `seed`. Each partition of
/// `before` has its `base`.
/// @throws Error  of kind usage with every problem at its place in the blueprint.
PlannedDisk plan_base_disk(const PlannedDisk& before, const BaseRequest& request, Architecture arch,
                           std::string_view seed);

/// How the image will start: as before, with the arguments and settings that `request` gives, and
/// with the root filesystem's identity as it will be.
/// @throws Error  of kind usage for arguments where a package's unified kernel image has its own.
PlannedBoot plan_base_boot(const PlannedBoot& before, const BootRequest& request,
                           const PlannedDisk& disk);

/// Whether kernels' files, initramfs, menu and entries must be written anew: what they hold comes
/// from packages, and they name filesystems.
bool changes_boot(const Blueprint& blueprint, const Plan& plan);

}  // namespace composer
