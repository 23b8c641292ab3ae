#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// What kernel-install does for a kernel on Fedora: the files of /usr/lib/modules/VERSION that the
// boot loader and dracut look for in /boot. Done here and not by kernel-install, since its plugins
// would also make an initramfs with the compression of the image's configuration (18 of dracut's 23
// seconds), and boot entries named after a machine-id that there is not. The transaction keeps the
// kernel package's own call quiet with KERNEL_INSTALL_BYPASS=1.

namespace composer::tree::kernels {
namespace {

struct KernelFile {
  std::string_view name;    ///< In /usr/lib/modules/VERSION.
  std::string_view prefix;  ///< In /boot, before the version.
  std::uint32_t mode;       ///< As Fedora's 20-grub.install gives it.
};
constexpr std::array kFiles{KernelFile{"vmlinuz", "vmlinuz-", 0755},
                            KernelFile{"config", "config-", 0644},
                            KernelFile{"System.map", "System.map-", 0600}};

void copy_to_boot(Root& root, const std::string& version) {
  const std::string modules = "/usr/lib/modules/" + version;
  for (const KernelFile& file : kFiles) {
    const std::string target = fmt::format("/boot/{}{}", file.prefix, version);
    const auto content = root.read(fmt::format("{}/{}", modules, file.name));
    if (!content || root.exists(target)) continue;
    root.write(target, *content, {file.mode, 0, 0});
  }
  // FIPS: the kernel's checksum, which names the file that it is of.
  const auto checksum = root.read(modules + "/.vmlinuz.hmac");
  if (checksum && !root.exists(fmt::format("/boot/.vmlinuz-{}.hmac", version))) {
    const std::string digest = checksum->substr(0, checksum->find(' '));
    root.write(fmt::format("/boot/.vmlinuz-{}.hmac", version),
               fmt::format("{}  /boot/vmlinuz-{}\n", digest, version), {0644, 0, 0});
  }
}

}  // namespace

bool wanted(const Plan& plan) {
  return plan.writes_boot();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  texts.emplace_back(plan.boot.loader == Loader::grub
                         ? "copy each kernel to /boot, with its configuration and symbols"
                         : "leave each kernel in /usr/lib/modules until its initramfs is made");
  if (plan.boot.initramfs == InitramfsMaker::systemd) {
    texts.emplace_back("make each initramfs of systemd, without dracut");
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  root.make_directories("/boot", {0755, 0, 0});
  for (const std::string& version : required_kernels(plan, root)) {
    progress.note(fmt::format("kernel {}", version));
    if (plan.boot.loader == Loader::grub) copy_to_boot(root, version);
    if (!root.exists(fmt::format("/usr/lib/modules/{}/modules.dep", version))) {
      run_checked(root, {{"depmod", "-a", version}, {}, {}});
    }
  }
}

}  // namespace composer::tree::kernels
