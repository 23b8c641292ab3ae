#include "composer/image/cosi_document.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace composer;
using namespace composer::image;
using nlohmann::json;

namespace {

Plan plan() {
  Plan plan;
  plan.identity_seed = "seed";
  plan.disk.size = GiB(5);
  plan.packages = {{.name = "bash", .version = "5.2", .release = "1.azl4", .arch = "x86_64"},
                   {.name = "gone", .version = "1", .release = "1", .arch = "noarch"}};
  plan.installation.erase = {"gone"};
  const auto partition = [&](int number, Bytes start, Bytes size, std::string type) {
    PlannedPartition& each = plan.disk.partitions.emplace_back();
    each.number = number;
    each.label = "p" + std::to_string(number);
    each.type_id = std::move(type);
    each.start = start;
    each.size = size;
    return &each;
  };
  partition(1, MiB(1), MiB(200), "C12A7328-F81F-11D2-BA4B-00A0C93EC93B")->filesystem =
      PlannedFilesystem{.type = FilesystemType::vfat, .uuid = "C3D4-250D", .mount = "/boot/efi"};
  partition(3, MiB(1225), MiB(3800), "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709")->filesystem =
      PlannedFilesystem{.type = FilesystemType::ext4, .uuid = "88d2fa9b", .mount = "/"};
  partition(2, MiB(201), MiB(1024), "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F")->filesystem =
      PlannedFilesystem{.type = FilesystemType::swap, .uuid = "5a5a"};
  return plan;
}

}  // namespace

TEST_CASE("the regions are the partition table and every partition, in the disk's order") {
  const auto regions = cosi::regions_of(plan());
  REQUIRE(regions.size() == 4);
  CHECK(regions[0].path() == "images/primary-gpt.raw.zst");
  CHECK(regions[0].start == 0);
  CHECK(regions[0].size == 34 * 512);
  CHECK(regions[1].path() == "images/partition-1.raw.zst");
  CHECK(regions[2].partition == 2);
  CHECK(regions[3].start == MiB(1225).count);
  CHECK(regions[3].size == MiB(3800).count);
}

TEST_CASE("the metadata has what Trident asks for") {
  auto regions = cosi::regions_of(plan());
  for (auto& region : regions) {
    region.compressed_size = 100;
    region.sha384 = std::string(96, '1');
  }
  SystemFacts system;
  system.os_release = "ID=azurelinux\n";
  const json document = json::parse(cosi::metadata_document(plan(), system, regions));
  CHECK(document.at("version") == "1.2");
  CHECK(document.at("osArch") == "x86_64");
  CHECK(document.at("osRelease") == "ID=azurelinux\n");
  CHECK(document.at("bootloader") == json::parse(R"({"type": "grub"})"));
  CHECK(document.at("osPackages") ==
        json::parse(R"([{"name": "bash", "version": "5.2", "release": "1.azl4",
                         "arch": "x86_64"}])"));
  CHECK(document.at("images").size() == 2);
  const json image = {{"path", "images/partition-3.raw.zst"},
                      {"compressedSize", 100},
                      {"uncompressedSize", MiB(3800).count},
                      {"sha384", std::string(96, '1')}};
  CHECK(document.at("images").at(1) == json({{"image", image},
                                             {"mountPoint", "/"},
                                             {"fsType", "ext4"},
                                             {"fsUuid", "88d2fa9b"},
                                             {"partType", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"},
                                             {"verity", nullptr}}));
  const json& disk = document.at("disk");
  CHECK(disk.at("size") == GiB(5).count);
  CHECK(disk.at("type") == "gpt");
  CHECK(disk.at("lbaSize") == 512);
  REQUIRE(disk.at("gptRegions").size() == 4);
  CHECK(disk.at("gptRegions").at(0).at("type") == "primary-gpt");
  CHECK_FALSE(disk.at("gptRegions").at(0).contains("number"));
  CHECK(disk.at("gptRegions").at(3).at("number") == 3);
  CHECK(disk.at("gptRegions").at(3).at("startLba") == 1225 * 2048);
  CHECK(disk.at("gptRegions").at(3).at("image") == image);
  CHECK(document.at("compression").at("maxWindowLog") == 21);
}

TEST_CASE("with systemd-boot the metadata has the entries of its menu") {
  Plan booted = plan();
  booted.boot.loader = Loader::systemd_boot;
  using Kind = SystemFacts::BootEntry::Kind;
  SystemFacts system;
  system.entries = {{Kind::config, "/boot/efi/loader/entries/a-6.6.conf", "root=UUID=x", "6.6"},
                    {Kind::unified_kernel, "/boot/efi/EFI/Linux/a-6.6.efi", "ro", "6.6"}};
  const json document =
      json::parse(cosi::metadata_document(booted, system, cosi::regions_of(booted)));
  CHECK(document.at("bootloader") == json::parse(R"({"type": "systemd-boot", "systemdBoot":
      {"entries": [{"type": "config", "path": "/boot/efi/loader/entries/a-6.6.conf",
                    "cmdline": "root=UUID=x", "kernel": "6.6"},
                   {"type": "uki-standalone", "path": "/boot/efi/EFI/Linux/a-6.6.efi",
                    "cmdline": "ro", "kernel": "6.6"}]}})"));
}

TEST_CASE("disks that COSI has no words for are refused") {
  CHECK(cosi::refusal(plan()).empty());
  Plan mbr = plan(), subvolumes = plan(), twins = plan();
  mbr.disk.table = PartitionTableType::mbr;
  CHECK(cosi::refusal(mbr) == "its disk has an MBR, and COSI knows GPT alone");
  subvolumes.disk.partitions[1].filesystem->subvolumes.push_back({"@", "/", {}});
  CHECK(cosi::refusal(subvolumes) ==
        "partition 'p3' has btrfs subvolumes, which COSI has no word for");
  twins.disk.partitions[1].filesystem->uuid = "C3D4-250D";
  CHECK(cosi::refusal(twins) == "two filesystems have the UUID C3D4-250D");
}
