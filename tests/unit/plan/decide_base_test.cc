#include "composer/plan/decide_base.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <functional>

#include "composer/error.h"

using namespace composer;

namespace {

PlannedPartition partition(int number, const std::string& label, Bytes start, Bytes size,
                           std::optional<FilesystemType> type = {}, const std::string& mount = {}) {
  PlannedPartition made;
  made.number = number;
  made.label = label;
  made.start = start;
  made.size = size;
  made.uuid = fmt::format("00000000-0000-0000-0000-{:012}", number);
  made.base = PlannedOrigin{size, made.uuid, {}};
  if (!type) return made;
  made.filesystem.emplace();
  made.filesystem->type = *type;
  made.filesystem->uuid = *type == FilesystemType::vfat
                              ? "1234-ABCD"
                              : fmt::format("11111111-0000-0000-0000-{:012}", number);
  made.filesystem->mount = mount;
  made.base->filesystem_uuid = made.filesystem->uuid;
  return made;
}

/// 5 GiB: the ESP, and the root up to the backup of the GPT, as others lay a disk out.
PlannedDisk base() {
  PlannedDisk disk;
  disk.id = "99999999-0000-0000-0000-000000000000";
  disk.size = GiB(5);
  disk.partitions = {partition(1, "esp", MiB(1), MiB(200), FilesystemType::vfat, "/boot/efi"),
                     partition(2, "root", MiB(201), GiB(5) - MiB(202), FilesystemType::ext4, "/")};
  return disk;
}

BaseRequest larger(Bytes size, const std::string& grow) {
  BaseRequest request;
  request.disk_size = Located<Bytes>{size, {}};
  if (!grow.empty()) request.grow = Located<std::string>{grow, {}};
  return request;
}

PartitionRequest added(const std::string& label, std::optional<Bytes> size,
                       const std::string& mount) {
  PartitionRequest request;
  request.label.value = label;
  request.type.value = PartitionType::linux_data;
  if (size) request.size = Located<Bytes>{*size, {}};
  request.filesystem.emplace();
  request.filesystem->type.value = FilesystemType::ext4;
  request.filesystem->mount = Located<std::string>{mount, {}};
  return request;
}

PlannedDisk plan(const BaseRequest& request, const PlannedDisk& before = base()) {
  return plan_base_disk(before, request, Architecture::x86_64, "seed");
}

std::string refusal(const BaseRequest& request, const PlannedDisk& before = base()) {
  try {
    plan(request, before);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    std::string text;
    for (const Problem& problem : error.problems()) {
      text += fmt::format("{} [{}]\n", problem.message, problem.hint);
    }
    return text;
  }
  return "none";
}

}  // namespace

TEST_CASE("a base without wishes stays as it is, but for a size of whole MiB") {
  const PlannedDisk same = plan({});
  CHECK(same.size == GiB(5));
  CHECK(same.id == base().id);
  CHECK(same.partitions[1].size == base().partitions[1].size);
  PlannedDisk odd = base();
  odd.size = GiB(5) + Bytes{512};
  CHECK(plan({}, odd).size == GiB(5) + MiB(1));
}

TEST_CASE("the last partition grows, by its label or its mount point") {
  for (const char* name : {"root", "/"}) {
    const PlannedDisk grown = plan(larger(GiB(8), name));
    CHECK(grown.size == GiB(8));
    CHECK(grown.partitions[1].start == MiB(201));
    CHECK(grown.partitions[1].start + grown.partitions[1].size == GiB(8) - MiB(1));
    CHECK(grown.partitions[1].base->size == GiB(5) - MiB(202));
  }
}

TEST_CASE("partitions are added behind the last, which grows up to them") {
  BaseRequest request = larger(GiB(8), "/");
  request.partitions = {added("data", GiB(1), "/data"), added("more", MiB(512), "/more")};
  const PlannedDisk disk = plan(request);
  REQUIRE(disk.partitions.size() == 4);
  CHECK(disk.partitions[2].number == 3);
  CHECK_FALSE(disk.partitions[2].base);
  CHECK(disk.partitions[2].start == disk.partitions[1].start + disk.partitions[1].size);
  CHECK(disk.partitions[3].start + disk.partitions[3].size == GiB(8) - MiB(1));
  request.grow.reset();
  request.partitions[1].size.reset();
  const PlannedDisk rest = plan(request);
  CHECK(rest.partitions[1].size == base().partitions[1].size);
  CHECK(rest.partitions[3].start + rest.partitions[3].size == GiB(8) - MiB(1));
}

TEST_CASE("new identities are the seed's, of the disk, its partitions and its filesystems") {
  BaseRequest request;
  request.new_uuids = true;
  const PlannedDisk disk = plan(request), before = base();
  CHECK(disk.id != before.id);
  for (std::size_t i = 0; i < disk.partitions.size(); ++i) {
    CHECK(disk.partitions[i].uuid != before.partitions[i].uuid);
    CHECK(disk.partitions[i].filesystem->uuid != before.partitions[i].filesystem->uuid);
    CHECK(disk.partitions[i].base->filesystem_uuid == before.partitions[i].filesystem->uuid);
  }
  CHECK(plan(request).id == disk.id);
  PlannedDisk twins = base();
  twins.partitions[0].label = twins.partitions[1].label = "Linux filesystem";
  const PlannedDisk other = plan(request, twins);
  CHECK(other.partitions[0].uuid != other.partitions[1].uuid);
}

TEST_CASE("what cannot be is refused, with what can") {
  CHECK(refusal(larger(GiB(4), "")) ==
        "the image's disk has 5 GiB, and cannot become smaller: 4 GiB [leave 'disk_size' out, "
        "or make it larger]\n");
  CHECK(refusal(larger(GiB(8), "esp")) ==
        "partition 'esp' cannot grow: 'root' follows it on the disk [only the last partition can: "
        "'root']\n");
  CHECK(refusal(larger(GiB(8), "/home")) ==
        "the image has no partition '/home' [it has: esp, root]\n");
  BaseRequest grown;
  grown.grow = Located<std::string>{"/", {}};
  CHECK(refusal(grown).find("there is no room behind partition 'root'") == 0);
  BaseRequest crowded;
  crowded.partitions = {added("data", GiB(1), "/data")};
  CHECK(refusal(crowded) ==
        "the partitions that are added need 1 GiB, and 0 bytes is left behind the last one [write "
        "'disk_size: 6144 MiB' or more]\n");
  BaseRequest twice = larger(GiB(8), "");
  twice.partitions = {added("root", GiB(1), "/")};
  CHECK(refusal(twice).find("the image has a partition 'root' already") == 0);
  CHECK(refusal(twice).find("the image mounts partition 'root' at '/' already") !=
        std::string::npos);
}

TEST_CASE("an MBR has four entries") {
  PlannedDisk disk = base();
  disk.table = PartitionTableType::mbr;
  disk.id = "0x12345678";
  BaseRequest request = larger(GiB(9), "");
  request.partitions = {added("a", MiB(100), "/a"), added("b", MiB(100), "/b")};
  CHECK(plan(request, disk).partitions[3].uuid == "12345678-04");
  request.partitions.push_back(added("c", MiB(100), "/c"));
  CHECK(refusal(request, disk) == "partition 'c' is one too many: the table has room for 4 []\n");
}

TEST_CASE("the command line follows the identities, and takes more arguments") {
  BaseRequest request;
  request.new_uuids = true;
  const PlannedDisk disk = plan(request);
  PlannedBoot before;
  before.kernel_command_line =
      "ro console=ttyS0 resume=UUID=11111111-0000-0000-0000-000000000002 quiet";
  BootRequest boot;
  boot.kernel_arguments = {{"quiet", {}}, {"audit=0", {}}};
  const PlannedBoot after = plan_base_boot(before, boot, disk);
  CHECK(after.root_argument == "root=UUID=" + disk.partitions[1].filesystem->uuid);
  CHECK(after.kernel_command_line ==
        "ro console=ttyS0 resume=UUID=" + disk.partitions[1].filesystem->uuid + " quiet audit=0");
}

TEST_CASE("a package's unified kernel image takes no arguments") {
  PlannedBoot before;
  before.loader = Loader::uki;
  before.uki = UkiSource::packaged;
  BootRequest boot;
  CHECK_NOTHROW(plan_base_boot(before, boot, base()));
  boot.kernel_arguments = {{"audit=0", {}}};
  CHECK_THROWS_WITH(plan_base_boot(before, boot, base()),
                    Catch::Contains("whose command line cannot be changed"));
}

TEST_CASE("a package's unified kernel image brings its initramfs") {
  PlannedBoot before;
  before.loader = Loader::uki;
  before.uki = UkiSource::packaged;
  BootRequest request;
  request.initramfs = Located<InitramfsMaker>{InitramfsMaker::systemd, {}};
  CHECK_THROWS_WITH(plan_base_boot(before, request, base()),
                    Catch::Contains("brings its own initramfs"));
}

TEST_CASE("an image in FIPS mode keeps dracut's initramfs, whoever turned the mode on") {
  PlannedBoot before;
  before.kernel_command_line = "quiet fips=1";
  BootRequest request;
  request.initramfs = Located<InitramfsMaker>{InitramfsMaker::dracut, {}};
  CHECK(plan_base_boot(before, request, base()).initramfs == InitramfsMaker::dracut);
  request.initramfs->value = InitramfsMaker::systemd;
  CHECK_THROWS_WITH(plan_base_boot(before, request, base()), Catch::Contains("FIPS mode"));
  before.kernel_command_line = "quiet";
  CHECK(plan_base_boot(before, request, base()).initramfs == InitramfsMaker::systemd);
}

TEST_CASE("each key of 'boot' makes anew what it is about, and nothing else does") {
  Plan plan;
  plan.base.emplace();
  const auto changes = [&](const std::function<void(Blueprint&)>& change) {
    Blueprint blueprint;
    blueprint.base.emplace();
    change(blueprint);
    return changes_boot(blueprint, plan);
  };
  CHECK_FALSE(changes([](Blueprint&) {}));
  CHECK(changes([](Blueprint& b) { b.boot.initramfs = Located<InitramfsMaker>{}; }));
  CHECK(changes([](Blueprint& b) { b.boot.timeout_seconds = Located<std::uint64_t>{3, {}}; }));
  CHECK(changes([](Blueprint& b) { b.boot.serial_console = Located<bool>{false, {}}; }));
  CHECK(changes([](Blueprint& b) { b.boot.kernel_arguments = {{"quiet", {}}}; }));
}
