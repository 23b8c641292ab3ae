#include "composer/image/write.h"

#include <algorithm>
#include <exception>
#include <fcntl.h>
#include <fmt/format.h>
#include <future>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <thread>

#include "composer/base/trace.h"
#include "composer/error.h"
#include "composer/image/copy_disk.h"
#include "composer/image/export_job.h"
#include "composer/image/file_digest.h"
#include "composer/image/formats.h"

// All outputs are made at once, each by threads of its own, from one raw disk that nobody changes:
//
//   0. the disk's filesystems are checked, where that is still to be done
//   1. each output but the consumer is written to NAME.partial and synced; what follows the raw
//   disk
//      byte by byte is hashed once for all of them
//   2. the consumer, if any, takes the raw disk itself by a rename and appends its trailer
//   3. all are renamed to their final names, and the directory is synced
//
// Until step 3 nothing looks finished, and a failure in step 2 gives the raw disk back.

namespace composer::image {
namespace {

namespace fs = std::filesystem;

// More threads than this only wait for the one that stores.
constexpr unsigned kMostThreads = 32;

struct Output {
  const PlannedOutput* planned = nullptr;
  const Format* format = nullptr;
  bool consumer = false;
  std::unique_ptr<PartialFile> file;
  std::string sha256;

  bool is_disk_itself() const { return format->is_disk_itself(*planned); }
};

RawDisk as_raw_disk(int fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    throw system_error(fmt::format("cannot examine '{}'", name), errno);
  return {fd, static_cast<std::uint64_t>(status.st_size), name};
}

/// Runs tasks in threads and keeps the first failure, which stops the others.
class Crew {
 public:
  explicit Crew(ExportMeter& meter) : meter_(meter) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() { join(); }

  template <typename Task>
  void start(Task task) {
    threads_.emplace_back([this, task = std::move(task)] {
      try {
        task();
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        meter_.stop();
      }
    });
  }

  void wait() {
    join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  ExportMeter& meter_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

/// Refuses before the first slow step what could not be finished.
std::vector<Output> check_outputs(const Plan& plan, const disk::Disk& disk,
                                  const fs::path& directory) {
  std::vector<Output> outputs;
  check_output_names(plan);
  for (const PlannedOutput& planned : plan.outputs) {
    if (!is_made_of_disk(planned.format)) continue;
    check_output(planned, disk.size);
    const fs::path path = directory / planned.filename;
    std::error_code ignored;
    if (fs::is_directory(fs::symlink_status(path, ignored))) {
      throw Error(ErrorKind::usage,
                  fmt::format("cannot write '{}': it is a directory", path.string()));
    }
    if (fs::equivalent(path, disk.path, ignored)) {
      throw Error(
          ErrorKind::usage,
          fmt::format("cannot write '{}': it is the disk that images are made from", path.string()),
          "choose another output directory");
    }
    outputs.push_back({&planned, &format_of(planned.format), false, nullptr, {}});
  }
  return outputs;
}

void make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    throw system_error(fmt::format("cannot create the directory '{}'", directory.string()),
                       error.value());
  }
}

FileDescriptor open_disk(const disk::Disk& disk, DiskUse use) {
  FileDescriptor fd = open_file(disk.path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::build,
                fmt::format("cannot read '{}': it is not a regular file", disk.path.string()));
  }
  // The disk of a fixed VHD is followed by its footer; one that becomes an image is followed by
  // nothing.
  const auto length = static_cast<std::uint64_t>(status.st_size);
  if (use == DiskUse::keep ? length < disk.size.count : length != disk.size.count) {
    throw Error(ErrorKind::build, fmt::format("the disk '{}' is {} bytes long, not {} as planned",
                                              disk.path.string(), length, disk.size.count));
  }
  return fd;
}

/// Lets the kernel start to write what it still holds of the disk, so that the sync of an output
/// that consumes it finds little left to do. Only a matter of speed.
void begin_writeback(const RawDisk& raw) {
  ::sync_file_range(raw.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/// A finished file of a format of its own: synced and hashed at once, the disk being the slower.
void sync_and_hash(Output& output, const ExportMeter& meter) {
  const TraceSpan span("work", fmt::format("sync and hash {}", output.planned->filename));
  PartialFile& file = *output.file;
  auto synced = std::async(std::launch::async, [&] { file.sync(); });
  std::vector<Hasher> hasher;
  hasher.emplace_back(HashAlgorithm::sha256);
  hash_file(as_raw_disk(file.fd(), file.name()), hasher, meter);
  synced.get();
  output.sha256 = hasher.front().finish_hex();
}

/// The digests of all outputs that are the raw disk and a trailer, in one pass over it.
void hash_followers(std::vector<Output>& outputs, const Plan& plan, const RawDisk& raw,
                    const ExportMeter& meter) {
  std::vector<Hasher> hashers;
  for (const Output& output : outputs) {
    if (output.is_disk_itself()) hashers.emplace_back(HashAlgorithm::sha256);
  }
  if (hashers.empty()) return;
  const TraceSpan span("work", "hash the disk");
  hash_file(raw, hashers, meter);
  auto hasher = hashers.begin();
  for (Output& output : outputs) {
    if (!output.is_disk_itself()) continue;
    hasher->update(output.format->trailer(plan, {raw.size}));
    output.sha256 = (hasher++)->finish_hex();
  }
}

}  // namespace

std::vector<Image> write_images(const Plan& plan, const disk::Disk& disk, DiskUse use,
                                const fs::path& directory, Progress& progress,
                                const SystemFacts* system) {
  std::vector<Output> outputs = check_outputs(plan, disk, directory);
  const FileDescriptor disk_fd = open_disk(disk, use);
  const RawDisk raw{disk_fd.get(), disk.size.count, disk.path.string()};
  make_directory(directory);
  for (Output& output : outputs) {
    output.file = std::make_unique<PartialFile>(directory / output.planned->filename);
  }
  bool has_consumer = false;
  if (use == DiskUse::consume) {
    // One of them can have it: the last, whose copy would otherwise be the last to begin.
    const auto last = std::find_if(outputs.rbegin(), outputs.rend(),
                                   [](const Output& output) { return output.is_disk_itself(); });
    if (last != outputs.rend()) last->consumer = has_consumer = true;
  }

  const Bytes data = data_size(raw);
  ExportMeter meter(progress, data * outputs.size());
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
  const auto job = [&](const Output& output) {
    return ExportJob{plan, *output.planned, raw, meter, threads, system};
  };
  {
    Crew crew(meter);
    if (disk.check) crew.start([&] { disk.check(); });
    crew.start([&] { hash_followers(outputs, plan, raw, meter); });
    if (has_consumer) crew.start([&] { begin_writeback(raw); });
    for (Output& output : outputs) {
      if (output.consumer) continue;
      crew.start([&] {
        output.format->write(job(output), *output.file);
        if (output.is_disk_itself()) {
          output.file->sync();
        } else {
          sync_and_hash(output, meter);
        }
      });
    }
    crew.wait();
  }

  for (Output& output : outputs) {
    if (!output.consumer) continue;
    if (output.file->take(disk.path)) {
      const std::string trailer = output.format->trailer(plan, disk.size);
      output.file->expect({trailer.size()});
      output.file->write_at(trailer, disk.size.count);
      meter.advance(data.count, output.planned->filename);
    } else {
      output.format->write(job(output), *output.file);
    }
    output.file->sync();
  }

  std::vector<Image> images;
  for (const Output& output : outputs) {
    output.file->commit();
    images.push_back(
        {*output.planned, output.file->path(), {output.file->size()}, disk.size, output.sha256});
  }
  sync_directory(directory);
  meter.finish();
  return images;
}

}  // namespace composer::image
