#include "composer/image/root_formats.h"

#include "composer/error.h"
#include "composer/image/copy_tree.h"
#include "composer/image/tar_archive.h"

namespace composer::image {

void write_tar_file(const RootJob& job, PartialFile& file) {
  std::uint64_t end = 0;
  write_tar(job.root, job.walk, [&](std::string_view bytes) {
    job.meter.check();
    file.expect({end + bytes.size()});
    file.write_at(bytes, end);
    end += bytes.size();
    job.meter.advance(bytes.size(), job.output.filename);
  });
}

WrittenDirectory write_directory(const RootJob& job, PartialDirectory& directory) {
  const Bytes copied = copy_tree(job.root, job.walk, directory.fd());
  job.meter.advance(copied.count, job.output.filename);
  return {copied, {}};
}

const RootFormat& root_format_of(OutputFormat format) {
  for (const RootFormat& row : kRootFormats) {
    if (row.format == format) return row;
  }
  throw Error(ErrorKind::build, "no writer that makes this format of a root");
}

}  // namespace composer::image
