#include "composer/change_disk.h"

#include "composer/fill_root.h"

namespace composer {

ChangedDisk change_disk(const Plan& plan, const disk::ExistingDisk& existing,
                        const std::filesystem::path& work_directory,
                        const std::vector<std::filesystem::path>& packages,
                        const host::CommandRunner& runner, Progress& progress) {
  disk::Assembly assembly(plan.disk, existing, work_directory, plan.source_date_epoch, runner,
                          progress);
  FilledRoot filled = fill_root(plan, assembly.root(), packages, progress);
  progress.begin(Stage::seal, {});
  disk::Disk disk = std::move(assembly).finish();
  write_boot_code(disk.path, disk.layout, filled.boot_images);
  progress.end(Stage::seal, {.bytes = disk.size});
  return {std::move(disk), std::move(filled.system)};
}

}  // namespace composer
