#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace composer::tree {

/// What depmod wrote of a kernel's modules: texts of the files of these names.
struct ModuleIndex {
  std::string dependencies;  ///< modules.dep
  std::string soft;          ///< modules.softdep and modules.weakdep
  std::string aliases;       ///< modules.alias
};

/// The files of kernel modules and of all that they need, relative to the folder of modules, sorted
/// and once each: what they depend on, and what is to be loaded with them. A name that the kernel
/// has no module of, or has built in, is passed over.
/// @param names  With `-` or `_`; also aliases without patterns, as `crypto-crc32c`.
/// Sources: kmod 34, depmod.8; modprobe.d(5), "softdep" and "weakdep".
std::vector<std::string> module_files(const std::vector<std::string>& names,
                                      const ModuleIndex& index);

}  // namespace composer::tree
