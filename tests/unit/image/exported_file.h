#pragma once

#include <filesystem>

#include "composer/image/formats.h"

#include "tests/unit/image/sparse_disk.h"

namespace composer::test {

inline Plan plan_for_export() {
  Plan plan;
  plan.identity_seed = "seed";
  plan.source_date_epoch = 1'700'000'000;
  return plan;
}

/// The writer alone fills `path`.
inline void export_file(const SparseDisk& disk, const PlannedOutput& output,
                        const std::filesystem::path& path, unsigned threads = 2) {
  const Plan plan = plan_for_export();
  const image::RawDisk raw = disk.raw();
  SilentProgress progress;
  image::ExportMeter meter(progress, {});
  image::PartialFile file(path);
  image::format_of(output.format).write({plan, output, raw, meter, threads}, file);
  file.commit();
}

}  // namespace composer::test
