#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"

namespace composer::tree {

/// The names of the modules in the text of modules.dep or modules.builtin: `hv_vmbus` for
/// `kernel/drivers/hv/hv_vmbus.ko.xz: …`, with `-` as `_`.
std::set<std::string> module_names(std::string_view text);

/// What an initramfs must have for a disk, a network and a console on Hyper-V (both generations),
/// Azure and QEMU, and for the layout's filesystems.
std::vector<std::string> wanted_drivers(const Plan& plan);

/// The wanted drivers that are modules of a kernel, and those that it has neither as a module nor
/// built in.
struct DriverChoice {
  std::vector<std::string> modules, missing;
};
/// @param dependencies  Text of modules.dep. @param builtin  Text of modules.builtin.
DriverChoice choose_drivers(const std::vector<std::string>& wanted, std::string_view dependencies,
                            std::string_view builtin);

}  // namespace composer::tree
