#include "composer/blueprint/words.h"

#include <algorithm>
#include <fmt/format.h>

namespace composer::blueprint {
namespace {

// Each table is in the order of its enumeration.

constexpr WordDescription kArchitectures[] = {
    {"x86_64", "64-bit PCs; Azure's default"},
    {"aarch64", "64-bit Arm"},
};
static_assert(std::size(kArchitectures) == static_cast<int>(Architecture::aarch64) + 1);

constexpr WordDescription kPartitionTables[] = {
    {"gpt", "GUID partition table"},
    {"mbr", "the older DOS partition table: at most four partitions, BIOS only"},
};
static_assert(std::size(kPartitionTables) == static_cast<int>(PartitionTableType::mbr) + 1);

constexpr WordDescription kFilesystems[] = {
    {"ext4", "the default choice for a root filesystem"},
    {"xfs", "for large filesystems"},
    {"btrfs", "copy on write, with checksums"},
    {"vfat", "what firmware can read: for an ESP"},
    {"swap", "swap space"},
};
static_assert(std::size(kFilesystems) == static_cast<int>(FilesystemType::swap) + 1);

constexpr WordDescription kFirmwares[] = {
    {"uefi", "Hyper-V generation 2"},
    {"bios", "Hyper-V generation 1"},
    {"both", "one image that boots on either"},
};
static_assert(std::size(kFirmwares) == static_cast<int>(Firmware::both) + 1);

constexpr WordDescription kLoaders[] = {
    {"grub", "GRUB 2"},
    {"systemd-boot", "systemd-boot, with the kernels on the ESP"},
    {"uki", "systemd-boot, with unified kernel images on the ESP; UEFI only"},
};
static_assert(std::size(kLoaders) == static_cast<int>(Loader::uki) + 1);

constexpr WordDescription kUkiSources[] = {
    {"built", "made of the image's kernel, initramfs and command line"},
    {"packaged", "as the package kernel-uki-virt brings it, with a command line of its own"},
};
static_assert(std::size(kUkiSources) == static_cast<int>(UkiSource::packaged) + 1);

constexpr WordDescription kInitramfsMakers[] = {
    {"dracut", "dracut of the image, with all that it can start from"},
    {"systemd",
     "image-composer, of the image's systemd and the drivers of Hyper-V, Azure and QEMU, without "
     "dracut"},
};
static_assert(std::size(kInitramfsMakers) == static_cast<int>(InitramfsMaker::systemd) + 1);

constexpr WordDescription kPackageManagers[] = {
    {"kept", "rpm and dnf stay as they were installed"},
    {"database", "rpm and dnf are erased, and the rpm database stays for scanners to read"},
    {"removed", "the rpm database is removed too, as in distroless containers"},
};
static_assert(std::size(kPackageManagers) == static_cast<int>(PackageManager::removed) + 1);

constexpr WordDescription kLintProfiles[] = {
    {"azure-gen1", "an Azure VM of generation 1"},
    {"azure-gen2", "an Azure VM of generation 2"},
    {"trusted-launch", "an Azure VM with Secure Boot and a vTPM"},
    {"confidential", "a confidential VM on Azure"},
    {"hyperv", "a Hyper-V machine that is not Azure's"},
    {"wsl", "a distribution of WSL"},
    {"container", "a container"},
};
static_assert(std::size(kLintProfiles) == static_cast<int>(LintProfile::container) + 1);

constexpr WordDescription kSelinuxModes[] = {
    {"enforcing", "the policy is enforced"},
    {"permissive", "what the policy would refuse is logged"},
    {"disabled", "no policy is loaded, and files have no labels"},
};
static_assert(std::size(kSelinuxModes) == static_cast<int>(SelinuxMode::disabled) + 1);

constexpr WordDescription kScriptMoments[] = {
    {"before-configuration", "right after the packages are installed"},
    {"after-configuration", "when all else is configured, before the initramfs is made"},
};
static_assert(std::size(kScriptMoments) == static_cast<int>(ScriptMoment::after_configuration) + 1);

constexpr WordDescription kFirewallBackends[] = {
    {"firewalld", "a zone file of firewalld"},
    {"nftables", "a ruleset of nftables.service"},
};
static_assert(std::size(kFirewallBackends) == static_cast<int>(FirewallBackend::nftables) + 1);

constexpr WordDescription kOutputFormats[] = {
    {"raw", "the disk as it is, sparse; compressed, in frames that can be read one by one"},
    {"vhd-fixed", "fixed VHD, the one format that Azure takes"},
    {"vhd", "dynamic VHD, for Hyper-V before 2012 and others; Azure refuses it"},
    {"vhdx", "dynamic VHDX, Hyper-V's own format"},
    {"qcow2", "QEMU's format, compressed"},
    {"cosi", "Microsoft's composable OS image, for Trident"},
    {"directory", "the root filesystem as a directory"},
    {"tar", "the root filesystem as an uncompressed tar archive"},
    {"wsl", "a distribution of WSL"},
    {"oci", "an OCI image as a layout directory"},
    {"oci-archive", "an OCI image as a layout in a tar archive"},
    {"cpio", "the root filesystem as an initramfs, to be started by PXE with a `kernel`"},
    {"kernel", "the newest kernel of the root filesystem"},
};
static_assert(std::size(kOutputFormats) == static_cast<int>(OutputFormat::kernel) + 1);

constexpr WordDescription kCompressions[] = {
    {"none", "as it is"},
    {"zlib", "read by every QEMU"},
    {"gzip", "read by everybody"},
    {"zstd", "smaller and faster; a qcow2 of it needs QEMU 5.1 or later"},
    {"zstd-fast", "zstd in three quarters of the time, about 1.5 % larger"},
};
static_assert(std::size(kCompressions) == static_cast<int>(Compression::zstd_fast) + 1);

constexpr WordDescription kSectorSizes[] = {
    {"512n", "512 bytes"},
    {"512e", "4096 bytes inside, addressed by 512: what Hyper-V makes by itself"},
    {"4kn", "4096 bytes; refused as long as disks are laid out in sectors of 512 bytes"},
};
static_assert(std::size(kSectorSizes) == static_cast<int>(SectorSize::native_4096) + 1);

constexpr WordDescription kPartitionTypes[] = {
    {"esp", "EFI system partition: vfat, mounted at /boot/efi"},
    {"bios-boot",
     "GRUB's core image on a GPT disk that boots by BIOS; no filesystem; 1 MiB is enough"},
    {"xbootldr", "kernels, mounted at /boot"},
    {"root", "the root filesystem, mounted at /"},
    {"home", "mounted at /home"},
    {"srv", "mounted at /srv"},
    {"var", "mounted at /var"},
    {"swap", "swap space"},
    {"linux-data", "anything else"},
};
static_assert(std::size(kPartitionTypes) == static_cast<int>(PartitionType::linux_data) + 1);

/// A word of another tool: which of ours it means, or why there is none.
struct ForeignWord {
  std::string_view word;
  std::string_view ours;  ///< Empty where there is none.
  std::string_view why = {};
};

constexpr std::string_view kNotYet = "not supported yet";
constexpr std::string_view kNoLvm =
    "not supported yet: a partition grows to the end of the disk without it";
constexpr std::string_view kNoLuks =
    "not supported yet: a key that is in an image is no secret, and Azure encrypts disks when a "
    "machine is made";

constexpr ForeignWord kForeignArchitectures[] = {
    {"amd64", "x86_64"}, {"x64", "x86_64"}, {"x86-64", "x86_64"}, {"arm64", "aarch64"}};
constexpr ForeignWord kForeignTables[] = {{"dos", "mbr"}, {"msdos", "mbr"}};
constexpr ForeignWord kForeignFilesystems[] = {{"fat32", "vfat"},      {"fat", "vfat"},
                                               {"fat16", "vfat"},      {"ext3", "ext4"},
                                               {"ext2", "ext4"},       {"linux-swap", "swap"},
                                               {"lvm", "", kNoLvm},    {"lvm2", "", kNoLvm},
                                               {"luks", "", kNoLuks},  {"crypto_LUKS", "", kNoLuks},
                                               {"erofs", "", kNotYet}, {"squashfs", "", kNotYet}};
constexpr ForeignWord kForeignFirmwares[] = {
    {"efi", "uefi"}, {"gen2", "uefi"}, {"gen1", "bios"}, {"legacy", "bios"}, {"hybrid", "both"}};
constexpr ForeignWord kForeignLoaders[] = {{"grub2", "grub"}, {"sd-boot", "systemd-boot"}};
constexpr ForeignWord kForeignInitramfsMakers[] = {{"mkosi-initrd", "systemd"}};
constexpr ForeignWord kForeignUkiSources[] = {{"build", "built"}, {"package", "packaged"}};
constexpr ForeignWord kForeignPackageManagers[] = {{"keep", "kept"}, {"remove", "removed"}};
constexpr ForeignWord kForeignProfiles[] = {
    {"gen1", "azure-gen1"}, {"gen2", "azure-gen2"}, {"cvm", "confidential"}, {"oci", "container"}};
constexpr ForeignWord kForeignModes[] = {{"disable", "disabled"}};
constexpr ForeignWord kForeignMoments[] = {{"before", "before-configuration"},
                                           {"after", "after-configuration"}};
constexpr ForeignWord kForeignBackends[] = {{"firewall-cmd", "firewalld"}, {"nft", "nftables"}};
constexpr ForeignWord kForeignFormats[] = {
    {"vpc", "vhd-fixed"},      {"img", "raw"},          {"vhd-dynamic", "vhd"},
    {"dir", "directory"},      {"rootfs", "directory"}, {"tarball", "tar"},
    {"docker", "oci-archive"}, {"initramfs", "cpio"},   {"pxe", "cpio"}};
constexpr ForeignWord kForeignCompressions[] = {
    {"gz", "gzip"}, {"zst", "zstd"}, {"xz", "", "not something that an output has"}};
constexpr ForeignWord kForeignSectors[] = {{"512", "512n"}, {"4096", "4kn"}, {"4k", "4kn"}};
constexpr ForeignWord kForeignTypes[] = {
    {"efi", "esp"},          {"bios", "bios-boot"},  {"bios_grub", "bios-boot"},
    {"linux", "linux-data"}, {"boot", "xbootldr"},   {"data", "linux-data"},
    {"lvm", "", kNoLvm},     {"luks", "", kNoLuks},  {"raid", "", kNotYet},
    {"usr", "", kNotYet},    {"verity", "", kNotYet}};

std::string all_of(std::span<const WordDescription> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view between = i == 0 ? "" : i + 1 == words.size() ? " or " : ", ";
    out += fmt::format("{}'{}'", between, words[i].word);
  }
  return out;
}

std::optional<std::size_t> read_any_word(std::string_view text, std::string_view name,
                                         std::span<const WordDescription> words,
                                         std::span<const ForeignWord> foreign, Refusal& refusal) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].word == text) return i;
  }
  name.remove_prefix(name.find(' ') + 1);
  refusal.hint = words.size() == 1 ? fmt::format("the only one so far is {}", all_of(words))
                                   : fmt::format("one of {}", all_of(words));
  for (const ForeignWord& other : foreign) {
    if (other.word != text) continue;
    if (other.ours.empty()) {
      refusal.message = fmt::format("{} '{}' is {}", name, text, other.why);
      return std::nullopt;
    }
    refusal.hint = fmt::format("did you mean '{}'?", other.ours);
  }
  refusal.message = fmt::format("unknown {} '{}'", name, text);
  std::vector<std::string> candidates;
  for (const WordDescription& word : words) candidates.emplace_back(word.word);
  if (const auto near = nearest(text, candidates)) {
    refusal.hint = fmt::format("did you mean '{}'?", *near);
  }
  return std::nullopt;
}

template <typename T, const Scalar<T>& type, const auto& foreign>
std::optional<Refusal> read_word(const Node& node, T& value) {
  Refusal refusal;
  const auto index = read_any_word(node.text, type.name, type.words, foreign, refusal);
  if (!index) return refusal;
  value = static_cast<T>(*index);
  return std::nullopt;
}

template <typename T, const Scalar<T>& type, const auto& foreign>
constexpr Scalar<T> words_of(std::string_view name, std::span<const WordDescription> words) {
  return {{name, {}, Shape::word, words}, read_word<T, type, foreign>};
}

template <typename T>
std::string_view word_for(const Scalar<T>& type, T value) {
  return type.words[static_cast<std::size_t>(value)].word;
}

}  // namespace

constinit const Scalar<Architecture> kArchitecture =
    words_of<Architecture, kArchitecture, kForeignArchitectures>("an architecture", kArchitectures);
constinit const Scalar<PartitionTableType> kPartitionTable =
    words_of<PartitionTableType, kPartitionTable, kForeignTables>("a partition table",
                                                                  kPartitionTables);
constinit const Scalar<FilesystemType> kFilesystem =
    words_of<FilesystemType, kFilesystem, kForeignFilesystems>("a filesystem", kFilesystems);
constinit const Scalar<Firmware> kFirmware =
    words_of<Firmware, kFirmware, kForeignFirmwares>("a firmware", kFirmwares);
constinit const Scalar<Loader> kLoader =
    words_of<Loader, kLoader, kForeignLoaders>("a boot loader", kLoaders);
constinit const Scalar<OutputFormat> kOutputFormat =
    words_of<OutputFormat, kOutputFormat, kForeignFormats>("an output format", kOutputFormats);
constinit const Scalar<Compression> kCompression =
    words_of<Compression, kCompression, kForeignCompressions>("a compression", kCompressions);
constinit const Scalar<SectorSize> kSectorSize =
    words_of<SectorSize, kSectorSize, kForeignSectors>("a sector size", kSectorSizes);
constinit const Scalar<PartitionType> kPartitionType =
    words_of<PartitionType, kPartitionType, kForeignTypes>("a partition type", kPartitionTypes);
constinit const Scalar<UkiSource> kUkiSource =
    words_of<UkiSource, kUkiSource, kForeignUkiSources>("a source of UKIs", kUkiSources);
constinit const Scalar<InitramfsMaker> kInitramfsMaker =
    words_of<InitramfsMaker, kInitramfsMaker, kForeignInitramfsMakers>("a maker of the initramfs",
                                                                       kInitramfsMakers);
constinit const Scalar<PackageManager> kPackageManager =
    words_of<PackageManager, kPackageManager, kForeignPackageManagers>(
        "a fate of the package manager", kPackageManagers);
constinit const Scalar<LintProfile> kLintProfile =
    words_of<LintProfile, kLintProfile, kForeignProfiles>("a lint profile", kLintProfiles);
constinit const Scalar<SelinuxMode> kSelinuxMode =
    words_of<SelinuxMode, kSelinuxMode, kForeignModes>("an SELinux mode", kSelinuxModes);
constinit const Scalar<ScriptMoment> kScriptMoment =
    words_of<ScriptMoment, kScriptMoment, kForeignMoments>("a moment", kScriptMoments);
constinit const Scalar<FirewallBackend> kFirewallBackend =
    words_of<FirewallBackend, kFirewallBackend, kForeignBackends>("a firewall", kFirewallBackends);

}  // namespace composer::blueprint

namespace composer {

std::string_view to_text(Architecture value) {
  return blueprint::word_for(blueprint::kArchitecture, value);
}
std::string_view to_text(PartitionTableType value) {
  return blueprint::word_for(blueprint::kPartitionTable, value);
}
std::string_view to_text(FilesystemType value) {
  return blueprint::word_for(blueprint::kFilesystem, value);
}
std::string_view to_text(Firmware value) {
  return blueprint::word_for(blueprint::kFirmware, value);
}
std::string_view to_text(Loader value) {
  return blueprint::word_for(blueprint::kLoader, value);
}
std::string_view to_text(OutputFormat value) {
  return blueprint::word_for(blueprint::kOutputFormat, value);
}
std::string_view to_text(Compression value) {
  return blueprint::word_for(blueprint::kCompression, value);
}
std::string_view to_text(SectorSize value) {
  return blueprint::word_for(blueprint::kSectorSize, value);
}
std::string_view to_text(PartitionType value) {
  return blueprint::word_for(blueprint::kPartitionType, value);
}
std::string_view to_text(UkiSource value) {
  return blueprint::word_for(blueprint::kUkiSource, value);
}
std::string_view to_text(InitramfsMaker value) {
  return blueprint::word_for(blueprint::kInitramfsMaker, value);
}
std::string_view to_text(PackageManager value) {
  return blueprint::word_for(blueprint::kPackageManager, value);
}
std::string_view to_text(LintProfile value) {
  return blueprint::word_for(blueprint::kLintProfile, value);
}
std::string_view to_text(SelinuxMode value) {
  return blueprint::word_for(blueprint::kSelinuxMode, value);
}
std::string_view to_text(ScriptMoment value) {
  return blueprint::word_for(blueprint::kScriptMoment, value);
}
std::string_view to_text(FirewallBackend value) {
  return blueprint::word_for(blueprint::kFirewallBackend, value);
}

}  // namespace composer
