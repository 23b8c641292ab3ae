#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"
#include "composer/plan_system.h"
#include "composer/units.h"

// What will be done, to the byte: everything is decided. After planning nothing reads the
// blueprint, the clock, the environment or a random source. A Plan is plain data, and its JSON text
// (plan/plan_json.h) is what `plan --json` prints and what plan.lock holds.

namespace composer {

/// An OpenPGP public key that signatures are checked against.
struct PlannedKey {
  std::string fingerprint;  ///< Upper-case hexadecimal.
  std::string source;       ///< URL or path that it was read from.
  std::string armor;        ///< The key itself, ASCII-armoured.
};

struct PlannedRepository {
  std::string id;
  std::vector<std::string> baseurls;  ///< Absolute URLs, variables expanded, no trailing slash.
  std::string repomd_sha256;          ///< Of the repomd.xml that the plan was made from.
  std::vector<PlannedKey> keys;
  bool package_signatures = true;
  bool in_image = false;  ///< The image gets a file for it in /etc/yum.repos.d.
};

/// How packages are installed, and what is taken away again.
struct PlannedInstallation {
  bool documentation = true;                        ///< False: files marked as such are left out.
  std::optional<std::vector<std::string>> locales;  ///< Those that are kept; absent: all.
  std::vector<std::string> erase;  ///< Names, sorted, erased after everything is configured.
  PackageManager package_manager = PackageManager::kept;
};

/// Why a package is in the image; `base`: the base image has it already, and it is not fetched.
enum class PackageReason { asked, dependency, weak, base };

struct PlannedPackage {
  std::string name;
  std::uint32_t epoch = 0;
  std::string version, release, arch;
  std::string repository;     ///< Id of a PlannedRepository.
  std::string location;       ///< Path below the repository's base URL.
  std::string checksum_type;  ///< sha256, sha384 or sha512; a weaker one is refused. Of packages
                              ///< of the base image it is not known, nor what comes from metadata.
  std::string checksum;       ///< Lower-case hexadecimal, of the whole .rpm file.
  std::string signing_key;    ///< Fingerprint of the key that must have signed it; empty: any of
                              ///< the repository's.
  Bytes size;                 ///< Of the .rpm file.
  Bytes installed_size;       ///< As the metadata says; a hint, never trusted as a bound.
  std::int64_t build_time = 0;  ///< Seconds since 1970.
  std::string license, source_rpm, vendor, summary;
  PackageReason reason = PackageReason::dependency;
  bool on_top = false;  ///< Installed after those that are not, in a transaction of its own.

  /// `name-version-release.arch`, with `epoch:` before the version where it is not zero.
  std::string nevra() const;
};

struct PlannedSubvolume {
  std::string name;   ///< Relative path in the filesystem.
  std::string mount;  ///< Absolute; empty where it is not mounted.
  std::vector<std::string> mount_options;
};

struct PlannedFilesystem {
  FilesystemType type = FilesystemType::ext4;
  std::string label;
  std::string uuid;                        ///< As blkid prints it: a UUID, or XXXX-XXXX for vfat.
  std::string mount;                       ///< Absolute; empty where it is not mounted (swap).
  std::vector<std::string> mount_options;  ///< Empty means `defaults`.
  std::vector<std::string> mkfs_options;
  std::vector<PlannedSubvolume> subvolumes;  ///< By mount point; btrfs only.
  std::string compression;                   ///< btrfs's mount option; empty for none.
};

/// What a partition of the base image was before it is customised.
struct PlannedOrigin {
  Bytes size;
  std::string uuid;             ///< As PlannedPartition::uuid.
  std::string filesystem_uuid;  ///< Empty where it has no filesystem that is known.
};

struct PlannedPartition {
  int number = 0;  ///< From 1.
  std::string label;
  PartitionType type = PartitionType::linux_data;
  std::string type_id;  ///< GPT: type GUID, upper case; MBR: two hexadecimal digits.
  std::string uuid;     ///< GPT: partition GUID, lower case; MBR: DISKID-NN.
  Bytes start, size;    ///< Multiples of 1 MiB.
  bool grow = false;    ///< At first boot, to the end of the disk.
  std::optional<PlannedFilesystem> filesystem;
  std::optional<PlannedOrigin> base;  ///< Absent: the partition is made.
};

/// Without partitions there is no disk: the outputs are made of a root directory.
struct PlannedDisk {
  PartitionTableType table = PartitionTableType::gpt;
  std::string id;  ///< GPT: disk GUID, lower case; MBR: 0x and eight hexadecimal digits.
  Bytes size;      ///< A multiple of 1 MiB.
  std::vector<PlannedPartition> partitions;  ///< By start.

  /// The partition mounted at `path`, or null.
  const PlannedPartition* mounted_at(std::string_view path) const;
};

/// The image that is customised; a Plan without one makes an image of packages alone.
struct PlannedBase {
  std::string image;                ///< Its file name.
  Bytes disk_size;                  ///< Of the disk in it.
  std::string disk_id;              ///< As PlannedDisk::id.
  std::string rpm_database;         ///< Its folder in the image.
  std::vector<std::string> remove;  ///< NEVRAs that leave, also for a newer one; sorted.
  bool boot = false;  ///< The kernels' files, initramfs, menu and entries are written anew.
};

struct PlannedBoot {
  Firmware firmware = Firmware::uefi;
  Loader loader = Loader::grub;
  std::string
      kernel_command_line;    ///< Without root=, which is `root=UUID=…` of the root filesystem.
  std::string root_argument;  ///< `root=UUID=…`
  UkiSource uki = UkiSource::built;
  InitramfsMaker initramfs = InitramfsMaker::dracut;
  std::uint64_t timeout_seconds = 1;  ///< Of the boot menu.
  bool serial_console = true;         ///< Whether the loader's menu is on the serial port too.
};

/// What an OCI image says of the program in it.
struct PlannedContainer {
  std::vector<std::string> entrypoint, cmd;
  std::vector<PlannedPair> env, labels;
  std::string working_dir, user, stop_signal;
  std::vector<std::string> exposed_ports;
  std::string tag;
};

struct PlannedOutput {
  OutputFormat format = OutputFormat::raw;
  Compression compression = Compression::none;
  std::string filename;
  SectorSize sector_size = SectorSize::native_512;  ///< VHDX only.
  std::optional<PlannedContainer> container;        ///< OCI only.
};

struct PlannedTestScript {
  std::string name;
  std::string content;
};

struct PlannedLintIgnore {
  std::string rule, reason;
};

struct PlannedLint {
  std::vector<LintProfile> profiles;
  std::vector<PlannedLintIgnore> ignore;
};

struct PlannedBootTest {
  std::string target;
  std::uint64_t within_seconds = 300;
  std::vector<std::string> services;
};

struct Plan {
  int format = 1;  ///< Version of this structure's JSON form.
  std::string tool_version;
  std::string name, version;
  Architecture arch = Architecture::x86_64;
  std::string identity_seed;
  std::int64_t source_date_epoch = 0;
  std::vector<PlannedRepository> repositories;  ///< By id.
  std::vector<PlannedPackage> packages;         ///< By name, arch, epoch, version, release.
  PlannedDisk disk;
  PlannedBoot boot;
  PlannedInstallation installation;
  PlannedSystem system;
  std::vector<PlannedScript> scripts;  ///< In the order in which they run.
  std::vector<PlannedOutput> outputs;
  PlannedBootTest boot_test;
  std::vector<PlannedTestScript> test_scripts;
  PlannedLint lint;
  std::optional<PlannedBase> base;

  bool has_disk() const { return !disk.partitions.empty(); }
  /// Whether the kernels' files, initramfs, menu and entries are written.
  bool writes_boot() const { return has_disk() && (!base || base->boot); }
};

}  // namespace composer
