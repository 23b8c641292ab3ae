#pragma once

#include <filesystem>

#include "composer/host/store.h"
#include "composer/image/export_job.h"
#include "composer/image/partial_file.h"
#include "composer/plan.h"

// What the things that builds keep are made from; docs/cache.md says it in words.

namespace composer {

/// Of finished outputs: the whole plan.
host::StoreKey output_key(const Plan& plan);

/// Of a disk with its packages installed: what they are, how they are installed, the layout.
host::StoreKey installed_disk_key(const Plan& plan);

/// Of an initramfs, as far as the plan says it; tree/initramfs_key.h adds what the root shows.
host::StoreKey planned_initramfs_key(const Plan& plan);

/// Writes a copy of a file that is mostly holes, in the cheapest way there is. Not synced, nor
/// committed.
void copy_whole(const Plan& plan, const std::filesystem::path& from, image::PartialFile& to,
                image::WriteBack write_back);

}  // namespace composer
