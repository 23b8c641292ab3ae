#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "composer/inspect/image_root.h"
#include "composer/lint/boot_entries.h"
#include "composer/progress.h"
#include "composer/rpm/installed_packages.h"

namespace composer {

/// A program on the ESP that firmware, or another one, starts.
struct EfiProgram {
  std::string path;  ///< In the image: `/boot/efi/EFI/BOOT/BOOTX64.EFI`.
  std::string kind;  ///< `shim`, `GRUB`, `systemd-boot`, `unified kernel image`, …; may be empty.
  std::string machine;     ///< `x86_64`, `aarch64`; empty for others.
  bool is_signed = false;  ///< Carries signatures; whether they hold is not looked at.
};

struct InstalledKernel {
  std::string version;
  std::string image;  ///< Path of vmlinuz; empty where only its modules are there.
};

/// What `inspect` tells of an image.
struct ImageFacts {
  std::string name;  ///< As it was given.
  inspect::ImageRoot::Source source = inspect::ImageRoot::Source::disk;
  std::optional<inspect::ContainerFacts> container;  ///< Of a disk image.
  Bytes file_size;                                   ///< Of a file.
  Bytes allocated;  ///< What the file takes of its filesystem, holes left out.
  std::optional<inspect::DiskFacts> disk;
  std::vector<inspect::FilesystemFacts> filesystems;
  std::map<std::string, std::string> os_release;
  std::string architecture;  ///< `x86_64`, `aarch64`, `32-bit`, `unknown`; empty without a root.
  bool bios_boot_code = false;
  std::vector<EfiProgram> efi_programs;  ///< By path.
  std::vector<lint::BootEntry> boot_entries;
  std::vector<InstalledKernel> kernels;                        ///< By version.
  std::optional<std::vector<rpm::InstalledPackage>> packages;  ///< By name.
  std::string packages_problem;                                ///< Why there are none.
  std::vector<std::string> problems;                           ///< In words.
};

/// Looks at an image of any format that composer/inspect reads; nothing is started or written. A
/// disk without a root filesystem is told as far as it goes.
/// @throws Error  when it is no image at all.
ImageFacts read_image_facts(const std::filesystem::path& path, Progress& progress);

enum class PackageList { count, all };

/// For people; what an image says of itself is printable text.
std::string describe(const ImageFacts& facts, PackageList packages);
/// For programs: docs/inspecting.md has the keys.
std::string to_json(const ImageFacts& facts);

/// `esp`, `root`, `linux-data` …; the type itself where the blueprint language has no word for it.
std::string partition_type_name(inspect::TableKind table, const std::string& type);

}  // namespace composer
