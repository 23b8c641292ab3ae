// Side by side in one run: this project's image writers and qemu-img convert on one raw disk.
// Prints a table of wall time, cpu time, peak memory and size of the output; it never fails for
// being slow.
//
// tests/bench/images builds and runs it:
//
//   bench_image DISK.raw DIRECTORY [repetitions [word of the title]]
//
// One of the contenders consumes the disk; it is made whole again from what it became, so run this
// on a copy if you cannot make the disk anew. Both should be on one filesystem. The disk should be
// in the page cache and the directory on tmpfs, so that the writers are measured and not the
// storage. Of several repetitions, five when nothing is said, the one with the median wall time is
// shown.

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

#include "composer/error.h"
#include "composer/image/formats.h"
#include "composer/image/write.h"

namespace {

using namespace composer;
namespace fs = std::filesystem;

struct Cost {
  double wall = 0, cpu = 0;
  std::uint64_t peak_kib = 0;
  bool failed = false;
};

double now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

/// Runs `task` in a process of its own, so that its memory is its own.
Cost measure(const std::function<void()>& task) {
  const double start = now();
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      task();
      std::_Exit(0);
    } catch (const Error& error) {
      fmt::print(stderr, "{}", error.to_text());
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
    }
    std::_Exit(1);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  return {now() - start, seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<std::uint64_t>(usage.ru_maxrss), status != 0};
}

struct Contender {
  std::string name;
  std::string file;
  std::function<void(const fs::path& output)> task;
};

class Bench {
 public:
  Bench(fs::path disk, fs::path directory, int repetitions, std::string only)
      : disk_(std::move(disk)),
        directory_(std::move(directory)),
        disk_size_(fs::file_size(disk_)),
        repetitions_(repetitions),
        only_(std::move(only)) {}

  void compare(std::string_view title, std::vector<Contender> contenders) {
    if (title.find(only_) == std::string_view::npos) return;
    std::vector<std::vector<Cost>> costs(contenders.size());
    std::vector<std::uint64_t> sizes(contenders.size());
    for (int i = 0; i < repetitions_; ++i) {
      for (std::size_t c = 0; c < contenders.size(); ++c) {
        const fs::path output = directory_ / contenders[c].file;
        const Cost cost = measure([&] { contenders[c].task(output); });
        costs[c].push_back(cost);
        struct stat status {};
        if (::stat(output.c_str(), &status) == 0) {
          sizes[c] = static_cast<std::uint64_t>(status.st_size);
        }
        if (fs::exists(disk_)) {
          fs::remove(output);
        } else {
          give_back(output);
        }
      }
    }
    fmt::print("\n{}\n{:<36}{:>9}{:>9}{:>11}{:>14}\n", title, "", "wall s", "cpu s", "peak MiB",
               "bytes");
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      std::vector<Cost>& all = costs[c];
      if (std::any_of(all.begin(), all.end(), [](const Cost& cost) { return cost.failed; })) {
        fmt::print("{:<36} failed\n", contenders[c].name);
        continue;
      }
      const auto median = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      std::nth_element(all.begin(), median, all.end(),
                       [](const Cost& a, const Cost& b) { return a.wall < b.wall; });
      fmt::print("{:<36}{:>9.2f}{:>9.2f}{:>11}{:>14}\n", contenders[c].name, median->wall,
                 median->cpu, median->peak_kib / 1024, sizes[c]);
    }
  }

  Contender qemu(std::string name, std::vector<std::string> options) const {
    options.insert(options.begin(), {"qemu-img", "convert", "-f", "raw"});
    return {"qemu-img " + name, "qemu", [this, options](const fs::path& output) {
              std::vector<std::string> arguments = options;
              arguments.push_back(disk_.string());
              arguments.push_back(output.string());
              execute(std::move(arguments));
            }};
  }

  Contender zstd(std::string name, std::vector<std::string> options) const {
    options.insert(options.begin(), {"zstd", "-q", "-f"});
    return {"zstd " + name, "zstd", [this, options](const fs::path& output) {
              std::vector<std::string> arguments = options;
              arguments.insert(arguments.end(), {disk_.string(), "-o", output.string()});
              execute(std::move(arguments));
            }};
  }

  /// The writer alone, as qemu-img does it: no sync, no digest.
  Contender writer(OutputFormat format, Compression compression) const {
    return {"our writer", "ours", [this, format, compression](const fs::path& output) {
              Plan plan;
              plan.identity_seed = "bench";
              const PlannedOutput planned{format, compression, output.filename().string()};
              const FileDescriptor fd = open_file(disk_, O_RDONLY);
              const image::RawDisk raw{fd.get(), fs::file_size(disk_), disk_.string()};
              SilentProgress progress;
              image::ExportMeter meter(progress, {});
              const unsigned threads = std::max(std::thread::hardware_concurrency(), 1U);
              image::PartialFile file(output);
              image::format_of(format).write({plan, planned, raw, meter, threads}, file);
              file.commit();
            }};
  }

  /// The same where the raw disk is the writer's to use up.
  Contender consumer(OutputFormat format) const {
    return {"our writer, raw disk consumed", "ours", [this, format](const fs::path& output) {
              Plan plan;
              plan.identity_seed = "bench";
              image::PartialFile file(output);
              if (!file.take(disk_)) throw Error(ErrorKind::host, "the disk cannot be renamed");
              file.write_at(image::format_of(format).trailer(plan, {disk_size_}), disk_size_);
              file.commit();
            }};
  }

  /// Everything that a build does: the writer, sync, digest.
  Contender whole(OutputFormat format, Compression compression, image::DiskUse use) const {
    const bool consume = use == image::DiskUse::consume;
    return {consume ? "ours, raw disk consumed, sha256" : "ours with sync and sha256", "ours",
            [this, format, compression, use](const fs::path& output) {
              Plan plan;
              plan.identity_seed = "bench";
              plan.outputs = {{format, compression, output.filename().string()}};
              disk::Disk disk{disk_, {fs::file_size(disk_)}, {}};
              SilentProgress progress;
              image::write_images(plan, disk, use, directory_, progress);
            }};
  }

 private:
  [[noreturn]] static void execute(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    std::_Exit(127);
  }

  /// Makes the raw disk again out of the image that it became.
  void give_back(const fs::path& output) const {
    fs::rename(output, disk_);
    fs::resize_file(disk_, disk_size_);
  }

  fs::path disk_, directory_;
  std::uint64_t disk_size_;
  int repetitions_;
  std::string only_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: bench_image DISK.raw DIRECTORY [repetitions [word of the title]]\n");
    return 2;
  }
  using image::DiskUse;
  Bench bench(argv[1], argv[2], argc > 3 ? std::max(std::atoi(argv[3]), 1) : 5,
              argc > 4 ? argv[4] : "");
  fmt::print("{}: {} bytes, {} threads\n", argv[1], fs::file_size(argv[1]),
             std::thread::hardware_concurrency());
  const auto vhd = OutputFormat::vhd_fixed;
  const auto qcow2 = OutputFormat::qcow2;
  bench.compare(
      "vhd-fixed",
      {bench.qemu("", {"-O", "vpc", "-o", "subformat=fixed,force_size=on"}),
       bench.qemu("-m 8 -W", {"-m", "8", "-W", "-O", "vpc", "-o", "subformat=fixed,force_size=on"}),
       bench.writer(vhd, Compression::none), bench.whole(vhd, Compression::none, DiskUse::keep),
       bench.consumer(vhd), bench.whole(vhd, Compression::none, DiskUse::consume)});
  const auto zst = Compression::zstd;
  bench.compare("raw zstd (frames of 4 MiB)",
                {bench.zstd("-3 -T0", {"-3", "-T0"}), bench.writer(OutputFormat::raw, zst),
                 bench.whole(OutputFormat::raw, zst, DiskUse::keep)});
  struct Case {
    std::string_view title;
    OutputFormat format;
    Compression compression;
    std::vector<std::string> options;
  };
  for (const Case& c : {Case{"vhd (dynamic)",
                             OutputFormat::vhd,
                             Compression::none,
                             {"-O", "vpc", "-o", "subformat=dynamic,force_size=on"}},
                        Case{"vhdx",
                             OutputFormat::vhdx,
                             Compression::none,
                             {"-O", "vhdx", "-o", "subformat=dynamic"}},
                        Case{"qcow2", qcow2, Compression::none, {"-O", "qcow2"}},
                        Case{"qcow2 zstd",
                             qcow2,
                             Compression::zstd,
                             {"-c", "-O", "qcow2", "-o", "compression_type=zstd"}},
                        Case{"qcow2 zlib", qcow2, Compression::zlib, {"-c", "-O", "qcow2"}}}) {
    std::vector<std::string> parallel{"-m", "8", "-W"};
    parallel.insert(parallel.end(), c.options.begin(), c.options.end());
    std::vector<Contender> contenders{bench.qemu("", c.options), bench.qemu("-m 8 -W", parallel),
                                      bench.writer(c.format, c.compression),
                                      bench.whole(c.format, c.compression, DiskUse::keep)};
    if (c.compression == Compression::zstd) {
      contenders.push_back(bench.writer(c.format, Compression::zstd_fast));
      contenders.back().name += ", zstd-fast";
    }
    bench.compare(c.title, std::move(contenders));
  }
}
