#include "composer/image/boot_files.h"

#include <fmt/format.h>
#include <optional>

#include "composer/error.h"
#include "composer/image/cpio_archive.h"
#include "composer/image/stream_compressor.h"

namespace composer::image {

void write_cpio_file(const RootJob& job, PartialFile& file) {
  std::uint64_t end = 0;
  const auto compressor =
      make_stream_compressor(job.output.compression, job.threads, [&](std::string_view bytes) {
        file.expect({end + bytes.size()});
        file.write_at(bytes, end);
        end += bytes.size();
      });
  const CpioLosses losses = write_cpio(job.root, job.walk, [&](std::string_view bytes) {
    job.meter.check();
    compressor->write(bytes);
    job.meter.advance(bytes.size(), job.output.filename);
  });
  compressor->finish();
  if (losses.capabilities > 0) {
    job.meter.warning(
        fmt::format("'{}' does not have the file capabilities of {} file{}: cpio has "
                    "no extended attributes",
                    job.output.filename, losses.capabilities, losses.capabilities == 1 ? "" : "s"));
  }
}

void write_kernel(const RootJob& job, PartialFile& file) {
  if (job.system.kernels.empty()) {
    throw Error(ErrorKind::build, "the image has no kernel",
                "add one to 'packages.install', or remove the output 'kernel'");
  }
  const std::string& path = job.system.kernels.front().path;
  const std::optional<std::string> kernel = job.files.read(path);
  if (!kernel) throw Error(ErrorKind::build, fmt::format("the image has no '{}'", path));
  file.expect({kernel->size()});
  file.write_at(*kernel, 0);
  job.meter.advance(kernel->size(), job.output.filename);
}

}  // namespace composer::image
