#include "composer/lint_subject.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/format.h>
#include <utility>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/inspect/disk_facts.h"
#include "composer/inspect/signature.h"
#include "composer/lint/config_files.h"
#include "composer/lint/dpkg_status.h"

namespace composer {
namespace {

using inspect::ContainerFormat;
using lint::DiskPartition;
using lint::DiskTable;
using lint::FileFormat;
using lint::ImageFile;
using lint::Subject;

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

/// A root some of whose mounts could not be read: what looks there is told so, since a file that
/// cannot be seen is not a file that is not there.
class GuardedRoot final : public ReadRoot {
 public:
  GuardedRoot(const ReadRoot& root, std::vector<std::pair<std::string, std::string>> unread)
      : root_(root), unread_(std::move(unread)) {}

  std::optional<FileStatus> status(std::string_view path) const override {
    return guarded(path).status(path);
  }
  std::optional<FileStatus> link_status(std::string_view path) const override {
    return guarded(path).link_status(path);
  }
  std::optional<std::string> read(std::string_view path) const override {
    return guarded(path).read(path);
  }
  std::optional<std::string> read_at(std::string_view path, std::uint64_t offset,
                                     std::size_t most) const override {
    return guarded(path).read_at(path, offset, most);
  }
  std::vector<std::string> list(std::string_view path) const override {
    return guarded(path).list(path);
  }
  std::optional<std::string> read_link(std::string_view path) const override {
    return guarded(path).read_link(path);
  }
  ExtendedAttributes xattrs(std::string_view path) const override {
    return guarded(path).xattrs(path);
  }

 private:
  const ReadRoot& guarded(std::string_view path) const {
    for (const auto& [mount, problem] : unread_) {
      const bool below =
          path.starts_with(mount) && (path.size() == mount.size() || path[mount.size()] == '/');
      if (below) {
        throw Error(ErrorKind::build,
                    fmt::format("what is mounted at {} could not be read: {}", mount, problem));
      }
    }
    return root_;
  }

  const ReadRoot& root_;
  std::vector<std::pair<std::string, std::string>> unread_;
};

FileFormat format_of(ContainerFormat format) {
  switch (format) {
    case ContainerFormat::raw:
      return FileFormat::raw;
    case ContainerFormat::vhd_fixed:
      return FileFormat::vhd_fixed;
    case ContainerFormat::vhd_dynamic:
      return FileFormat::vhd_dynamic;
    case ContainerFormat::vhdx:
      return FileFormat::vhdx;
    case ContainerFormat::qcow2:
      return FileFormat::qcow2;
  }
  return FileFormat::raw;
}

/// The last 512 bytes of a file; less where it is shorter.
std::string footer_of(const std::filesystem::path& path, Bytes size) {
  constexpr std::uint64_t kFooter = 512;
  const FileDescriptor fd = open_file(path, O_RDONLY);
  std::string bytes(std::min(size.count, kFooter), '\0');
  const auto offset = static_cast<off_t>(size.count - bytes.size());
  const ssize_t n = ::pread(fd.get(), bytes.data(), bytes.size(), offset);
  bytes.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return bytes;
}

ImageFile file_of(const inspect::ContainerFacts& facts, const std::filesystem::path& path) {
  ImageFile file{format_of(facts.format), facts.file_size, facts.virtual_size, {}};
  if (facts.vhd) file.footer = footer_of(path, facts.file_size);
  return file;
}

DiskTable table_of(const inspect::DiskFacts& facts) {
  DiskTable table;
  table.type =
      facts.kind == inspect::TableKind::mbr ? PartitionTableType::mbr : PartitionTableType::gpt;
  table.size = facts.size;
  table.problems = facts.problems;
  if (facts.kind == inspect::TableKind::none) {
    table.problems.emplace_back("the disk has no partition table");
  }
  table.boot_sector = facts.boot_sector;
  for (const inspect::PartitionFacts& partition : facts.partitions) {
    table.partitions.push_back({partition.number, upper(partition.type), partition.guid,
                                partition.name, partition.start, partition.size});
  }
  return table;
}

void add_filesystems(const std::vector<inspect::FilesystemFacts>& found, Subject& subject) {
  for (const inspect::FilesystemFacts& each : found) {
    subject.filesystems.push_back({each.partition, each.type, each.uuid, each.label});
  }
}

/// Whether the machine would find something else at that mount point than the image has there: a
/// filesystem of the OS disk that cannot be seen, such as a logical volume. What need not be there
/// (`nofail`) is of another disk.
bool hides_files(const inspect::FstabMount& mount) {
  const auto has = [&](std::string_view option) {
    return ("," + mount.options + ",").find("," + std::string(option) + ",") != std::string::npos;
  };
  const bool device =
      mount.source.starts_with("/dev/") || mount.source.find('=') != std::string::npos;
  return !mount.filesystem && device && mount.point.starts_with('/') && mount.point.size() > 1 &&
         !has("nofail") && !has("noauto") && !has("bind");
}

/// Where the ESP's files are in the root.
void find_esp(LintSubject& open) {
  Subject& subject = open.subject;
  for (const DiskPartition& partition : subject.disk->partitions) {
    if (!partition.is_esp()) continue;
    for (const inspect::FilesystemFacts& filesystem : open.image->filesystems()) {
      if (filesystem.partition != partition.number) continue;
      if (!filesystem.problem.empty()) {
        subject.esp_problem = "the ESP could not be read: " + filesystem.problem;
      } else if (filesystem.mounted_at.empty()) {
        subject.esp_problem = "fstab does not mount the ESP, so its files were not read";
      } else {
        subject.esp = filesystem.mounted_at.front();
        return;
      }
    }
  }
}

/// A large desktop's has 10 MiB.
constexpr std::uint64_t kLargestStatus = 64 << 20;

void read_packages(Subject& subject) {
  if (const auto installed = installed_packages(*subject.root, subject.packages_problem)) {
    subject.packages.emplace();
    for (const rpm::InstalledPackage& package : *installed) {
      subject.packages->push_back({package.name, package.version, package.release});
    }
    return;
  }
  if (!subject.packages_problem.empty()) return;
  try {
    if (const auto status =
            lint::read_config(*subject.root, "/var/lib/dpkg/status", kLargestStatus)) {
      subject.packages = lint::dpkg_packages(*status);
      return;
    }
  } catch (const Error& error) {
    subject.packages_problem = error.what();
    return;
  }
  subject.packages_problem = "the image has neither an rpm database of SQLite nor dpkg's list";
}

/// What can be known of a disk without a root filesystem.
void open_disk_alone(const std::filesystem::path& path, const Error& problem, Subject& subject) {
  const inspect::DiskImage image = inspect::open_disk_image(path);
  subject.file = file_of(image.facts, path);
  const inspect::DiskFacts facts =
      inspect::read_disk_facts(*image.disk, image.facts.logical_sector);
  subject.disk = table_of(facts);
  add_filesystems(inspect::recognise_filesystems(*image.disk, facts), subject);
  subject.root_problem = problem.what();
}

}  // namespace

std::optional<std::vector<rpm::InstalledPackage>> installed_packages(const ReadRoot& root,
                                                                     std::string& problem) {
  for (const char* path : {"/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite"}) {
    try {
      if (const auto database = root.read(path)) return rpm::read_installed_packages(*database);
    } catch (const Error& error) {
      problem = error.what();
      return std::nullopt;
    }
  }
  return std::nullopt;
}

LintSubject open_lint_subject(const std::filesystem::path& path, Progress& progress) {
  LintSubject open;
  Subject& subject = open.subject;
  subject.name = path.string();
  try {
    open.image = inspect::open_image(path, progress);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::build) throw;
    open_disk_alone(path, error, subject);
    return open;
  }
  if (open.image->container()) {
    subject.file = file_of(*open.image->container(), path);
  } else if (open.image->source() == inspect::ImageRoot::Source::archive) {
    subject.file = ImageFile{FileFormat::archive, Bytes{std::filesystem::file_size(path)}, {}, {}};
  } else {
    subject.file = ImageFile{FileFormat::directory, {}, {}, {}};
  }
  if (open.image->disk()) {
    subject.disk = table_of(*open.image->disk());
    find_esp(open);
  } else {
    subject.disk_problem =
        fmt::format("the image is a {}, not a disk", lint::to_text(subject.file->format));
  }
  std::vector<std::pair<std::string, std::string>> unread;
  add_filesystems(open.image->filesystems(), subject);
  for (const inspect::FilesystemFacts& filesystem : open.image->filesystems()) {
    if (filesystem.problem.empty()) continue;
    for (const std::string& mount : filesystem.mounted_at) {
      unread.emplace_back(mount, filesystem.problem);
    }
  }
  if (open.image->disk()) {
    for (const inspect::FstabMount& mount : open.image->mounts()) {
      if (hides_files(mount)) {
        unread.emplace_back(mount.point, fmt::format("'{}' was not found", mount.source));
      }
    }
  }
  for (const std::string& problem : open.image->problems()) progress.note(problem);
  subject.root = &open.image->root();
  if (!unread.empty()) {
    open.guarded = std::make_unique<GuardedRoot>(*subject.root, std::move(unread));
    subject.root = open.guarded.get();
  }
  read_packages(subject);
  return open;
}

}  // namespace composer
