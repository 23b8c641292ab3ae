#include "composer/inspect/disk_facts.h"

#include <fmt/format.h>

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::inspect;
using namespace composer::test;

namespace {

constexpr std::size_t kSize = 16 << 20;

/// A disk of 16 MiB with the table that sfdisk makes of `script`.
struct Disk {
  explicit Disk(const std::string& script) {
    shell(fmt::format("truncate -s {} '{}'", kSize, scratch.text("disk")));
    write_bytes(scratch / "script", script);
    shell(fmt::format("sfdisk '{}' < '{}'", scratch.text("disk"), scratch.text("script")));
    bytes = bytes_of(scratch / "disk");
  }
  DiskFacts facts() const {
    write_bytes(scratch / "disk", bytes);
    return read_disk_facts(*open_disk_image(scratch / "disk").disk);
  }
  void flip(std::size_t at) { bytes[at] = static_cast<char>(bytes[at] ^ 1); }

  Scratch scratch;
  std::string bytes;
};

constexpr const char* kGpt =
    "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\n"
    "start=2048, size=2048, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "
    "uuid=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee, name=\"b\xc3\xb6ot\", "
    "attrs=\"LegacyBIOSBootable\"\n"
    "start=8192, size=4096, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n";

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a GPT is read with both its headers") {
  const DiskFacts facts = Disk(kGpt).facts();
  CHECK(facts.kind == TableKind::gpt);
  CHECK(facts.problems == Texts{});
  CHECK(facts.id == "11111111-2222-3333-4444-555555555555");
  CHECK(facts.protective_mbr);
  CHECK(facts.boot_signature);
  CHECK_FALSE(facts.has_boot_code());
  CHECK(facts.primary.header_crc_right);
  CHECK(facts.primary.entries_crc_right);
  CHECK(facts.backup.header_crc_right);
  CHECK(facts.backup_at_end);
  CHECK(facts.primary.other_lba == kSize / 512 - 1);
  REQUIRE(facts.partitions.size() == 2);
  const PartitionFacts& first = facts.partitions[0];
  CHECK(first.number == 1);
  CHECK(first.type == "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
  CHECK(first.guid == "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee");
  CHECK(first.name == "b\xc3\xb6ot");
  CHECK(first.start == MiB(1));
  CHECK(first.size == MiB(1));
  CHECK(first.attributes == 4);
  CHECK(facts.partitions[1].start == MiB(4));
}

TEST_CASE("a GPT with a wrong CRC is told, and the right copy is used") {
  Disk disk(kGpt);
  disk.flip(1024 + 40);  // In the primary's first entry.
  DiskFacts facts = disk.facts();
  CHECK(facts.problems == Texts{"the CRC of the primary GPT entries is wrong"});
  CHECK(facts.partitions.at(0).size == MiB(1));
  disk.flip(512 + 60);
  CHECK(disk.facts().problems == Texts{"the CRC of the primary GPT header is wrong",
                                       "the CRC of the primary GPT entries is wrong"});
  disk.flip(kSize - 512 + 60);
  CHECK(disk.facts().problems == Texts{"the CRC of the backup GPT header is wrong",
                                       "the CRC of the primary GPT header is wrong",
                                       "the CRC of the primary GPT entries is wrong"});
}

TEST_CASE("a disk that has grown, or lost its beginning, is told") {
  Disk disk(kGpt);
  disk.bytes.resize(kSize + 512 * 100);
  CHECK(disk.facts().problems ==
        Texts{"the disk's last sector has no backup GPT header",
              "the primary GPT header says that its backup is in sector 32767, and the last is "
              "32867"});
  disk.bytes.resize(kSize);
  disk.bytes.replace(512, 512, 512, '\0');
  const DiskFacts facts = disk.facts();
  CHECK(facts.problems == Texts{"the primary GPT header is not there"});
  CHECK(facts.partitions.size() == 2);
}

TEST_CASE("GPT entries that are not possible are told, and read nothing outside") {
  Disk disk(kGpt);
  for (std::size_t i = 72; i < 80; ++i) disk.bytes[512 + i] = '\x7f';
  disk.bytes.replace(kSize - 512, 512, 512, '\0');
  CHECK(disk.facts().problems ==
        Texts{"the CRC of the primary GPT header is wrong",
              "the primary GPT header points to entries that are not possible",
              "the disk's last sector has no backup GPT header"});
  CHECK(disk.facts().partitions.empty());
  Disk counts(kGpt);
  for (std::size_t i = 80; i < 88; ++i) counts.bytes[512 + i] = '\xff';
  CHECK(counts.facts().partitions.size() == 2);  // The backup's.
}

TEST_CASE("an MBR is read with its logical partitions") {
  Disk disk(
      "label: dos\nlabel-id: 0x1234abcd\nstart=2048, size=2048, type=83, bootable\n"
      "start=6144, size=20000, type=5\nstart=8192, size=1000, type=82\nstart=12288, size=1000\n");
  const DiskFacts facts = disk.facts();
  CHECK(facts.kind == TableKind::mbr);
  CHECK(facts.id == "1234abcd");
  CHECK(facts.problems == Texts{});
  REQUIRE(facts.partitions.size() == 4);
  CHECK(facts.partitions[0].type == "83");
  CHECK(facts.partitions[0].guid == "1234abcd-01");
  CHECK(facts.partitions[0].attributes == 1);
  CHECK(facts.partitions[2].number == 5);
  CHECK(facts.partitions[2].start.count == 8192 * 512);
  CHECK(facts.partitions[3].number == 6);
  CHECK(facts.partitions[3].start.count == 12288 * 512);

  SECTION("a list of logical partitions that goes round in circles ends") {
    disk.bytes.replace(6144 * 512 + 446 + 16 + 8, 2, std::string("\1\0", 2));
    CHECK(disk.facts().problems ==
          Texts{"the list of logical partitions is broken in sector 6145"});
    // The next of the second is the second.
    Disk again(
        "label: dos\nstart=2048, size=20000, type=5\nstart=4096, size=100\nstart=8192, "
        "size=100\n");
    const std::size_t first = 2048 * 512, next = 446 + 16 + 8;
    const std::string second = again.bytes.substr(first + next, 4);
    const auto lba = static_cast<std::size_t>(static_cast<unsigned char>(second[0]) |
                                              static_cast<unsigned char>(second[1]) << 8);
    again.bytes.replace((2048 + lba) * 512 + next, 4, second);
    const DiskFacts circles = again.facts();
    CHECK(circles.partitions.size() == 253);
    CHECK(circles.problems.front() ==
          "there are more than 252 logical partitions, or they go round in circles");
  }
}

TEST_CASE("partitions that overlap are told") {
  Disk disk("label: dos\nstart=2048, size=2048, type=83\nstart=6144, size=2048, type=83\n");
  disk.bytes[446 + 16 + 9] = '\x0c';  // The second begins at sector 3072.
  CHECK(disk.facts().problems == Texts{"partitions 1 and 2 overlap"});
}

TEST_CASE("a disk without a table, or with a filesystem in its place, has none") {
  Disk disk("label: dos\n");
  disk.bytes.assign(kSize, '\0');
  CHECK(disk.facts().kind == TableKind::none);
  write_bytes(disk.scratch / "disk", disk.bytes);
  shell(fmt::format("mkfs.fat '{}'", disk.scratch.text("disk")));
  disk.bytes = bytes_of(disk.scratch / "disk");
  CHECK(disk.facts().kind == TableKind::none);
  CHECK(disk.facts().has_boot_code());
}
