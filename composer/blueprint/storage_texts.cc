#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "composer/blueprint/characters.h"
#include "composer/blueprint/scalars.h"

// Labels and arguments: texts that end in partition tables, /etc/fstab and on command lines.

namespace composer::blueprint {
namespace {

/// How many UTF-16 units a UTF-8 text takes: two for characters past U+FFFF, one for others.
std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

std::optional<Refusal> check_label(std::string_view text, std::string_view noun) {
  if (text.empty()) return Refusal{fmt::format("an empty {}", noun), "give it a text"};
  const bool lines = text.find_first_of("\n\t") != std::string_view::npos;
  if (lines || text.front() == ' ' || text.back() == ' ') {
    return Refusal{fmt::format("{} '{}' begins or ends with a space, or holds a tab or line break",
                               noun, text),
                   "write it on one line, without spaces around it"};
  }
  return std::nullopt;
}

// UEFI specification 2.10, table 5.6: a partition name is 36 UTF-16 units.
std::optional<Refusal> check_partition_label(std::string_view text) {
  constexpr std::size_t kMost = 36;
  if (auto refusal = check_label(text, "partition label")) return refusal;
  if (text.find('/') != std::string_view::npos) {
    return Refusal{fmt::format("a '/' in partition label '{}', which names a link in "
                               "/dev/disk/by-partlabel",
                               text),
                   "use letters, digits, '.', '_' and '-'"};
  }
  const std::size_t units = utf16_units(text);
  if (units <= kMost) return std::nullopt;
  return Refusal{fmt::format("partition label '{}' is {} UTF-16 units long", text, units),
                 fmt::format("a GPT has room for {}", kMost)};
}

std::optional<Refusal> check_grown_partition(std::string_view text) {
  return text.starts_with('/') ? check_label(text, "mount point") : check_partition_label(text);
}

std::optional<Refusal> check_filesystem_label(std::string_view text) {
  return check_label(text, "filesystem label");
}

// fstab(5): options are parted by commas and end at a space.
std::optional<Refusal> check_mount_option(std::string_view text) {
  if (text.empty()) return Refusal{"an empty mount option", "remove it"};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      return Refusal{fmt::format("a comma in mount option '{}'", text),
                     "give each option an entry of its own"};
    }
    if (!is_visible(c) || c == '\\' || c == '#') {
      return Refusal{fmt::format("a space, '#' or backslash in mount option '{}', which /etc/fstab "
                                 "gives a meaning",
                                 text),
                     "write it as 'name' or 'name=value'"};
    }
  }
  if (quoted) return Refusal{fmt::format("a quote in '{}' is never closed", text), "close it"};
  return std::nullopt;
}

std::optional<Refusal> check_mkfs_option(std::string_view text) {
  if (text.empty()) return Refusal{"an empty mkfs option", "remove it"};
  if (std::all_of(text.begin(), text.end(), [](char c) { return is_visible(c) && is_ascii(c); })) {
    return std::nullopt;
  }
  return Refusal{fmt::format("a space in mkfs option '{}'", text),
                 "give each argument an entry of its own: [\"-O\", \"^64bit\"]"};
}

// It ends in `subvol=` of /etc/fstab and of the kernel's command line, which part options by commas
// and spaces.
std::optional<Refusal> check_subvolume_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("@._-/").find(c) != std::string_view::npos;
  };
  if (text.empty() || !std::all_of(text.begin(), text.end(), allowed)) {
    return Refusal{fmt::format("'{}' is not a name of a subvolume", text),
                   "use letters, digits, '@', '.', '_', '-', and '/' between directories"};
  }
  for (std::string_view rest = text;;) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    if (part.empty() || part == "." || part == "..") {
      return Refusal{
          fmt::format("subvolume '{}' is not a path in its shortest form from the top of "
                      "the filesystem",
                      text),
          "write it without '.', '..', and '/' at its ends, such as '@home'"};
    }
    if (part.size() > 255) {  // BTRFS_NAME_LEN
      return Refusal{fmt::format("a part of subvolume '{}' is {} bytes long", text, part.size()),
                     "btrfs has room for 255"};
    }
    if (part.size() == rest.size()) return std::nullopt;
    rest.remove_prefix(part.size() + 1);
  }
}

// btrfs(5), "compress": levels of zlib 1 to 9, of zstd 1 to 15, none of lzo.
std::optional<Refusal> check_btrfs_compression(std::string_view text) {
  const std::string_view algorithm = text.substr(0, text.find(':'));
  const int most = algorithm == "zstd" ? 15 : algorithm == "zlib" ? 9 : 0;
  const std::string hint = "one of 'zstd', 'zlib' or 'lzo', or with a level: 'zstd:3'";
  if (most == 0 && algorithm != "lzo") {
    return Refusal{fmt::format("unknown compression '{}' of btrfs", text), hint};
  }
  if (algorithm.size() == text.size()) return std::nullopt;
  const std::string_view digits = text.substr(algorithm.size() + 1);
  int level = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), level);
  if (error == std::errc() && end == digits.data() + digits.size() && digits.front() != '0' &&
      level >= 1 && level <= most) {
    return std::nullopt;
  }
  return Refusal{
      fmt::format("'{}' is not a level of {}", digits, algorithm),
      most == 0 ? std::string("write 'lzo', which has no levels") : fmt::format("1 to {}", most)};
}

/// Arguments that the composer writes itself, or that would undo what it wrote.
constexpr std::pair<std::string_view, std::string_view> kOwnArguments[] = {
    {"root", "the composer writes it, from the filesystem that is mounted on '/'"},
    {"initrd", "the boot loader's configuration names the initramfs"},
    {"BOOT_IMAGE", "the boot loader writes it"},
};

std::optional<Refusal> check_kernel_argument(std::string_view text) {
  if (text.empty()) return Refusal{"an empty kernel argument", "remove it"};
  if (std::any_of(text.begin(), text.end(), is_space)) {
    return Refusal{fmt::format("a space in kernel argument '{}'", text),
                   "give each argument an entry of its own"};
  }
  // The command line passes through GRUB's configuration, which is a shell script of its own kind
  // (GRUB manual, "Quoting").
  constexpr std::string_view kSpecial = "\"'\\$`;&|<>{}#";
  const auto bad = std::find_if(text.begin(), text.end(), [&](char c) {
    return !is_visible(c) || !is_ascii(c) || kSpecial.find(c) != std::string_view::npos;
  });
  if (bad != text.end()) {
    return Refusal{is_ascii(*bad)
                       ? fmt::format("'{}' in kernel argument '{}', to which GRUB gives a "
                                     "meaning",
                                     *bad, text)
                       : fmt::format("kernel argument '{}' is not plain ASCII", text),
                   "set it at run time, by sysctl.d or modprobe.d"};
  }
  const std::string_view name = text.substr(0, text.find('='));
  for (const auto& [own, why] : kOwnArguments) {
    if (name == own) {
      return Refusal{fmt::format("kernel argument '{}': {}", text, why), "remove it"};
    }
  }
  return std::nullopt;
}

}  // namespace

constinit const Scalar<std::string> kPartitionLabel = {
    {"a label", "At most 36 UTF-16 units, without `/`."}, checked_text<check_partition_label>};
constinit const Scalar<std::string> kGrownPartition = {
    {"a label, or where it is mounted", "A text that begins with `/` is a mount point."},
    checked_text<check_grown_partition>};
constinit const Scalar<std::string> kFilesystemLabel = {
    {"a label", "At most 16 bytes on ext4, 12 on xfs, 11 on vfat, 15 on swap, 255 on btrfs."},
    checked_text<check_filesystem_label>};
constinit const Scalar<std::string> kMountOption = {{"a mount option", "One option per entry."},
                                                    checked_text<check_mount_option>};
constinit const Scalar<std::string> kMkfsOption = {
    {"an argument of mkfs",
     "One argument per entry, of those that say how the filesystem is made."},
    checked_text<check_mkfs_option>};
constinit const Scalar<std::string> kSubvolumeName = {
    {"a path in the filesystem",
     "Letters, digits, `@._-`, and `/` between directories; relative, in its shortest form."},
    checked_text<check_subvolume_name>};
constinit const Scalar<std::string> kBtrfsCompression = {
    {"a compression", "`zstd`, `zlib` or `lzo`, also with a level: `zstd:1` to `zstd:15`."},
    checked_text<check_btrfs_compression>};
constinit const Scalar<std::string> kKernelArgument = {
    {"a kernel argument",
     "Plain ASCII without spaces, quotes and ``$`;&|<>{}#\\``; one argument per entry; not "
     "`root=`."},
    checked_text<check_kernel_argument>};

}  // namespace composer::blueprint
