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

TEST_CASE("fstab has a line for each mounted subvolume, all with the filesystem's compression") {
  Plan plan = test::sample_plan();
  PlannedPartition pool = test::partition(PartitionType::root, FilesystemType::btrfs, "1", "");
  pool.grow = true;
  pool.filesystem->compression = "zstd:3";
  pool.filesystem->subvolumes = {
      {"snapshots", "", {}}, {"@", "/", {"noatime"}}, {"@/var/log", "/var/log", {}}};
  plan.disk.partitions = {pool};
  MemoryRoot root;
  test::apply("fstab", plan, root);
  CHECK_THAT(*root.read("/etc/fstab"),
             Equals("UUID=1 / btrfs "
                    "defaults,noatime,subvol=/@,compress=zstd:3,x-systemd.growfs 0 0\n"
                    "UUID=1 /var/log btrfs defaults,subvol=/@/var/log,compress=zstd:3 0 0\n"));
  CHECK(root.status("/var/log")->kind == FileKind::directory);
}

TEST_CASE("a partition grows by systemd-repart, which is told to leave its like alone") {
  Plan plan = test::full_plan();
  PlannedPartition other = plan.disk.partitions.back();
  other.label = "spare";
  other.number = 2;
  other.size = GiB(1);
  other.grow = false;
  plan.disk.partitions.insert(plan.disk.partitions.begin(), other);
  MemoryRoot root = test::sample_root();
  test::apply("partition growth", plan, root);
  CHECK_THAT(*root.read("/etc/repart.d/002.conf"),
             Equals("# Partition 'spare'.\n[Partition]\n"
                    "Type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\n"
                    "SizeMinBytes=1073741824\nSizeMaxBytes=1073741824\n"));
  CHECK_THAT(*root.read("/etc/repart.d/003.conf"),
             Equals("# Partition 'root'.\n[Partition]\n"
                    "Type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709\nSizeMinBytes=4294967296\n"));
  CHECK_FALSE(root.exists("/etc/systemd/system/grow-partition.service"));
}

TEST_CASE("a partition of an MBR grows by growpart, before its filesystem does") {
  Plan plan = test::full_plan();
  plan.disk.table = PartitionTableType::mbr;
  plan.packages.emplace_back().name = "cloud-utils-growpart";
  CHECK(
      test::step("partition growth").describe(plan) ==
      std::vector<std::string>{"grow partition 'root' to the end of the disk at boot, by growpart",
                               "write /etc/systemd/system/grow-partition.service"});
  MemoryRoot root = test::sample_root();
  CHECK_THAT(test::message_of([&] { test::apply("partition growth", plan, root); }),
             Equals("error: a partition is to grow, and the image has no '/usr/bin/growpart'\n"
                    "  hint: add the package that holds it, such as 'cloud-utils-growpart', to "
                    "packages.install\n"));
  root.file("/usr/bin/growpart", "", {0755, 0, 0});
  CHECK_THAT(test::message_of([&] { test::apply("partition growth", plan, root); }),
             Catch::Contains("the image has no '/usr/bin/awk'"));
  root.file("/usr/bin/awk", "", {0755, 0, 0});
  test::apply("partition growth", plan, root);
  CHECK_THAT(*root.read("/etc/systemd/system/grow-partition.service"),
             Catch::Contains("\nRequiresMountsFor=/\n") &&
                 Catch::Contains("growpart /dev/$${disk##*/} 3; [ $$? -le 1 ]"));
  CHECK(root.read_link("/etc/systemd/system/local-fs.target.wants/grow-partition.service") ==
        "../grow-partition.service");
  CHECK_THAT(*root.read("/etc/systemd/system/systemd-growfs-root.service.d/grow-partition.conf"),
             Equals("[Unit]\nWants=grow-partition.service\nAfter=grow-partition.service\n"));
  CHECK_FALSE(root.exists("/etc/repart.d"));
}

TEST_CASE("the fstab of a base image keeps its lines, with new identities and what is added") {
  Plan plan = test::sample_plan();
  plan.base.emplace();
  PlannedPartition root_partition =
      test::partition(PartitionType::root, FilesystemType::ext4, "new-root", "/");
  root_partition.base = PlannedOrigin{GiB(4), "old-part", "OLD-root"};
  root_partition.uuid = "new-part";
  plan.disk.partitions = {root_partition, test::partition(PartitionType::linux_data,
                                                          FilesystemType::xfs, "9", "/data")};
  MemoryRoot root;
  root.file("/etc/fstab",
            "# ours\nUUID=old-root / ext4 noatime 0 1\ntmpfs /tmp tmpfs defaults 0 0\n"
            "PARTUUID=OLD-PART /again ext4 ro 0 0");
  test::apply("fstab", plan, root);
  CHECK_THAT(*root.read("/etc/fstab"),
             Equals("# ours\nUUID=new-root / ext4 noatime 0 1\ntmpfs /tmp tmpfs defaults 0 0\n"
                    "PARTUUID=new-part /again ext4 ro 0 0\nUUID=9 /data xfs defaults 0 0\n"));
  CHECK(root.status("/data")->kind == FileKind::directory);
  CHECK(test::step("fstab").describe(plan) ==
        std::vector<std::string>{"write in /etc/fstab: new-part instead of old-part",
                                 "write in /etc/fstab: new-root instead of OLD-root",
                                 "add to /etc/fstab: UUID=9 /data xfs defaults 0 0"});
}

TEST_CASE("the fstab of a base image whose disk stays is left alone") {
  Plan plan = test::sample_plan();
  plan.base.emplace();
  for (PlannedPartition& partition : plan.disk.partitions) {
    partition.base = PlannedOrigin{partition.size, partition.uuid,
                                   partition.filesystem ? partition.filesystem->uuid : ""};
  }
  CHECK_FALSE(test::step("fstab").wanted(plan));
}
