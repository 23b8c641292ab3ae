#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "composer/lint/boot_entries.h"
#include "composer/lint/fstab.h"
#include "composer/lint/kernels.h"
#include "composer/lint/subject.h"
#include "composer/lint/unit_files.h"

namespace composer::lint {

/// What the files of a root amount to.
struct TreeFacts {
  Bytes size;  ///< Of the contents of all regular files.
  std::uint64_t files = 0;
  std::uint64_t unlabelled = 0;              ///< Without security.selinux.
  std::vector<std::string> unlabelled_some;  ///< The first five of them.
};

/// The installed system of an image, read once and only where a rule asks: several rules look at
/// the same kernels and boot entries.
class System {
 public:
  explicit System(const Subject& subject) : subject_(subject) {}

  const ReadRoot& root() const { return *subject_.root; }

  /// The text of a configuration file, as read_config has it.
  std::optional<std::string> text(std::string_view path) const;

  const std::vector<FstabEntry>& fstab();
  const BootEntries& boot_entries();
  const std::vector<KernelFacts>& kernels();
  /// The names in that kernel's initramfs, alone or in its unified kernel image.
  /// @throws Error  when there is none, or it cannot be read.
  const std::set<std::string>& initramfs_of(const KernelFacts& kernel);
  const std::map<std::string, std::string>& denied_modules();
  const std::map<std::string, std::string>& sshd_options();
  const std::map<std::string, std::string>& os_release();
  const std::map<std::string, std::string>& waagent_options();
  /// The list that cloud-init's configuration, drop-ins last, has at a top-level key.
  /// @throws Error  when it is written in a way that is not understood.
  std::optional<std::vector<std::string>> cloud_list(std::string_view key);
  const TreeFacts& tree();

  bool is_azure_linux();
  /// `x86_64`, `aarch64`, `32-bit` or `unknown`, from the system's own programs.
  const std::string& architecture();

  /// The first of these packages that is installed.
  /// @throws Error  when it is not known what is installed.
  const InstalledPackage* package(std::initializer_list<std::string_view> names) const;

  UnitState unit(std::initializer_list<std::string_view> names) const {
    return unit_state(root(), names);
  }
  bool exists(std::string_view path) const { return root().exists(path); }

 private:
  template <typename T>
  using Once = std::optional<T>;

  const Subject& subject_;
  Once<std::vector<FstabEntry>> fstab_;
  Once<BootEntries> entries_;
  Once<std::vector<KernelFacts>> kernels_;
  std::map<std::string, std::set<std::string>> initramfs_;
  Once<std::map<std::string, std::string>> denied_, sshd_, os_release_, waagent_;
  Once<TreeFacts> tree_;
  std::string architecture_;
};

}  // namespace composer::lint
