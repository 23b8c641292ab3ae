#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "composer/lint/boot_entries.h"
#include "composer/root.h"

namespace composer::lint {

/// What is known of one kernel of the image.
struct KernelFacts {
  std::string version;
  std::string image;    ///< Path of vmlinuz; empty where only its modules are there.
  std::string modules;  ///< /usr/lib/modules/VERSION or in /lib; empty if not there.
  bool has_modules_dep = false;
  std::set<std::string> builtin;                  ///< Names of modules, `_` for `-`.
  std::map<std::string, std::string> modular;     ///< Name to path below `modules`.
  std::map<std::string, std::string> configured;  ///< CONFIG_X to its value; empty if unknown.
  bool is_monolithic = false;  ///< Its configuration is known, and it loads no modules.

  bool has(std::string_view module) const;
  /// Whether what it has, and what not, is known.
  bool knows_modules() const { return is_monolithic || (!modules.empty() && has_modules_dep); }
};

/// Whether a path of a boot loader (`/boot/vmlinuz-VERSION`, `/ID/VERSION/linux`, `x-VERSION.efi`)
/// is of that version, and not of one that only begins or ends with it.
bool names_version(std::string_view path, std::string_view version);

/// Whether the entry starts that kernel.
bool starts(const BootEntry& entry, const KernelFacts& kernel);

/// `hv_vmbus` for `kernel/drivers/hv/hv-vmbus.ko.xz`.
std::string module_name(std::string_view path);

/// The kernels of the image: those with modules or a vmlinuz, by version.
/// @throws Error  when one of their lists is too large to read.
std::vector<KernelFacts> read_kernels(const ReadRoot& root);

/// Modules that may not be loaded, and the file that says so, by modprobe.d(5): `blacklist MODULE`,
/// or `install MODULE /bin/false` and the like.
std::map<std::string, std::string> denied_modules(const ReadRoot& root);

}  // namespace composer::lint
