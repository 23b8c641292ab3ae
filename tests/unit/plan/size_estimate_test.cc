#include "composer/plan/size_estimate.h"

#include <catch2/catch.hpp>

using namespace composer;

namespace {

PlannedPartition partition(std::string label, Bytes size, FilesystemType type, std::string mount) {
  PlannedPartition made;
  made.label = std::move(label);
  made.size = size;
  made.filesystem.emplace();
  made.filesystem->type = type;
  made.filesystem->mount = std::move(mount);
  return made;
}

Plan plan_of(Bytes installed, std::vector<PlannedPartition> partitions) {
  Plan plan;
  plan.packages.resize(1);
  plan.packages[0].name = "bash";
  plan.packages[0].installed_size = installed;
  plan.disk.partitions = std::move(partitions);
  return plan;
}

Span line(int number) {
  return {std::make_shared<const SourceText>(SourceText{"vm.yaml", ""}), number, 1, 1};
}

DiskRequest request_of(const Plan& plan) {
  DiskRequest request;
  for (std::size_t i = 0; i < plan.disk.partitions.size(); ++i) {
    PartitionRequest& made = request.partitions.emplace_back();
    made.label.value = plan.disk.partitions[i].label;
    made.at = line(static_cast<int>(i) + 1);
  }
  return request;
}

std::string refusal(const Plan& plan, const DiskRequest& request) {
  try {
    check_space(plan, request);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
  return {};
}

}  // namespace

TEST_CASE("the capacity of new filesystems is within 2 % of what the kernel says") {
  // MiB of f_bavail right after mkfs with our options (kernel 6.18, e2fsprogs 1.47.0, xfsprogs 6.1,
  // btrfs-progs 6.2).
  struct Measured {
    FilesystemType type;
    std::uint64_t partition;
    double available;
  };
  const Measured table[] = {
      {FilesystemType::ext4, 64, 57.0},      {FilesystemType::ext4, 320, 289.0},
      {FilesystemType::ext4, 512, 471.8},    {FilesystemType::ext4, 1024, 947.2},
      {FilesystemType::ext4, 5120, 4888.4},  {FilesystemType::ext4, 30720, 29742.7},
      {FilesystemType::xfs, 320, 238.0},     {FilesystemType::xfs, 1024, 921.0},
      {FilesystemType::xfs, 5120, 4988.5},   {FilesystemType::xfs, 30720, 30410.0},
      {FilesystemType::btrfs, 512, 431.0},   {FilesystemType::btrfs, 1024, 904.6},
      {FilesystemType::btrfs, 5120, 4591.0}, {FilesystemType::btrfs, 30720, 30191.0},
  };
  for (const Measured& row : table) {
    INFO(to_text(MiB(row.partition)));
    const double estimate =
        static_cast<double>(filesystem_capacity(row.type, MiB(row.partition)).count) / (1 << 20);
    CHECK(estimate == Approx(row.available).epsilon(0.02));
  }
}

TEST_CASE("no partition is so small that its capacity is below nothing") {
  CHECK(filesystem_capacity(FilesystemType::xfs, MiB(20)) == Bytes{0});
  CHECK(filesystem_capacity(FilesystemType::btrfs, MiB(1)) == Bytes{0});
  CHECK(filesystem_capacity(FilesystemType::ext4, MiB(1)) > Bytes{0});
  CHECK(filesystem_capacity(FilesystemType::swap, MiB(1)) == Bytes{0});
}

TEST_CASE("packages take their size, what blocks add, and an initramfs where there is a kernel") {
  Plan plan = plan_of(MiB(1600), {});
  CHECK(space_for_packages(plan) == MiB(1716));
  plan.packages[0].name = "kernel-core";
  CHECK(space_for_packages(plan) == MiB(1796));
  plan.packages.clear();
  CHECK(space_for_packages(plan) == Bytes{0});
}

TEST_CASE("packages that do not fit are refused at the root partition") {
  const Plan plan = plan_of(GiB(6), {partition("esp", MiB(200), FilesystemType::vfat, "/boot/efi"),
                                     partition("root", GiB(5), FilesystemType::ext4, "/"),
                                     partition("home", GiB(9), FilesystemType::ext4, "/home")});
  DiskRequest request = request_of(plan);
  CHECK(refusal(plan, request) ==
        "vm.yaml:2:1: error: the packages need about 6.4 GiB on '/', which has 4.8 GiB\n"
        "  hint: give partition 'root' 6960 MiB or more, by a larger disk\n");
  request.partitions[1].size = {GiB(5), line(7)};
  CHECK(refusal(plan, request) ==
        "vm.yaml:7:1: error: the packages need about 6.4 GiB on '/', which has 4.8 GiB\n"
        "  hint: give partition 'root' 6960 MiB or more\n");

  Plan mended = plan;
  mended.disk.partitions[1].size = MiB(6960);
  CHECK(refusal(mended, request).empty());
}

TEST_CASE("where packages go to several filesystems only the sum can be judged") {
  Plan plan = plan_of(GiB(6), {partition("root", GiB(2), FilesystemType::ext4, "/"),
                               partition("usr", GiB(3), FilesystemType::ext4, "/usr"),
                               partition("var", GiB(1), FilesystemType::xfs, "/var")});
  CHECK(refusal(plan, request_of(plan)) ==
        "vm.yaml:1:1: error: the packages need about 6.4 GiB on '/', '/usr' and '/var', which have "
        "5.6 GiB\n"
        "  hint: give partition 'root' 2925 MiB or more, by a larger disk\n");
  plan.disk.partitions[1].size = GiB(8);
  CHECK(refusal(plan, request_of(plan)).empty());
}

TEST_CASE("a repository that lies about sizes does not make the sum overflow") {
  Plan plan = plan_of({~std::uint64_t{0}}, {partition("root", GiB(2), FilesystemType::ext4, "/")});
  for (int i = 0; i < 100; ++i) plan.packages.push_back(plan.packages[0]);
  CHECK(space_for_packages(plan) > TiB(101));
  CHECK(space_for_packages(plan) < TiB(110));
  CHECK_FALSE(refusal(plan, request_of(plan)).empty());
}

TEST_CASE("a build writes the disk once, and again for every output that is not the disk itself") {
  Plan plan = plan_of(MiB(1600), {});  // 1748 MiB with what a disk adds.
  plan.outputs = {{OutputFormat::vhd_fixed, Compression::none, "a.vhd"},
                  {OutputFormat::qcow2, Compression::zstd, "a.qcow2"}};
  CHECK(space_for_build(plan, true).work == MiB(1748));
  CHECK(space_for_build(plan, true).output == MiB(874));
  CHECK(space_for_build(plan, false).output == MiB(1748 + 874));
  plan.outputs.push_back({OutputFormat::raw, Compression::none, "a.raw"});
  CHECK(space_for_build(plan, true).output == MiB(1748 + 874));
}

TEST_CASE("a host without the room is told so, with where and how much") {
  Plan plan = plan_of(TiB(1), {});
  for (int i = 0; i < 9999; ++i) plan.packages.push_back(plan.packages[0]);
  try {
    check_free_space(plan, "/tmp", "/tmp");
    FAIL("nobody has 10 PiB");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::host);
    CHECK_THAT(error.what(), Catch::StartsWith("the build needs about ") &&
                                 Catch::Contains(" in '/tmp', where ") &&
                                 Catch::EndsWith(" is free"));
    CHECK(error.problems()[0].hint == "make room there, or choose a directory on a larger disk");
  }
  CHECK_NOTHROW(check_free_space(Plan{}, "/tmp", "/tmp"));
}
