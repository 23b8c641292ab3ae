#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "composer/error.h"
#include "composer/system_request.h"
#include "composer/units.h"

// What is asked for: a blueprint as its author wrote it, checked on its own, nothing resolved. Each
// value that a later stage may refuse is Located. docs/blueprint.md describes every key.

namespace composer {

enum class Architecture { x86_64, aarch64 };
enum class PartitionTableType { gpt, mbr };
enum class FilesystemType { ext4, xfs, btrfs, vfat, swap };
enum class Firmware { uefi, bios, both };
enum class Loader { grub, systemd_boot, uki };
enum class OutputFormat {
  raw,
  vhd_fixed,
  vhd,
  vhdx,
  qcow2,
  cosi,
  directory,
  tar,
  wsl,
  oci,
  oci_archive,
  cpio,
  kernel,
};
enum class Compression { none, zlib, gzip, zstd, zstd_fast };

/// The sectors that a virtual disk shows to its machine: what the machine addresses it by, and what
/// it says it is made of inside.
enum class SectorSize { native_512, emulated_512, native_4096 };

/// Where the unified kernel image of `loader: uki` comes from: made here from the kernel, the
/// initramfs and the command line, or as a package brings it (kernel-uki-virt), signed and with a
/// command line of its own.
enum class UkiSource { built, packaged };

/// Who collects the files of the initramfs: dracut of the image, or image-composer itself, of the
/// image's systemd.
enum class InitramfsMaker { dracut, systemd };

/// What becomes of the package manager once everything is installed.
/// `database`: rpm and dnf are erased, the rpm database stays so that scanners can read it;
/// `removed`: the database goes too (distroless).
enum class PackageManager { kept, database, removed };

enum class LintProfile {
  azure_gen1,
  azure_gen2,
  trusted_launch,
  confidential,
  hyperv,
  wsl,
  container,
};

/// What a partition is for; each has a GPT type GUID and an MBR type (plan/partition_types.h).
enum class PartitionType { esp, bios_boot, xbootldr, root, home, srv, var, swap, linux_data };

struct RepositoryRequest {
  Located<std::string> id;
  /// At most one of these three is the source; checked by the parser. URLs (file, http, https), or
  /// paths, which count from the blueprint's folder. $basearch, $arch, $releasever are still there.
  std::vector<Located<std::string>> baseurls;
  std::optional<Located<std::string>> mirrorlist;
  std::optional<Located<std::string>> metalink;
  std::vector<Located<std::string>> gpgkeys;  ///< URLs or paths.
  bool package_signatures = true;             ///< Each package must be signed by one of gpgkeys.
  bool metadata_signature = false;            ///< repomd.xml must be signed by one of gpgkeys.
  int priority = 99;                          ///< dnf's: 1 to 99 and above, lower wins.
  int cost = 1000;                            ///< dnf's: lower wins between equal packages.
  bool enabled = true;
  std::vector<Located<std::string>> excludes;  ///< Globs on names or NEVRAs.
  /// Whether the finished image knows this repository too, by a file in /etc/yum.repos.d.
  std::optional<Located<bool>> in_image;
  Span at;
};

struct PackagesRequest {
  std::vector<Located<std::string>> install;
  /// Installed after all others, in a transaction of its own.
  std::vector<Located<std::string>> on_top;
  std::vector<Located<std::string>> exclude;
  /// Of an image that is customised: globs on names or NEVRAs of packages that leave, with what
  /// needs them, and of packages that are brought up to date; `update_all` is all of them.
  std::vector<Located<std::string>> remove, update;
  std::optional<Located<bool>> update_all;
  bool weak_dependencies = true;
  /// Globs on names of packages that only the installation needs (a shell for scriptlets): erased,
  /// whatever needs them, after everything is configured.
  std::vector<Located<std::string>> erase;
  std::optional<Located<PackageManager>> package_manager;  ///< Default: kept.
  std::optional<Located<bool>> documentation;              ///< Default: true.
  /// Locales whose files are kept, as rpm's %_install_langs takes them; absent: all.
  std::optional<std::vector<Located<std::string>>> locales;
};

/// A btrfs subvolume that is mounted by itself.
struct SubvolumeRequest {
  Located<std::string> name;                  ///< Relative path in the filesystem, e.g. `@home`.
  std::optional<Located<std::string>> mount;  ///< Absolute path in the image.
  std::vector<Located<std::string>> mount_options;
};

struct FilesystemRequest {
  Located<FilesystemType> type;
  std::optional<Located<std::string>> label;  ///< The filesystem's; default: the partition's.
  std::optional<Located<std::string>> mount;  ///< Absolute path in the image.
  std::vector<Located<std::string>> mount_options;
  std::vector<Located<std::string>> mkfs_options;  ///< Further arguments for mkfs.
  std::vector<SubvolumeRequest> subvolumes;        ///< btrfs only.
  /// btrfs only: transparent compression, as its mount option has it (`zstd`, `zstd:3`, `lzo`).
  std::optional<Located<std::string>> compression;
};

struct PartitionRequest {
  Located<std::string> label;  ///< GPT partition name, unique in the blueprint.
  Located<PartitionType> type;
  std::optional<Located<Bytes>> size;          ///< Absent: `rest`, at most one partition, the last.
  std::optional<Located<Bytes>> minimum_size;  ///< What `rest` must come to.
  std::optional<Located<bool>> grow;           ///< At first boot, to the end of the disk.
  std::optional<FilesystemRequest> filesystem;
  Span at;
};

/// What is changed of the disk of an image that is customised.
struct BaseRequest {
  std::optional<Located<Bytes>> disk_size;  ///< Default: as it is.
  /// Label or mount point of the partition that takes the new room; the last one.
  std::optional<Located<std::string>> grow;
  std::vector<PartitionRequest> partitions;  ///< Added behind those that are there.
  bool new_uuids = false;                    ///< Of the disk, the partitions and the filesystems.
  Span at;
};

/// Without partitions the blueprint has no disk: its outputs are a root directory or archives.
struct DiskRequest {
  Located<PartitionTableType> table;
  Located<Bytes> size;
  std::vector<PartitionRequest> partitions;
};

struct BootRequest {
  Located<Firmware> firmware;
  Located<Loader> loader;
  std::vector<Located<std::string>> kernel_arguments;
  std::optional<Located<UkiSource>> uki;                  ///< Default: built.
  std::optional<Located<InitramfsMaker>> initramfs;       ///< Default: dracut.
  std::optional<Located<std::uint64_t>> timeout_seconds;  ///< Of the boot menu.
  /// Adds `console=` for the architecture's serial port (ttyS0, ttyAMA0) and GRUB's own.
  std::optional<Located<bool>> serial_console;
};

/// What an OCI image says of the program in it. The keys are OCI's own properties.
struct ContainerRequest {
  std::vector<Located<std::string>> entrypoint, cmd;
  std::vector<PairRequest> env, labels;
  std::optional<Located<std::string>> working_dir, user, stop_signal;
  std::vector<Located<std::string>> exposed_ports;
  std::optional<Located<std::string>> tag;  ///< Default: the blueprint's version.
  Span at;
};

struct OutputRequest {
  Located<OutputFormat> format;
  std::optional<Located<Compression>> compression;  ///< output_format.h says which has what.
  std::optional<Located<std::string>> filename;     ///< Default: NAME.EXTENSION.
  std::optional<Located<SectorSize>> sector_size;   ///< VHDX only; default 512n.
  std::optional<ContainerRequest> container;        ///< OCI only.
};

/// What `image-composer boot` expects of the image.
struct BootTestRequest {
  std::string target = "multi-user.target";
  std::uint64_t within_seconds = 300;
  std::vector<Located<std::string>> services;  ///< Units that must be active.
};

/// A shell script that is run in the booted guest after it provisioned itself.
struct TestScriptRequest {
  Located<std::string> name;
  std::optional<Located<std::string>> content;  ///< Exactly one of these two.
  std::optional<Located<std::string>> source;
};

struct LintIgnoreRequest {
  Located<std::string> rule;
  Located<std::string> reason;
};

/// What the finished image is checked against without booting it.
struct LintRequest {
  std::vector<Located<LintProfile>> profiles;  ///< Empty: not checked.
  std::vector<LintIgnoreRequest> ignore;
};

struct Blueprint {
  std::filesystem::path path;  ///< Of the blueprint file; relative paths count from its folder.
  Located<std::string> name;   ///< [A-Za-z0-9][A-Za-z0-9._-]*, names the outputs.
  Located<std::string> version;
  Located<Architecture> arch;
  std::optional<Located<std::string>> releasever;
  std::optional<Located<std::string>> identity_seed;       ///< Default: name, version and arch.
  std::optional<Located<std::int64_t>> source_date_epoch;  ///< Seconds since 1970.
  std::vector<RepositoryRequest> repositories;
  PackagesRequest packages;
  DiskRequest disk;
  std::optional<BaseRequest> base;  ///< The blueprint changes an image that is there.
  BootRequest boot;
  SystemRequest system;
  std::vector<ScriptRequest> scripts;
  std::vector<OutputRequest> outputs;
  BootTestRequest boot_test;
  std::vector<TestScriptRequest> test_scripts;
  LintRequest lint;

  bool has_disk() const { return !disk.partitions.empty(); }
};

/// What is said about a blueprint beside its text, on the command line.
struct BlueprintOptions {
  /// Names and values, which win over what the files say; each must be a variable of one of them.
  std::vector<std::pair<std::string, std::string>> variables = {};
  std::vector<std::string> profiles = {};  ///< That are on, after those of `select`.
  bool customizes = false;  ///< The blueprint is for a base image, even where it has no `base`.
};

/// Reads and checks one blueprint, with the blueprint that it extends and the parts it includes.
///
/// @throws Error  of kind usage, with every problem found, each with its place, and a suggestion
///                where there is one. Nothing but these files is read.
Blueprint read_blueprint(const std::filesystem::path& path, const BlueprintOptions& options = {});

/// The same for a text already in memory; `path` names it and says where its folder is.
Blueprint parse_blueprint(std::string text, const std::filesystem::path& path,
                          const BlueprintOptions& options = {});

// The words of the blueprint language for these values, e.g. `vhd-fixed`, `bios-boot`.
std::string_view to_text(Architecture value);
std::string_view to_text(PartitionTableType value);
std::string_view to_text(FilesystemType value);
std::string_view to_text(Firmware value);
std::string_view to_text(Loader value);
std::string_view to_text(OutputFormat value);
std::string_view to_text(Compression value);
std::string_view to_text(SectorSize value);
std::string_view to_text(PartitionType value);
std::string_view to_text(UkiSource value);
std::string_view to_text(InitramfsMaker value);
std::string_view to_text(PackageManager value);
std::string_view to_text(LintProfile value);
std::string_view to_text(SelinuxMode value);
std::string_view to_text(ScriptMoment value);
std::string_view to_text(FirewallBackend value);

}  // namespace composer
