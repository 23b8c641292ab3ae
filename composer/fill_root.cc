#include "composer/fill_root.h"

#include <fcntl.h>

#include "composer/base/file_descriptor.h"
#include "composer/disk/boot_code.h"
#include "composer/rpm/transaction.h"
#include "composer/system_facts.h"
#include "composer/tree/host_root.h"
#include "composer/tree/selinux.h"

namespace composer {
namespace {

rpm::TransactionRequest transaction_of(const Plan& plan, const std::filesystem::path& root) {
  rpm::TransactionRequest request{.root = root, .source_date_epoch = plan.source_date_epoch};
  if (plan.base && !plan.base->rpm_database.empty()) {
    request.database_path = plan.base->rpm_database;
  }
  return request;
}

}  // namespace

void install_root(const Plan& plan, const std::filesystem::path& root,
                  const std::vector<std::filesystem::path>& packages, Progress& progress) {
  rpm::TransactionRequest incoming = transaction_of(plan, root);
  incoming.packages = packages;
  incoming.documentation = plan.installation.documentation;
  incoming.locales = plan.installation.locales;
  if (plan.base) incoming.remove = plan.base->remove;
  rpm::install_packages(incoming, progress);
}

FilledRoot finish_root(const Plan& plan, const std::filesystem::path& root_path, Progress& progress,
                       const tree::InitramfsStore* kept) {
  FilledRoot filled;
  tree::HostRoot root(root_path);
  tree::configure(plan, root, progress);
  tree::make_initramfs(plan, root, progress, kept);
  tree::install_kernels(plan, root, progress);
  // What only the installation, the scripts and dracut needed.
  rpm::TransactionRequest outgoing = transaction_of(plan, root_path);
  outgoing.erase = plan.installation.erase;
  rpm::erase_packages(outgoing, progress);
  tree::clean(plan, root, progress);
  // Nothing writes into the root after this.
  tree::label_files(plan, root_path, root, progress);
  if (!plan.has_disk() || plan.writes_boot()) {
    filled.boot_images = tree::bios_boot_images(plan, root);
  }
  filled.system = read_system_facts(plan, root);
  return filled;
}

FilledRoot fill_root(const Plan& plan, const std::filesystem::path& root,
                     const std::vector<std::filesystem::path>& packages, Progress& progress) {
  install_root(plan, root, packages, progress);
  return finish_root(plan, root, progress);
}

void write_boot_code(const std::filesystem::path& disk, const PlannedDisk& layout,
                     const tree::BiosBootImages& images) {
  if (images.core_image.empty()) return;
  const FileDescriptor fd = open_file(disk, O_RDWR);
  disk::write_bios_boot_code(fd.get(), layout, images.boot_image, images.core_image);
}

}  // namespace composer
