#include "composer/image/wsl_writer.h"

#include <fmt/format.h>

#include "composer/error.h"
#include "composer/image/stream_compressor.h"
#include "composer/image/tar_archive.h"
#include "composer/image/wsl_rules.h"

namespace composer::image {

void write_wsl(const RootJob& job, PartialFile& file) {
  Problem problem;
  problem.notes = wsl_problems(job.files, job.plan.arch);
  if (!problem.notes.empty()) {
    problem.message = fmt::format("the image would be no distribution of WSL: {} rule{} {} broken",
                                  problem.notes.size(), problem.notes.size() == 1 ? "" : "s",
                                  problem.notes.size() == 1 ? "is" : "are");
    problem.hint = "docs/formats/wsl.md has the rules; 'format: tar' has none";
    throw Error(ErrorKind::build, std::move(problem));
  }

  // The kernel in WSL has no SELinux, and refuses attributes that only one with it sets.
  TreeWalk walk = job.walk;
  walk.left_out_attributes = {"security.selinux", "security.ima", "security.evm"};
  std::uint64_t end = 0;
  const auto compressor =
      make_stream_compressor(job.output.compression, job.threads, [&](std::string_view bytes) {
        file.expect({end + bytes.size()});
        file.write_at(bytes, end);
        end += bytes.size();
      });
  const auto on_bytes = [&](std::string_view bytes) {
    job.meter.check();
    compressor->write(bytes);
    job.meter.advance(bytes.size(), job.output.filename);
  };
  write_tar(job.root, walk, on_bytes, {.paths = TarPaths::plain});
  compressor->finish();
}

}  // namespace composer::image
