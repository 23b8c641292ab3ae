#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/root.h"

namespace composer::tree {

struct InitramfsStore;  // initramfs_key.h

/// One step of making an installed root into the system that was asked for. What varies lives in
/// one table, in order; each step says from the Plan alone what it will do.
struct ConfigureStep {
  std::string_view name;
  bool (*wanted)(const Plan&);
  /// One line per thing that `apply` will do, for `plan` and the log.
  std::vector<std::string> (*describe)(const Plan&);
  void (*apply)(const Plan&, Root&, Progress&);
};

/// fstab, hostname, users, services, files, machine-id, kernels, boot loader, …
std::span<const ConfigureStep> configure_steps();

/// Runs every wanted step (stage `configure`), with the blueprint's scripts before and after them.
/// @throws Error  naming the step or the script.
void configure(const Plan& plan, Root& root, Progress& progress);

/// Makes an initramfs for each installed kernel (stage `initramfs`): dracut in the root, not
/// host-only, uncompressed, then compressed here with zstd. Nothing for a plan without a disk.
/// @param kept  Where those are that were made before, and where this one is put; null for neither.
void make_initramfs(const Plan& plan, Root& root, Progress& progress,
                    const InitramfsStore* kept = nullptr);

/// What needs the initramfs: entries and kernels for systemd-boot, unified kernel images.
std::span<const ConfigureStep> kernel_steps();

/// Runs every wanted one of them. @throws Error naming the step.
void install_kernels(const Plan& plan, Root& root, Progress& progress);

/// Puts the last hand to the root: removes what must not be in an image (caches, logs, seeds), and
/// clamps the times of files that the build wrote to source_date_epoch.
void clean(const Plan& plan, Root& root, Progress& progress);

/// GRUB's BIOS images as configure left them in the root; empty where the image does not boot by
/// BIOS. To be written by disk::write_bios_boot_code after the disk is finished.
struct BiosBootImages {
  std::string boot_image, core_image;
};
BiosBootImages bios_boot_images(const Plan& plan, const Root& root);

}  // namespace composer::tree
