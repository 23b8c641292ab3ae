#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/root.h"

// What the packages of an image have of systemd-boot and shim, and where kernels go with it.

namespace composer::tree {

/// Whether shim is what firmware starts: a package of it is in the plan.
bool starts_by_shim(const Plan& plan);

/// shim as the packages brought it: from a vendor's folder on the ESP (signed), else from /usr.
struct ShimFiles {
  std::string shim;         ///< Path in the root.
  std::string mok_manager;  ///< The same, or empty.
};
/// @throws Error  when there is none.
ShimFiles shim_files(const Plan& plan, const Root& root);

/// A program that systemd brings in /usr/lib/systemd/boot/efi: its content and path.
struct SystemdProgram {
  std::string path, content;
};
/// systemd-boot itself, a signed one before one that is not.
/// @throws Error  when the image has none for the architecture.
SystemdProgram systemd_boot_program(const Plan& plan, const Root& root);
/// The stub that unified kernel images begin with. @throws Error as above.
SystemdProgram systemd_stub(const Plan& plan, const Root& root);

/// The mount point of the partition that systemd-boot reads kernels from ($BOOT).
/// @throws Error  when no partition is mounted that could be.
const PlannedPartition& kernel_partition(const Plan& plan);

/// What entries and images of this system are called: the content of /etc/kernel/entry-token, else
/// the ID of /etc/os-release, else the plan's name. Source: kernel-install(8).
/// @throws Error  for an entry token that cannot be part of a file name.
std::string entry_token(const Plan& plan, const Root& root);

/// The value of a key of an os-release file, without quotes, or an empty text.
/// Source: os-release(5).
std::string os_release_value(std::string_view text, std::string_view key);

/// Removes the seed that `bootctl install` makes: one image's would be every machine's.
void remove_random_seed(const Plan& plan, Root& root);

/// Refuses files for which a partition has no room, before any of them is written.
/// @param sizes  Of the files, in bytes.
/// @throws Error  of kind usage.
void check_room(const Root& root, const PlannedPartition& partition,
                const std::vector<std::uint64_t>& sizes);

}  // namespace composer::tree
