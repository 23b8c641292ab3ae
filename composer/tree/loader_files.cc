#include "composer/tree/loader_files.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/boot_place.h"
#include "composer/tree/esp_paths.h"
#include "composer/tree/grub_installation.h"
#include "composer/tree/kernel_versions.h"
#include "composer/tree/root_files.h"
#include "composer/tree/unified_kernel.h"

namespace composer::tree {
namespace {

constexpr std::string_view kPrograms = "/usr/lib/systemd/boot/efi";
constexpr std::size_t kLongestToken = 64;
/// The largest cluster of a filesystem that mkfs.fat makes without being told.
constexpr std::uint64_t kCluster = 32 << 10;
constexpr int kDeepest = 16;

std::string_view efi_architecture(Architecture arch) {
  return arch == Architecture::aarch64 ? "aa64" : "x64";
}

SystemdProgram systemd_program(const Plan& plan, const Root& root,
                               const std::vector<std::string>& names, std::string_view what) {
  for (const std::string& name : names) {
    const std::string path = fmt::format("{}/{}", kPrograms, name);
    auto content = root.read(path);
    if (!content) continue;
    require_efi_program(*content, path, plan.arch);
    return {path, *std::move(content)};
  }
  throw Error(ErrorKind::usage,
              fmt::format("the image has no {}: '{}/{}'", what, kPrograms, names.back()),
              "add 'systemd-boot-unsigned' to packages.install");
}

/// Folders below /usr that packages of an unsigned shim use, newest version first: Fedora's, then
/// Debian's.
std::vector<std::string> shim_folders(const Root& root, Architecture arch) {
  std::vector<std::string> versions = root.list("/usr/share/shim");
  std::stable_sort(versions.begin(), versions.end(),
                   [](const auto& a, const auto& b) { return compare_versions(a, b) > 0; });
  std::vector<std::string> folders;
  for (const std::string& version : versions) {
    folders.push_back(fmt::format("/usr/share/shim/{}/{}", version, efi_architecture(arch)));
  }
  folders.emplace_back("/usr/lib/shim");
  return folders;
}

bool is_token(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kLongestToken && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), plain);
}

std::uint64_t clusters(std::uint64_t size) {
  return (size + kCluster - 1) / kCluster * kCluster;
}

/// What the files below a folder take, directories too.
std::uint64_t size_below(const Root& root, const std::string& folder, int depth) {
  if (depth > kDeepest) {
    throw Error(ErrorKind::build, fmt::format("'{}' of the image has too many levels", folder));
  }
  std::uint64_t sum = kCluster;
  for (const std::string& name : root.list(folder)) {
    const std::string path = folder + "/" + name;
    const auto status = root.link_status(path);
    if (!status) continue;
    sum += status->kind == FileKind::directory ? size_below(root, path, depth + 1)
                                               : clusters(status->size);
  }
  return sum;
}

}  // namespace

bool starts_by_shim(const Plan& plan) {
  return std::any_of(plan.packages.begin(), plan.packages.end(), [](const PlannedPackage& one) {
    return one.name == "shim" || one.name.starts_with("shim-");
  });
}

ShimFiles shim_files(const Plan& plan, const Root& root) {
  const EfiNames& names = efi_names(plan.arch);
  std::vector<std::string> folders;
  if (const PlannedPartition* esp = mounted_esp(plan)) {
    const std::string& mount = esp->filesystem->mount;
    const std::string top = find_ignoring_case(root, mount, "EFI");
    if (!top.empty()) {
      for (const std::string& vendor : root.list(fmt::format("{}/{}", mount, top))) {
        folders.push_back(fmt::format("{}/{}/{}", mount, top, vendor));
      }
    }
  }
  for (std::string& folder : shim_folders(root, plan.arch)) folders.push_back(std::move(folder));
  for (const std::string& folder : folders) {
    const std::string shim = find_ignoring_case(root, folder, names.shim);
    if (shim.empty()) continue;
    const std::string manager = find_ignoring_case(root, folder, names.mok_manager);
    return {folder + "/" + shim, manager.empty() ? "" : folder + "/" + manager};
  }
  throw Error(ErrorKind::usage,
              fmt::format("a package of shim is installed, and the image has no '{}'", names.shim),
              "leave the package out, so that the firmware starts systemd-boot itself");
}

SystemdProgram systemd_boot_program(const Plan& plan, const Root& root) {
  const std::string name = fmt::format("systemd-boot{}.efi", efi_architecture(plan.arch));
  return systemd_program(plan, root, {name + ".signed", name}, "systemd-boot");
}

SystemdProgram systemd_stub(const Plan& plan, const Root& root) {
  return systemd_program(plan, root, {fmt::format("linux{}.efi.stub", efi_architecture(plan.arch))},
                         "stub for unified kernel images");
}

const PlannedPartition& kernel_partition(const Plan& plan) {
  for (const PlannedPartition& partition : plan.disk.partitions) {
    if (partition.type == PartitionType::xbootldr && partition.filesystem &&
        partition.filesystem->type == FilesystemType::vfat &&
        !partition.filesystem->mount.empty()) {
      return partition;
    }
  }
  if (const PlannedPartition* esp = mounted_esp(plan)) return *esp;
  throw Error(ErrorKind::usage, "systemd-boot has no partition for kernels: no ESP is mounted",
              "mount the partition of type 'esp' at /boot/efi");
}

std::string os_release_value(std::string_view text, std::string_view key) {
  std::string found;
  for (std::string_view line : lines_of(text)) {
    if (!line.starts_with(key) || line.substr(key.size(), 1) != "=") continue;
    line.remove_prefix(key.size() + 1);
    while (line.ends_with(' ') || line.ends_with('\r')) line.remove_suffix(1);
    const bool quoted = line.size() >= 2 && (line.front() == '"' || line.front() == '\'') &&
                        line.front() == line.back();
    found = quoted ? line.substr(1, line.size() - 2) : line;
  }
  return found;
}

std::string entry_token(const Plan& plan, const Root& root) {
  constexpr std::string_view kFile = "/etc/kernel/entry-token";
  if (const auto text = root.read(kFile)) {
    const std::string token = text->substr(0, text->find('\n'));
    if (is_token(token)) return token;
    throw Error(ErrorKind::usage,
                fmt::format("the entry token in '{}' cannot be part of a file name", kFile),
                "write letters, digits, '.', '_' and '-', at most 64");
  }
  const std::string id = os_release_value(root.read("/etc/os-release").value_or(""), "ID");
  return is_token(id) ? id : plan.name.substr(0, kLongestToken);
}

void remove_random_seed(const Plan& plan, Root& root) {
  if (const PlannedPartition* esp = mounted_esp(plan)) {
    root.remove(path_on_esp(root, esp->filesystem->mount, "loader/random-seed"));
  }
}

void check_room(const Root& root, const PlannedPartition& partition,
                const std::vector<std::uint64_t>& sizes) {
  const std::string& mount = partition.filesystem->mount;
  // The tables of a FAT filesystem take less than this.
  const std::uint64_t capacity = partition.size.count - partition.size.count / 64;
  std::uint64_t wanted = 0;
  for (const std::uint64_t size : sizes) wanted += clusters(size);
  const std::uint64_t used = size_below(root, mount, 0);
  if (used + wanted <= capacity) return;
  constexpr std::uint64_t kMiB = 1 << 20;
  throw Error(
      ErrorKind::usage,
      fmt::format("the kernels need {} on '{}', where {} of {} is left", to_text(Bytes{wanted}),
                  mount, to_text(Bytes{capacity > used ? capacity - used : 0}),
                  to_text(partition.size)),
      fmt::format("give partition '{}' {} MiB or more", partition.label,
                  (used + wanted + wanted / 16 + kMiB * 4) / kMiB));
}

}  // namespace composer::tree
