#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/host/store.h"
#include "composer/plan.h"
#include "composer/root.h"
#include "composer/tree/initramfs_tree.h"

namespace composer::tree {

/// An initramfs of the image's own systemd, udev, kernel modules and what checks the root
/// filesystem, for any machine on Hyper-V, Azure or QEMU: no host and no other package is looked
/// at. It mounts the root filesystem that the kernel's command line names, and /usr, and starts the
/// system in it, as bootup(7) says; it knows no encryption, no RAID and no network.
/// docs/initramfs.md says what is in it and why.
/// Sources: systemd 257, bootup(7), docs/INITRD_INTERFACE.md, man/systemd-fstab-generator.
class SystemdInitramfs {
 public:
  /// Takes the files, and changes nothing.
  /// @param drivers  Names of kernel modules beside those that they need.
  /// @throws Error  when the image lacks what it must have.
  SystemdInitramfs(const Plan& plan, Root& root, std::string_view kernel,
                   const std::vector<std::string>& drivers);

  /// Adds everything that the archive depends on, but for the program itself.
  void add_to(host::StoreKey& key) const;

  /// Indexes the modules with the image's depmod. To be called once.
  /// @return  The archive, not compressed. Nothing of it stays in the root.
  std::string archive();

 private:
  void take_modules(std::vector<std::string> names);
  std::string module_text(std::string_view name) const;

  Root* root_;
  std::string kernel_;
  std::int64_t time_;
  InitramfsTree tree_;
  std::vector<std::string> modules_;  ///< Files, relative to the folder of the kernel's modules.
};

}  // namespace composer::tree
