#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/error.h"
#include "composer/units.h"

// What is asked for: a blueprint as its author wrote it, checked on its own, nothing resolved. Each
// value that a later stage may refuse is Located. docs/blueprint.md describes every key.

namespace composer {

enum class Architecture { x86_64, aarch64 };
enum class PartitionTableType { gpt, mbr };
enum class FilesystemType { ext4, xfs, btrfs, vfat, swap };
enum class Firmware { uefi, bios, both };
enum class Loader { grub };
enum class OutputFormat { raw, vhd_fixed, qcow2 };
enum class Compression { none, zlib, zstd };

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
  Span at;
};

struct PackagesRequest {
  std::vector<Located<std::string>> install;
  std::vector<Located<std::string>> exclude;
  bool weak_dependencies = true;
};

struct FilesystemRequest {
  Located<FilesystemType> type;
  std::optional<Located<std::string>> label;  ///< The filesystem's; default: the partition's.
  std::optional<Located<std::string>> mount;  ///< Absolute path in the image.
  std::vector<Located<std::string>> mount_options;
  std::vector<Located<std::string>> mkfs_options;  ///< Further arguments for mkfs.
};

struct PartitionRequest {
  Located<std::string> label;  ///< GPT partition name, unique in the blueprint.
  Located<PartitionType> type;
  std::optional<Located<Bytes>> size;  ///< Absent: `rest`, at most one partition, the last.
  std::optional<FilesystemRequest> filesystem;
  Span at;
};

struct DiskRequest {
  Located<PartitionTableType> table;
  Located<Bytes> size;
  std::vector<PartitionRequest> partitions;
};

struct BootRequest {
  Located<Firmware> firmware;
  Located<Loader> loader;
  std::vector<Located<std::string>> kernel_arguments;
};

struct UserRequest {
  Located<std::string> name;
  std::optional<Located<std::uint32_t>> uid;
  std::optional<Located<std::string>> group;  ///< Primary group; default: one of its own.
  std::vector<Located<std::string>> groups;
  std::optional<Located<std::string>> shell;
  std::optional<Located<std::string>> home;
  std::optional<Located<std::string>> comment;        ///< GECOS.
  std::optional<Located<std::string>> password_hash;  ///< crypt(5), never plain text.
  std::vector<Located<std::string>> ssh_keys;
};

struct GroupRequest {
  Located<std::string> name;
  std::optional<Located<std::uint32_t>> gid;
};

struct ServicesRequest {
  std::vector<Located<std::string>> enable, disable, mask;
};

struct FileRequest {
  Located<std::string> path;  ///< Absolute, in the image.
  /// Exactly one of these two; `source` counts from the blueprint's folder and stays inside it.
  std::optional<Located<std::string>> content;
  std::optional<Located<std::string>> source;
  std::optional<Located<std::uint32_t>> mode;  ///< Default 0644.
  std::optional<Located<std::string>> owner;   ///< Name in the image; default root.
  std::optional<Located<std::string>> group;
};

struct SystemRequest {
  std::optional<Located<std::string>> hostname;
  std::optional<Located<std::string>> locale;    ///< e.g. C.UTF-8
  std::optional<Located<std::string>> timezone;  ///< e.g. Europe/Berlin
  std::vector<GroupRequest> groups;
  std::vector<UserRequest> users;
  ServicesRequest services;
  std::vector<FileRequest> files;
};

struct OutputRequest {
  Located<OutputFormat> format;
  std::optional<Located<Compression>> compression;  ///< qcow2 only; default zstd.
  std::optional<Located<std::string>> filename;     ///< Default: NAME.EXTENSION.
};

/// What `image-composer boot` expects of the image.
struct BootTestRequest {
  std::string target = "multi-user.target";
  std::uint64_t within_seconds = 300;
  std::vector<Located<std::string>> services;  ///< Units that must be active.
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
  BootRequest boot;
  SystemRequest system;
  std::vector<OutputRequest> outputs;
  BootTestRequest boot_test;
};

/// Reads and checks one blueprint.
///
/// @throws Error  of kind usage, with every problem found, each with its place, and a suggestion
///                where there is one. Nothing but the file itself is read.
Blueprint read_blueprint(const std::filesystem::path& path);

/// The same for a text already in memory; `path` names it and says where its folder is.
Blueprint parse_blueprint(std::string text, const std::filesystem::path& path);

// The words of the blueprint language for these values, e.g. `vhd-fixed`, `bios-boot`.
std::string_view to_text(Architecture value);
std::string_view to_text(PartitionTableType value);
std::string_view to_text(FilesystemType value);
std::string_view to_text(Firmware value);
std::string_view to_text(Loader value);
std::string_view to_text(OutputFormat value);
std::string_view to_text(Compression value);
std::string_view to_text(PartitionType value);

}  // namespace composer
