#include "composer/image/cosi_writer.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <zstd.h>

#include "composer/base/checksum.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/exported_file.h"

using namespace composer;
using namespace composer::image;
using nlohmann::json;

namespace {

Plan plan_of(const test::SparseDisk& disk) {
  Plan plan = test::plan_for_export();
  plan.disk.size = {disk.size()};
  for (int i = 1; i <= 2; ++i) {
    PlannedPartition& partition = plan.disk.partitions.emplace_back();
    partition.number = i;
    partition.start = MiB(1 + 16 * (i - 1));
    partition.size = MiB(16);
    partition.filesystem = PlannedFilesystem{
        .type = FilesystemType::ext4, .uuid = std::to_string(i), .mount = "/" + std::to_string(i)};
  }
  return plan;
}

void write(const test::SparseDisk& disk, const Plan& plan, const std::filesystem::path& path,
           unsigned threads) {
  const RawDisk raw = disk.raw();
  SilentProgress progress;
  ExportMeter meter(progress, {});
  PartialFile file(path);
  const PlannedOutput output{OutputFormat::cosi, Compression::zstd, "x.cosi"};
  const SystemFacts system{.os_release = "ID=x\n"};
  write_cosi({plan, output, raw, meter, threads, &system}, file);
  file.commit();
}

struct Member {
  std::string name, content;
};

/// The members of an archive of plain files, their headers' checksums unchecked.
std::vector<Member> members_of(const std::string& archive) {
  std::vector<Member> members;
  std::size_t at = 0;
  while (archive.at(at) != '\0') {
    const std::string name = archive.c_str() + at;
    const std::size_t size = std::stoul(archive.substr(at + 124, 11), nullptr, 8);
    members.push_back({name, archive.substr(at + 512, size)});
    at += 512 + (size + 511) / 512 * 512;
  }
  CHECK(archive.substr(at) == std::string(1024, '\0'));
  return members;
}

}  // namespace

TEST_CASE("a COSI has its metadata first, and each region under the digest that it says") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  write(disk, plan_of(disk), scratch.path() / "x.cosi", 2);
  const std::string content = read_file(disk.path());
  const auto members = members_of(read_file(scratch.path() / "x.cosi"));
  REQUIRE(members.size() == 4);
  CHECK(members[0].name == "metadata.json");
  const json metadata = json::parse(members[0].content);
  CHECK(members[0].content.ends_with('\n'));
  for (std::size_t i = 0; i < 3; ++i) {
    const json& region = metadata.at("disk").at("gptRegions").at(i);
    const json& image = region.at("image");
    const Member& member = members.at(i + 1);
    CHECK(image.at("path") == member.name);
    CHECK(image.at("compressedSize") == member.content.size());
    Hasher hasher(HashAlgorithm::sha384);
    hasher.update(member.content);
    CHECK(image.at("sha384") == hasher.finish_hex());
    std::string raw(image.at("uncompressedSize").get<std::size_t>(), '\0');
    REQUIRE(ZSTD_decompress(raw.data(), raw.size(), member.content.data(), member.content.size()) ==
            raw.size());
    CHECK((raw == content.substr(region.at("startLba").get<std::size_t>() * 512, raw.size())));
  }
}

TEST_CASE("a COSI is the same to the bit however many threads made it") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  std::string first;
  for (const unsigned threads : {1U, 2U, 7U}) {
    write(disk, plan_of(disk), scratch.path() / "x", threads);
    const std::string digest = sha256_file(scratch.path() / "x");
    if (first.empty()) first = digest;
    CHECK(digest == first);
  }
}

TEST_CASE("a disk that cannot be a COSI is refused before anything is written") {
  const test::ScratchFolder scratch;
  const auto disk = test::mixed_disk(scratch.path() / "disk", 40 << 20);
  Plan plan = plan_of(disk);
  plan.disk.table = PartitionTableType::mbr;
  CHECK_THROWS_WITH(write(disk, plan, scratch.path() / "x", 2),
                    "cannot write 'x.cosi': its disk has an MBR, and COSI knows GPT alone");
}
