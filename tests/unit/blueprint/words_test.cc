#include "composer/blueprint/words.h"

#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer;
using namespace composer::blueprint;
using composer::test::value_of;
using composer::test::verdict;

namespace {

template <typename T>
void check_round_trip(const Scalar<T>& type, std::size_t count) {
  CAPTURE(type.name);
  CHECK(type.words.size() == count);
  for (std::size_t i = 0; i < type.words.size(); ++i) {
    const auto value = static_cast<T>(i);
    CHECK(to_text(value) == type.words[i].word);
    CHECK(value_of(type, std::string(to_text(value))) == value);
  }
}

}  // namespace

TEST_CASE("every value of an enumeration has its word, and the word its value") {
  check_round_trip(kArchitecture, 2);
  check_round_trip(kPartitionTable, 2);
  check_round_trip(kFilesystem, 5);
  check_round_trip(kFirmware, 3);
  check_round_trip(kLoader, 3);
  check_round_trip(kOutputFormat, 13);
  check_round_trip(kCompression, 5);
  check_round_trip(kSectorSize, 3);
  check_round_trip(kPartitionType, 9);
  check_round_trip(kUkiSource, 2);
  check_round_trip(kInitramfsMaker, 2);
  check_round_trip(kPackageManager, 3);
  check_round_trip(kLintProfile, 7);
  check_round_trip(kSelinuxMode, 3);
  check_round_trip(kScriptMoment, 2);
  check_round_trip(kFirewallBackend, 2);
  CHECK(to_text(OutputFormat::vhd_fixed) == "vhd-fixed");
  CHECK(to_text(PartitionType::bios_boot) == "bios-boot");
  CHECK(to_text(PartitionType::linux_data) == "linux-data");
}

TEST_CASE("words of other tools are translated, or refused as not there yet") {
  CHECK(verdict(kArchitecture, "arm64") ==
        "unknown architecture 'arm64' [did you mean 'aarch64'?]");
  CHECK(verdict(kPartitionTable, "msdos") ==
        "unknown partition table 'msdos' [did you mean 'mbr'?]");
  CHECK(verdict(kFilesystem, "fat32") == "unknown filesystem 'fat32' [did you mean 'vfat'?]");
  CHECK(verdict(kFirmware, "efi") == "unknown firmware 'efi' [did you mean 'uefi'?]");
  CHECK(verdict(kOutputFormat, "vpc") == "unknown output format 'vpc' [did you mean 'vhd-fixed'?]");
  CHECK(verdict(kSectorSize, "512") == "unknown sector size '512' [did you mean '512n'?]");
  CHECK(verdict(kPartitionType, "efi") == "unknown partition type 'efi' [did you mean 'esp'?]");
  CHECK(verdict(kLoader, "grub2") == "unknown boot loader 'grub2' [did you mean 'grub'?]");
  CHECK(verdict(kFilesystem, "luks") ==
        "filesystem 'luks' is not supported yet: a key that is in an image is no secret, and Azure "
        "encrypts disks when a machine is made [one of 'ext4', 'xfs', 'btrfs', 'vfat' or 'swap']");
  CHECK(verdict(kCompression, "xz") ==
        "compression 'xz' is not something that an output has [one of 'none', 'zlib', 'gzip', "
        "'zstd' or 'zstd-fast']");
}

TEST_CASE("a word that is nearly right is suggested, a far one is not") {
  CHECK(verdict(kFilesystem, "btrsf") == "unknown filesystem 'btrsf' [did you mean 'btrfs'?]");
  CHECK(verdict(kFirmware, "firefly") ==
        "unknown firmware 'firefly' [one of 'uefi', 'bios' or 'both']");
}
