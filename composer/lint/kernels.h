#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "composer/root.h"

namespace composer::lint {

/// What is known of one kernel of the image.
struct KernelFacts {
  std::string version;
  std::string image;    ///< Path of vmlinuz; empty where only its modules are there.
  std::string modules;  ///< /usr/lib/modules/VERSION; empty where it is not there.
  bool has_modules_dep = false;
  std::set<std::string> builtin;                  ///< Names of modules, `_` for `-`.
  std::map<std::string, std::string> modular;     ///< Name to path below `modules`.
  std::map<std::string, std::string> configured;  ///< CONFIG_X to its value; empty if unknown.

  bool has(std::string_view module) const;
};

/// `hv_vmbus` for `kernel/drivers/hv/hv-vmbus.ko.xz`.
std::string module_name(std::string_view path);

/// The kernels of the image: those with modules or a vmlinuz, by version.
std::vector<KernelFacts> read_kernels(const ReadRoot& root);

/// Modules that may not be loaded, and the file that says so, by modprobe.d(5): `blacklist MODULE`,
/// or `install MODULE /bin/false` and the like.
std::map<std::string, std::string> denied_modules(const ReadRoot& root);

}  // namespace composer::lint
