#include "composer/image/write_root.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <thread>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/image/file_digest.h"
#include "composer/image/formats.h"
#include "composer/image/root_formats.h"
#include "composer/image/tar_archive.h"

namespace composer::image {
namespace {

namespace fs = std::filesystem;

// More threads than this only wait for the one that stores.
constexpr unsigned kMostThreads = 32;

struct Output {
  const PlannedOutput* planned = nullptr;
  const RootFormat* format = nullptr;
  std::unique_ptr<PartialFile> file;            // Either this,
  std::unique_ptr<PartialDirectory> directory;  // or this.
  Bytes size;
  std::string sha256;
};

/// Refuses before the first slow step what could not be finished.
std::vector<Output> outputs_of_root(const Plan& plan, const fs::path& directory) {
  check_output_names(plan);
  std::vector<Output> outputs;
  for (const PlannedOutput& planned : plan.outputs) {
    if (is_made_of_disk(planned.format)) continue;
    const RootFormat& format = root_format_of(planned.format);
    check_compression(planned);
    const fs::path path = directory / planned.filename;
    std::error_code ignored;
    const fs::file_status there = fs::symlink_status(path, ignored);
    if (fs::exists(there) && fs::is_directory(there) != (format.write_directory != nullptr)) {
      throw Error(ErrorKind::usage,
                  fmt::format("cannot write '{}': it is {} directory", path.string(),
                              fs::is_directory(there) ? "a" : "no"));
    }
    outputs.push_back({&planned, &format, nullptr, nullptr, {}, {}});
  }
  return outputs;
}

std::string digest_of(const PartialFile& file, const ExportMeter& meter) {
  std::vector<Hasher> hasher;
  hasher.emplace_back(HashAlgorithm::sha256);
  hash_file({file.fd(), file.size(), file.name()}, hasher, meter);
  return hasher.front().finish_hex();
}

std::string digest_of_tar(int root, const TreeWalk& walk, const ExportMeter& meter) {
  Hasher hasher(HashAlgorithm::sha256);
  write_tar(root, walk, [&](std::string_view bytes) {
    meter.check();
    hasher.update(bytes);
  });
  return hasher.finish_hex();
}

void write_one(Output& output, const RootJob& job, const fs::path& path) {
  if (output.format->write_file) {
    output.file = std::make_unique<PartialFile>(path);
    output.format->write_file(job, *output.file);
    output.file->sync();
    output.size = {output.file->size()};
    output.sha256 = digest_of(*output.file, job.meter);
    return;
  }
  output.directory = std::make_unique<PartialDirectory>(path);
  WrittenDirectory written = output.format->write_directory(job, *output.directory);
  output.directory->sync();
  output.size = written.size;
  // Of the copy: what was written is what the digest speaks for.
  output.sha256 = !written.sha256.empty()
                      ? std::move(written.sha256)
                      : digest_of_tar(output.directory->fd(), job.walk, job.meter);
}

}  // namespace

std::vector<std::string> left_out_of_root_images(const PlannedDisk& disk) {
  std::vector<std::string> paths;
  for (const PlannedPartition& partition : disk.partitions) {
    if (!partition.filesystem || partition.filesystem->type != FilesystemType::ext4) continue;
    const std::string& mount = partition.filesystem->mount;
    if (mount.empty()) continue;
    paths.push_back((mount == "/" ? "" : mount.substr(1) + "/") + "lost+found");
  }
  return paths;
}

std::vector<Image> write_root_images(const Plan& plan, const FinishedRoot& root,
                                     const fs::path& directory, Progress& progress) {
  std::vector<Output> outputs = outputs_of_root(plan, directory);
  if (outputs.empty()) return {};
  const FileDescriptor root_fd = open_file(root.path, O_RDONLY | O_DIRECTORY);
  TreeWalk walk{plan.source_date_epoch, {}};
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  for (std::string& path : left_out_of_root_images(plan.disk)) {
    walk.left_out.insert(std::move(path));
  }
  fs::create_directories(directory);

  ExportMeter meter(progress, {0});
  for (Output& output : outputs) {
    with_context(fmt::format("while writing '{}'", output.planned->filename), [&] {
      write_one(
          output,
          {plan, *output.planned, root_fd.get(), root.files, root.system, walk, meter, threads},
          directory / output.planned->filename);
    });
  }
  std::vector<Image> images;
  for (const Output& output : outputs) {
    output.file ? output.file->commit() : output.directory->commit();
    images.push_back(
        {*output.planned, directory / output.planned->filename, output.size, {0}, output.sha256});
  }
  sync_directory(directory);
  meter.finish();
  return images;
}

}  // namespace composer::image
