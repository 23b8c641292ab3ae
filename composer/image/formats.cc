#include "composer/image/formats.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <string>

#include "composer/error.h"
#include "composer/image/copy_disk.h"
#include "composer/image/qcow2_format.h"
#include "composer/image/raw_zstd.h"

namespace composer::image {
namespace {

/// Never rounded: `a disk of 2.0 TiB, 2.0 TiB is the most` would help nobody.
std::string exact_text(Bytes size) {
  if (size.count % GiB(1).count == 0) return fmt::format("{} GiB", size.count >> 30);
  if (size.count % MiB(1).count == 0) return fmt::format("{} MiB", size.count >> 20);
  return fmt::format("{} bytes", size.count);
}

void check_name(std::string_view name) {
  if (name.empty() || name == "." || name == ".." || name.size() > 200 ||
      name.find('/') != std::string_view::npos || name.find('\0') != std::string_view::npos) {
    throw Error(ErrorKind::usage, fmt::format("'{}' cannot be the file name of an image", name),
                "give a name without a slash, at most 200 bytes long");
  }
}

}  // namespace

std::string no_trailer(const Plan&, Bytes) {
  return {};
}

void write_raw(const ExportJob& job, PartialFile& file) {
  if (job.output.compression == Compression::zstd) {
    write_raw_zstd(job, file);
  } else {
    copy_disk(job, file);
  }
}

void write_vhd_fixed(const ExportJob& job, PartialFile& file) {
  copy_disk(job, file);
  file.write_at(planned_vhd_footer(job.plan, {job.disk.size}), job.disk.size);
}

const Format& format_of(OutputFormat format) {
  for (const Format& row : kFormats) {
    if (row.format == format) return row;
  }
  throw Error(ErrorKind::build, "no writer for this image format");
}

void check_output(const PlannedOutput& output, Bytes disk_size) {
  const Format& format = format_of(output.format);
  const std::string_view name = to_text(output.format);
  check_name(output.filename);
  check_compression(output);
  if (output.sector_size != SectorSize::native_512 && output.format != OutputFormat::vhdx) {
    throw Error(ErrorKind::usage, fmt::format("'{}' images do not say how large sectors are", name),
                "leave out sector_size");
  }
  if (const auto refused = refuse_sector_size(output.sector_size)) {
    throw Error(ErrorKind::usage,
                fmt::format("cannot write '{}': {}", output.filename, refused->why),
                std::string(refused->hint));
  }
  if (disk_size.count == 0 || disk_size.count % format.size_grain.count != 0) {
    throw Error(ErrorKind::usage,
                fmt::format("a disk of {} bytes cannot be a '{}' image: its size must be a whole "
                            "number of {}",
                            disk_size.count, name, to_text(format.size_grain)),
                fmt::format("the next size that can is {} bytes",
                            round_up({disk_size.count + 1}, format.size_grain).count));
  }
  if (disk_size > format.size_limit) {
    throw Error(ErrorKind::usage,
                fmt::format("a disk of {} cannot be a '{}' image: {} is the most",
                            exact_text(disk_size), name, exact_text(format.size_limit)));
  }
}

void check_compression(const PlannedOutput& output) {
  const auto possible = facts_of(output.format).compressions;
  if (std::find(possible.begin(), possible.end(), output.compression) != possible.end()) return;
  const std::string_view name = to_text(output.format);
  if (possible.size() == 1 && possible[0] == Compression::none) {
    throw Error(ErrorKind::usage, fmt::format("'{}' images are never compressed", name),
                "leave out compression");
  }
  throw Error(ErrorKind::usage, output.compression == Compression::none
                                    ? fmt::format("'{}' images are always compressed", name)
                                    : fmt::format("'{}' images are not compressed with '{}'", name,
                                                  to_text(output.compression)));
}

void check_output_names(const Plan& plan) {
  std::set<std::string> names;
  for (const PlannedOutput& output : plan.outputs) {
    check_name(output.filename);
    if (!names.insert(output.filename).second) {
      throw Error(ErrorKind::usage,
                  fmt::format("two images have the file name '{}'", output.filename),
                  "give one of them another filename");
    }
  }
  for (const std::string& name : names) {
    if (names.contains(name + ".partial")) {
      throw Error(
          ErrorKind::usage,
          fmt::format("the file name '{}.partial' is needed while '{}' is written", name, name),
          "give one of them another filename");
    }
  }
}

}  // namespace composer::image
