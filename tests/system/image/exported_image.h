#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/host/process.h"
#include "composer/image/formats.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

namespace composer::test {

/// Runs a program and returns its standard output; a failure is an Error and ends the test.
inline std::string output_of(std::vector<std::string> arguments) {
  SilentProgress progress;
  return host::CommandRunner(progress).check({std::move(arguments), {}, {}, true}).standard_output;
}

/// What `write_images` does for one output, without sync and digest, so that disks of many TiB can
/// be written: SHA-256 alone would take hours for their zeros.
inline std::filesystem::path export_image(const SparseDisk& disk, OutputFormat format,
                                          Compression compression,
                                          const std::filesystem::path& path, unsigned threads = 2) {
  Plan plan;
  plan.identity_seed = "system test";
  plan.source_date_epoch = 1'700'000'000;
  const PlannedOutput output{format, compression, path.filename()};
  const image::RawDisk raw = disk.raw();
  SilentProgress progress;
  image::ExportMeter meter(progress, {});
  image::check_output(output, {raw.size});
  image::PartialFile file(path);
  image::format_of(format).write({plan, output, raw, meter, threads}, file);
  file.commit();
  return path;
}

/// A folder on tmpfs where there is one: for disks that are larger than the host's filesystem
/// allows (ext4: 16 TiB), which cost memory for their data alone.
class LargeFolder {
 public:
  LargeFolder() {
    std::string name = "/dev/shm/composer-test-XXXXXX";
    if (::mkdtemp(name.data())) path_ = name;
  }
  LargeFolder(const LargeFolder&) = delete;
  LargeFolder& operator=(const LargeFolder&) = delete;
  ~LargeFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_.empty() ? fallback_.path() : path_; }

 private:
  std::filesystem::path path_;
  ScratchFolder fallback_;
};

}  // namespace composer::test
