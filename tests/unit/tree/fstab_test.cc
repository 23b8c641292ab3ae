#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

TEST_CASE("fstab names filesystems by UUID, the root first, the ESP as Azure Linux has it") {
  MemoryRoot root;
  test::apply("fstab", test::sample_plan(), root);
  CHECK_THAT(*root.read("/etc/fstab"),
             Equals("UUID=11111111-2222-8333-8444-555555555555 / ext4 defaults 0 1\n"
                    "UUID=ABCD-1234 /boot/efi vfat "
                    "defaults,umask=0077,noexec,nodev,nosuid,nosymfollow 0 0\n"));
  CHECK(root.status("/etc/fstab")->mode == 0644);
}

TEST_CASE("fstab has a pass for what fsck checks, parents before children, and swap at the end") {
  Plan plan = test::sample_plan();
  plan.disk.partitions = {
      test::partition(PartitionType::swap, FilesystemType::swap, "5", ""),
      test::partition(PartitionType::var, FilesystemType::xfs, "4", "/var"),
      test::partition(PartitionType::linux_data, FilesystemType::ext4, "3", "/srv/a b",
                      {"noatime"}),
      test::partition(PartitionType::linux_data, FilesystemType::vfat, "2", "/srv"),
      test::partition(PartitionType::home, FilesystemType::btrfs, "6", "/home",
                      {"defaults", "compress=zstd"}),
      test::partition(PartitionType::root, FilesystemType::ext4, "1", "/")};
  MemoryRoot root;
  test::apply("fstab", plan, root);
  CHECK_THAT(*root.read("/etc/fstab"), Equals("UUID=1 / ext4 defaults 0 1\n"
                                              "UUID=6 /home btrfs defaults,compress=zstd 0 0\n"
                                              "UUID=2 /srv vfat defaults 0 2\n"
                                              "UUID=3 /srv/a\\040b ext4 defaults,noatime 0 2\n"
                                              "UUID=4 /var xfs defaults 0 0\n"
                                              "UUID=5 none swap defaults 0 0\n"));
  CHECK(root.status("/srv/a b")->kind == FileKind::directory);
}

TEST_CASE("a disk without mounted filesystems has no fstab") {
  Plan plan = test::sample_plan();
  plan.disk.partitions = {
      test::partition(PartitionType::linux_data, FilesystemType::ext4, "1", "")};
  CHECK_FALSE(test::step("fstab").wanted(plan));
}
