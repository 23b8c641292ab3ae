#include "composer/inspect/image_root.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/inspect/archive_tree.h"
#include "composer/inspect/ext_tree.h"
#include "composer/inspect/fat_tree.h"
#include "composer/inspect/fstab.h"
#include "composer/inspect/guest_tree.h"
#include "composer/inspect/image_file.h"
#include "composer/inspect/mounted_root.h"
#include "composer/inspect/signature.h"
#include "composer/tree/host_root.h"

namespace composer::inspect {
namespace {

/// Partition types of the Discoverable Partitions Specification that say where they belong.
struct TypedMount {
  std::string_view type;
  std::string_view point;
};
constexpr std::array kRootTypes{
    std::string_view("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"),   // x86-64
    std::string_view("b921b045-1df0-41c3-af44-4c6f280d3fae"),   // aarch64
    std::string_view("44479540-f297-41b2-9af7-d131d5f0458a")};  // x86
/// Where systemd-gpt-auto-generator(8) mounts what the fstab does not mention, when the directory
/// is there and empty. The boot partition is at /efi, else at /boot.
/// Where neither is, /boot/efi: nothing mounts it there, but what is on it belongs to the image.
constexpr std::array kTypedMounts{TypedMount{"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "/efi"},
                                  TypedMount{"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "/boot"},
                                  TypedMount{"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "/boot/efi"},
                                  TypedMount{"bc13c2ff-59e6-4262-a352-b275fd6f7172", "/boot"},
                                  TypedMount{"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "/home"},
                                  TypedMount{"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "/srv"}};

/// As QEMU calls the formats.
std::string_view qemu_name(ContainerFormat format) {
  switch (format) {
    case ContainerFormat::vhd_dynamic:
      return "vpc";
    case ContainerFormat::vhdx:
      return "vhdx";
    case ContainerFormat::qcow2:
      return "qcow2";
    default:
      return "raw";  // A fixed VHD is a raw disk with a sector more.
  }
}

/// Of an fstab's options those that say which part of a btrfs filesystem is meant.
std::string subvolume_of(std::string_view options) {
  for (std::size_t at = 0; at < options.size();) {
    const std::size_t end = std::min(options.find(',', at), options.size());
    const std::string_view option = options.substr(at, end - at);
    if (option.starts_with("subvol=") || option.starts_with("subvolid=")) {
      return std::string(option);
    }
    at = end + 1;
  }
  return {};
}

bool has_os_release(const ReadRoot& tree, const std::string& top) {
  return tree.exists(top + "/usr/lib/os-release") || tree.exists(top + "/etc/os-release");
}

class OpenImage final : public ImageRoot {
 public:
  OpenImage(std::filesystem::path path, Progress& progress)
      : path_(std::move(path)), progress_(progress) {}

  Source source() const override { return source_; }
  const std::optional<ContainerFacts>& container() const override { return container_; }
  const std::optional<DiskFacts>& disk() const override { return disk_facts_; }
  const std::vector<FilesystemFacts>& filesystems() const override { return filesystems_; }
  const std::vector<FstabMount>& mounts() const override { return mounts_; }
  const std::vector<std::string>& problems() const override { return problems_; }
  const ReadRoot& root() const override { return *root_; }

  void open_directory() {
    source_ = Source::directory;
    root_ = std::make_unique<tree::HostRoot>(path_);
    read_fstab();
  }

  void open_tar() {
    source_ = Source::archive;
    root_ = std::make_unique<MountedRoot>(open_archive(path_));
    read_fstab();
  }

  void open_disk() {
    source_ = Source::disk;
    DiskImage image = open_disk_image(path_);
    container_ = std::move(image.facts);
    disk_ = std::move(image.disk);
    disk_facts_ = read_disk_facts(*disk_, container_->logical_sector);
    find_filesystems();
    const std::size_t root = find_root();
    auto mounted = std::make_unique<MountedRoot>(open_tree(root, root_options_));
    MountedRoot& tree = *mounted;
    root_ = std::move(mounted);
    filesystems_[root].mounted_at.emplace_back("/");
    read_fstab();
    mount_by_fstab(tree, root);
    mount_by_type(tree);
  }

 private:
  void find_filesystems() {
    filesystems_ = recognise_filesystems(*disk_, *disk_facts_);
    for (const FilesystemFacts& facts : filesystems_) {
      if (!facts.needs_recovery) continue;
      problems_.push_back(fmt::format(
          "the journal of {} holds changes that are not in place: what is read may be old",
          name_of(facts)));
    }
  }

  static std::string name_of(const FilesystemFacts& facts) {
    return facts.partition == 0
               ? fmt::format("the {} filesystem", facts.type)
               : fmt::format("the {} filesystem of partition {}", facts.type, facts.partition);
  }

  std::unique_ptr<FileTree> open_tree(std::size_t index, const std::string& options) {
    const FilesystemFacts& facts = filesystems_[index];
    if (!facts.problem.empty()) throw Error(ErrorKind::build, facts.problem);
    auto volume = part_of(*disk_, facts.offset, facts.size);
    if (facts.type == "vfat") return open_fat(std::move(volume));
    if (is_read_directly(facts.type)) return open_ext(std::move(volume));
    if (!is_read_by_guest(facts.type)) {
      throw Error(ErrorKind::build, fmt::format("{} cannot be read", name_of(facts)));
    }
    // One machine for all filesystems of the image: starting it is what takes time.
    if (!session_) {
      session_ = std::make_shared<guest::Session>(path_, std::string(qemu_name(container_->format)),
                                                  progress_);
    }
    return open_in_guest(session_, session_->mount(facts.partition, facts.type, options));
  }

  /// A look into one filesystem alone; nothing when it cannot be opened, which is then said.
  std::unique_ptr<MountedRoot> look_into(std::size_t index) {
    try {
      root_options_.clear();
      auto tree = std::make_unique<MountedRoot>(open_tree(index, {}));
      const auto names = tree->list("/");
      if (filesystems_[index].type != "btrfs" || has_os_release(*tree, "")) return tree;
      // The root may be a subvolume that only the kernel's command line names.
      for (const std::string& name : names) {
        if (!has_os_release(*tree, "/" + name)) continue;
        root_options_ = "subvol=" + name;
        return std::make_unique<MountedRoot>(open_tree(index, root_options_));
      }
      return tree;
    } catch (const Error& error) {
      // Not the image's fault.
      if (error.kind() == ErrorKind::host) throw;
      if (filesystems_[index].problem.empty()) filesystems_[index].problem = error.what();
      return nullptr;
    }
  }

  bool has_root_type(const FilesystemFacts& facts) const {
    const PartitionFacts* partition = partition_of(facts);
    return partition && disk_facts_->kind == TableKind::gpt &&
           std::find(kRootTypes.begin(), kRootTypes.end(), partition->type) != kRootTypes.end();
  }

  const PartitionFacts* partition_of(const FilesystemFacts& facts) const {
    for (const PartitionFacts& partition : disk_facts_->partitions) {
      if (partition.number == facts.partition) return &partition;
    }
    return nullptr;
  }

  bool mounts_itself_at_root(std::size_t index, const ReadRoot& tree) const {
    const auto fstab = tree.read_at("/etc/fstab", 0, kMostFstab);
    if (!fstab) return false;
    for (const FstabMount& mount : parse_fstab(*fstab)) {
      if (mount.point != "/") continue;
      const auto found = find_source(mount.source, filesystems_, disk_facts_->partitions);
      return !found || *found == index;
    }
    return false;
  }

  /// True when this filesystem, by the rule of that step, is the root.
  bool is_root(std::size_t index, int step) {
    if (!is_read_directly(filesystems_[index].type) &&
        !is_read_by_guest(filesystems_[index].type)) {
      return false;
    }
    if (step == 0) return has_root_type(filesystems_[index]) && look_into(index) != nullptr;
    const auto tree = look_into(index);
    if (!tree) return false;
    try {
      return step == 1 ? mounts_itself_at_root(index, *tree) : has_os_release(*tree, "");
    } catch (const Error& error) {
      filesystems_[index].problem = error.what();
      return false;
    }
  }

  std::size_t find_root() {
    for (std::size_t i = 0; i < filesystems_.size(); ++i) {
      if (is_root(i, 0)) return i;
    }
    // What needs libguestfs comes last: another may be the root, and starting it takes long.
    for (const bool by_guest : {false, true}) {
      for (int step = 1; step < 3; ++step) {
        for (std::size_t i = 0; i < filesystems_.size(); ++i) {
          if (is_read_by_guest(filesystems_[i].type) == by_guest && is_root(i, step)) return i;
        }
      }
    }
    Problem problem{
        fmt::format("cannot find a root filesystem in '{}'", path_.string()), {}, {}, {}};
    for (const FilesystemFacts& facts : filesystems_) {
      problem.notes.push_back(facts.problem.empty()
                                  ? fmt::format("{} is not one", name_of(facts))
                                  : fmt::format("{}: {}", name_of(facts), facts.problem));
    }
    if (filesystems_.empty()) {
      problem.notes.emplace_back("it has no filesystem that is known");
    }
    throw Error(ErrorKind::build, std::move(problem));
  }

  void read_fstab() {
    try {
      const auto fstab = root_->read_at("/etc/fstab", 0, kMostFstab);
      if (fstab) mounts_ = parse_fstab(*fstab);
    } catch (const Error& error) {
      problems_.emplace_back(error.what());
    }
    if (!disk_facts_) return;
    for (FstabMount& mount : mounts_) {
      mount.filesystem = find_source(mount.source, filesystems_, disk_facts_->partitions);
    }
  }

  void mount_by_fstab(MountedRoot& tree, std::size_t root) {
    std::vector<const FstabMount*> wanted;
    for (const FstabMount& mount : mounts_) {
      if (!mount.point.starts_with('/') || mount.point == "/") continue;
      if (mount.filesystem && (*mount.filesystem != root || !subvolume_of(mount.options).empty())) {
        wanted.push_back(&mount);
      } else if (!mount.filesystem && mount.source.find('=') != std::string::npos) {
        problems_.push_back(fmt::format("/etc/fstab line {}: nothing on this disk is '{}'",
                                        mount.line, mount.source));
      }
    }
    // A mount point may lie in another filesystem: the shorter path first, as systemd does.
    std::stable_sort(wanted.begin(), wanted.end(), [](const auto* a, const auto* b) {
      return std::count(a->point.begin(), a->point.end(), '/') <
             std::count(b->point.begin(), b->point.end(), '/');
    });
    for (const FstabMount* mount : wanted)
      mount_at(tree, *mount->filesystem, mount->point, subvolume_of(mount->options));
  }

  void mount_at(MountedRoot& tree, std::size_t index, const std::string& point,
                const std::string& options) {
    try {
      tree.mount(point, open_tree(index, options));
      filesystems_[index].mounted_at.push_back(point);
    } catch (const Error& error) {
      problems_.push_back(fmt::format("{}: {}", point, error.what()));
      if (filesystems_[index].problem.empty()) filesystems_[index].problem = error.what();
    }
  }

  void mount_by_type(MountedRoot& tree) {
    for (const TypedMount& typed : kTypedMounts) {
      // An MBR has one such type, and systemd does not look there.
      const std::string_view type = disk_facts_->kind == TableKind::gpt ? typed.type
                                    : typed.point == "/boot/efi"        ? std::string_view("ef")
                                                                        : std::string_view();
      const bool taken = std::any_of(mounts_.begin(), mounts_.end(),
                                     [&](const auto& mount) { return mount.point == typed.point; });
      const std::string point(typed.point);
      if (taken || !tree.exists(point) || !tree.list(point).empty()) continue;
      for (std::size_t i = 0; i < filesystems_.size(); ++i) {
        const PartitionFacts* partition = partition_of(filesystems_[i]);
        if (!partition || partition->type != type || !filesystems_[i].mounted_at.empty()) {
          continue;
        }
        mount_at(tree, i, point, {});
        break;
      }
    }
  }

  static constexpr std::size_t kMostFstab = 1 << 20;

  std::filesystem::path path_;
  Progress& progress_;
  Source source_ = Source::disk;
  std::optional<ContainerFacts> container_;
  std::optional<DiskFacts> disk_facts_;
  std::unique_ptr<BlockSource> disk_;
  std::shared_ptr<guest::Session> session_;
  std::string root_options_;  ///< With which the root that was found last is mounted.
  std::vector<FilesystemFacts> filesystems_;
  std::vector<FstabMount> mounts_;
  std::vector<std::string> problems_;
  std::unique_ptr<ReadRoot> root_;  ///< After `disk_`, which it reads.
};

}  // namespace

std::unique_ptr<ImageRoot> open_image(const std::filesystem::path& path, Progress& progress) {
  auto image = std::make_unique<OpenImage>(path, progress);
  if (std::filesystem::is_directory(path)) {
    image->open_directory();
    return image;
  }
  const ImageFile file(path);
  const std::string head =
      read_text(file, 0, static_cast<std::size_t>(std::min<std::uint64_t>(file.size().count, 512)));
  if (is_archive(head)) {
    image->open_tar();
  } else {
    image->open_disk();
  }
  return image;
}

}  // namespace composer::inspect
