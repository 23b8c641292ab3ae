#include "composer/convert.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/work_directory.h"
#include "composer/image/formats.h"
#include "composer/image/write.h"
#include "composer/inspect/expand.h"
#include "composer/source_date.h"

namespace composer {
namespace {

namespace fs = std::filesystem;

constexpr std::array kConvertible{OutputFormat::raw, OutputFormat::vhd_fixed, OutputFormat::vhd,
                                  OutputFormat::vhdx, OutputFormat::qcow2};
constexpr unsigned kMostThreads = 16;

struct Extension {
  std::string_view end;
  OutputFormat format;
  std::optional<Compression> compression;
};
constexpr std::array kExtensions{
    Extension{".raw.zst", OutputFormat::raw, Compression::zstd},
    Extension{".img.zst", OutputFormat::raw, Compression::zstd},
    Extension{".raw", OutputFormat::raw, std::nullopt},
    Extension{".img", OutputFormat::raw, std::nullopt},
    // Azure's: the dynamic one must be asked for.
    Extension{".vhd", OutputFormat::vhd_fixed, std::nullopt},
    Extension{".vhdx", OutputFormat::vhdx, std::nullopt},
    Extension{".qcow2", OutputFormat::qcow2, std::nullopt},
};

PlannedOutput decide_output(const ConvertRequest& request) {
  const std::string name = request.output.filename();
  const auto by_name =
      std::find_if(kExtensions.begin(), kExtensions.end(),
                   [&](const Extension& extension) { return name.ends_with(extension.end); });
  if (!request.format && by_name == kExtensions.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("the name '{}' does not say which format is wanted", name),
                "end it in .raw, .raw.zst, .vhd, .vhdx or .qcow2, or give --format");
  }
  PlannedOutput output;
  output.filename = name;
  output.sector_size = request.sector_size;
  output.format =
      request.format.value_or(by_name == kExtensions.end() ? OutputFormat::raw : by_name->format);
  if (std::find(kConvertible.begin(), kConvertible.end(), output.format) == kConvertible.end()) {
    throw Error(ErrorKind::usage,
                fmt::format("a disk cannot be converted to '{}', which says what is on it",
                            to_text(output.format)),
                "write such an output with 'image-composer build'");
  }
  output.compression = facts_of(output.format).compressions[0];
  if (by_name != kExtensions.end() && by_name->format == output.format && by_name->compression) {
    output.compression = *by_name->compression;
  }
  if (request.compression) output.compression = *request.compression;
  image::check_compression(output);
  return output;
}

/// What the output's UUIDs come from: the disk's size and partition table.
std::string identity_of(const inspect::BlockSource& disk) {
  constexpr std::uint64_t kTable = 64U << 10;
  const std::uint64_t size = disk.size().count;
  return sha256_hex(fmt::format("convert {}\n", size) +
                    inspect::read_text(disk, 0, std::min(size, kTable)));
}

/// Refuses what would only fail after a while.
void check_room(const fs::path& directory, Bytes data, const PlannedOutput& output) {
  std::error_code error;
  const fs::space_info space = fs::space(directory, error);
  // The output of a compressed format takes what nobody knows; of a raw one, nothing beside.
  const bool twice = output.format == OutputFormat::vhd || output.format == OutputFormat::vhdx;
  const std::uint64_t needed = twice ? 2 * data.count : data.count;
  if (error || space.available >= needed) return;
  throw Error(
      ErrorKind::host,
      fmt::format("the disk's data needs {} in '{}', where {} is free", to_text(Bytes{needed}),
                  directory.string(), to_text(Bytes{space.available})),
      "make room there, or write the output to a larger disk");
}

/// A raw disk, and whether it may be used up.
struct RawSource {
  disk::Disk disk;
  image::DiskUse use = image::DiskUse::keep;
};

/// The input's disk as raw as it is stored, or expanded into the work folder.
class Source {
 public:
  Source(const fs::path& input, Progress& progress) : input_(input), progress_(progress) {
    if (inspect::is_zstd_file(input)) return;
    image_ = inspect::open_disk_image(input);
    for (const std::string& problem : image_->facts.problems) {
      progress.warning(fmt::format("'{}': {}, ignoring", input.string(), problem));
    }
  }

  /// Nothing before a compressed disk is expanded.
  const std::optional<inspect::DiskImage>& image() const { return image_; }

  RawSource raw(const fs::path& work, const PlannedOutput& output) {
    using inspect::ContainerFormat;
    if (image_ && (image_->facts.format == ContainerFormat::raw ||
                   image_->facts.format == ContainerFormat::vhd_fixed)) {
      return {{input_, image_->disk->size(), {}}, image::DiskUse::keep};
    }
    const fs::path expanded = work / "disk.raw";
    const FileDescriptor fd = open_file(expanded, O_RDWR | O_CREAT | O_EXCL);
    if (!image_) {
      expand_stream(fd.get());
      image_ = inspect::open_disk_image(expanded);
      if (image_->facts.format != ContainerFormat::raw) {
        throw Error(ErrorKind::usage,
                    fmt::format("cannot read '{}': it holds a {} image, not a raw disk",
                                input_.string(), to_text(image_->facts.format)),
                    "unpack it first, by 'zstd -d'");
      }
    } else {
      expand_image(work, fd.get(), output);
    }
    return {{expanded, image_->disk->size(), {}}, image::DiskUse::consume};
  }

 private:
  inspect::ExpandMeter meter() {
    return [this](std::uint64_t bytes) {
      done_.count += bytes;
      progress_.advance(Stage::expand, {0, done_}, input_.filename().string());
    };
  }

  void expand_image(const fs::path& work, int fd, const PlannedOutput& output) {
    const Bytes data = inspect::data_size(*image_->disk);
    check_room(work, data, output);
    progress_.begin(Stage::expand, {0, data});
    inspect::expand(input_, fd, std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads),
                    meter());
    progress_.end(Stage::expand, {0, data});
  }

  void expand_stream(int fd) {
    progress_.begin(Stage::expand, {0, {fs::file_size(input_)}});
    inspect::expand_zstd(input_, fd, meter());
    progress_.end(Stage::expand, {0, done_});
  }

  const fs::path& input_;
  Progress& progress_;
  std::optional<inspect::DiskImage> image_;
  Bytes done_;
};

/// Sectors of 4096 bytes: everything on the disk counts in them.
void check_sectors(const ConvertRequest& request, const inspect::DiskImage& image,
                   const PlannedOutput& output) {
  if (image.facts.logical_sector == 512 || output.format == OutputFormat::raw) return;
  throw Error(
      ErrorKind::usage,
      fmt::format("'{}' has sectors of {} bytes, and a '{}' image would have sectors of "
                  "512, in which its partition table cannot be found",
                  request.input.string(), image.facts.logical_sector, to_text(output.format)),
      "convert it to raw, which has no sectors");
}

}  // namespace

std::span<const OutputFormat> convertible_formats() {
  return kConvertible;
}

Image convert(const ConvertRequest& request, Progress& progress) {
  Plan plan;
  plan.source_date_epoch = source_date_from_environment().value_or(0);
  plan.outputs = {decide_output(request)};
  const PlannedOutput& output = plan.outputs.front();
  // What is written is OUT.partial first.
  for (const fs::path& written : {request.output, fs::path(request.output.string() + ".partial")}) {
    std::error_code ignored;
    if (!fs::equivalent(request.input, written, ignored)) continue;
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is the input, and would be written to", written.string()),
                "choose another name for the output");
  }

  Source source(request.input, progress);
  const auto check = [&] {
    check_sectors(request, *source.image(), output);
    image::check_output(output, source.image()->disk->size());
    plan.identity_seed = identity_of(*source.image()->disk);
  };
  if (source.image()) check();

  const fs::path directory =
      request.output.has_parent_path() ? request.output.parent_path() : fs::path(".");
  const host::WorkDirectory work(directory);
  const RawSource raw = source.raw(work.path(), output);
  if (plan.identity_seed.empty()) check();
  Image image = image::write_images(plan, raw.disk, raw.use, directory, progress).front();
  image.path = request.output;  // As it was given.
  return image;
}

}  // namespace composer
