#include "composer/plan/layout.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <set>

using namespace composer;

namespace {

/// A request whose every value stands on a line of its own, so that a test can say which one is to
/// blame: `at` counts up with each value that is written.
class Request {
 public:
  explicit Request(PartitionTableType table = PartitionTableType::gpt, Bytes size = GiB(5)) {
    disk.table = located(table, "disk.table");
    disk.size = located(size, "disk.size");
    boot.firmware = located(Firmware::uefi, "boot.firmware");
    boot.loader = located(Loader::grub, "boot.loader");
  }

  template <typename T>
  Located<T> located(T value, std::string where) {
    return {std::move(value), span(std::move(where))};
  }

  PartitionRequest& add(std::string label, PartitionType type, std::optional<Bytes> size) {
    PartitionRequest partition;
    partition.label = located(label, label + ".label");
    partition.type = located(type, label + ".type");
    if (size) partition.size = located(*size, label + ".size");
    partition.at = span(label);
    return disk.partitions.emplace_back(std::move(partition));
  }

  PartitionRequest& add(const std::string& label, PartitionType type, std::optional<Bytes> size,
                        FilesystemType filesystem, const std::string& mount = {}) {
    PartitionRequest& partition = add(label, type, size);
    partition.filesystem.emplace();
    partition.filesystem->type = located(filesystem, label + ".filesystem");
    if (!mount.empty()) partition.filesystem->mount = located(mount, label + ".mount");
    return partition;
  }

  Request& with_esp(Bytes size = MiB(200)) {
    add("esp", PartitionType::esp, size, FilesystemType::vfat, "/boot/efi");
    return *this;
  }
  Request& with_root(std::optional<Bytes> size = {}) {
    add("root", PartitionType::root, size, FilesystemType::ext4, "/");
    return *this;
  }

  PlannedDisk plan(Architecture arch = Architecture::x86_64) const {
    return plan_disk(disk, boot, arch, "seed");
  }

  /// `where: message` and `  hint` of every problem, in order.
  std::vector<std::string> problems(Architecture arch = Architecture::x86_64) const {
    std::vector<std::string> found;
    try {
      (void)plan(arch);
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      for (const Problem& problem : error.problems()) {
        REQUIRE(problem.at);
        found.push_back(problem.at.source->text + ": " + problem.message);
        if (!problem.hint.empty()) found.push_back("  " + problem.hint);
      }
    }
    return found;
  }

  DiskRequest disk;
  BootRequest boot;

 private:
  Span span(std::string where) {
    // All in one file name, so that problems are sorted by line alone.
    return {std::make_shared<const SourceText>(SourceText{"vm.yaml", std::move(where)}), ++line_, 1,
            1};
  }
  int line_ = 0;
};

using Problems = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "partitions stand one after the other from 1 MiB, and the rest ends before the last MiB") {
  const PlannedDisk disk = Request().with_esp().with_root().plan();
  CHECK(disk.size == GiB(5));
  REQUIRE(disk.partitions.size() == 2);
  const PlannedPartition& esp = disk.partitions[0];
  CHECK(esp.number == 1);
  CHECK(esp.start == MiB(1));
  CHECK(esp.size == MiB(200));
  CHECK(esp.type_id == "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
  const PlannedPartition& root = disk.partitions[1];
  CHECK(root.number == 2);
  CHECK(root.start == MiB(201));
  CHECK(root.size == GiB(5) - MiB(202));
  CHECK(root.type_id == "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
}

TEST_CASE("identities come from the seed and the label alone, and differ from each other") {
  const PlannedDisk disk = Request().with_esp().with_root().plan();
  CHECK(disk.id == "52675482-802b-8d44-b3d0-e21399a17713");
  CHECK(disk.partitions[0].filesystem->uuid == "331C-C978");
  CHECK(disk.partitions[1].uuid == "2165a2c5-391a-8333-8501-1ef3ecea1005");
  CHECK(disk.partitions[1].filesystem->uuid == "dd45ad21-c1a5-85a2-9634-babee956a7ae");

  Request longer;
  longer.add("home", PartitionType::home, GiB(1), FilesystemType::xfs, "/home");
  const PlannedDisk other = longer.with_esp().with_root().plan();
  CHECK(other.partitions[2].uuid == disk.partitions[1].uuid);
  std::set<std::string> ids{other.id};
  for (const PlannedPartition& partition : other.partitions) {
    ids.insert(partition.uuid);
    ids.insert(partition.filesystem->uuid);
  }
  CHECK(ids.size() == 7);
}

TEST_CASE("an MBR has a disk id, PARTUUIDs of it, types of two digits, and the last MiB") {
  Request request(PartitionTableType::mbr, GiB(1));
  request.boot.firmware.value = Firmware::bios;
  request.add("swap", PartitionType::swap, MiB(64), FilesystemType::swap);
  const PlannedDisk disk = request.with_root().plan();
  CHECK(disk.id == "0x52675482");
  CHECK(disk.partitions[0].uuid == "52675482-01");
  CHECK(disk.partitions[0].type_id == "82");
  CHECK(disk.partitions[1].uuid == "52675482-02");
  CHECK(disk.partitions[1].type_id == "83");
  CHECK(disk.partitions[1].start + disk.partitions[1].size == GiB(1));
}

TEST_CASE("the root's type says the architecture") {
  CHECK(Request().with_esp().with_root().plan(Architecture::aarch64).partitions[1].type_id ==
        "B921B045-1DF0-41C3-AF44-4C6F280D3FAE");
}

TEST_CASE(
    "filesystems get the partition's label, in capitals for vfat, unless they have their own") {
  Request request;
  request.with_esp().with_root();
  request.disk.partitions[1].filesystem->label = request.located<std::string>("Linux", "label");
  request.disk.partitions[1].filesystem->mkfs_options = {request.located<std::string>("-m", "o"),
                                                         request.located<std::string>("5", "o")};
  const PlannedDisk disk = request.plan();
  CHECK(disk.partitions[0].filesystem->label == "ESP");
  CHECK(disk.partitions[1].filesystem->label == "Linux");
  CHECK(disk.partitions[1].label == "root");
  CHECK(disk.partitions[1].filesystem->mkfs_options == std::vector<std::string>{"-m", "5"});
}

TEST_CASE("an ESP is mounted for root alone unless the blueprint says how") {
  Request request;
  request.with_esp().with_root();
  CHECK(request.plan().partitions[0].filesystem->mount_options ==
        std::vector<std::string>{"defaults", "umask=0077", "noexec", "nodev", "nosuid",
                                 "nosymfollow"});
  CHECK(request.plan().partitions[1].filesystem->mount_options.empty());
  request.disk.partitions[0].filesystem->mount_options = {
      request.located<std::string>("umask=0022", "options")};
  CHECK(request.plan().partitions[0].filesystem->mount_options ==
        std::vector<std::string>{"umask=0022"});
}

TEST_CASE("a partition past the end of the disk is refused with what is left and what would do") {
  Request request;
  request.with_esp();
  request.add("root", PartitionType::root, GiB(5), FilesystemType::ext4, "/");
  request.add("home", PartitionType::home, GiB(1), FilesystemType::xfs, "/home");
  CHECK(request.problems() ==
        Problems{"root.size: partition 'root' needs 5 GiB but 4.8 GiB is left",
                 "  all partitions together need a disk of at least 6346 MiB"});
}

TEST_CASE("the disk may be full to the last MiB, and not beyond") {
  CHECK(Request(PartitionTableType::gpt, GiB(1)).with_esp().with_root(MiB(822)).problems() ==
        Problems{});
  // Sizes that round to the same text are told to the MiB.
  CHECK(Request(PartitionTableType::gpt, GiB(8)).with_esp().with_root(MiB(7991)).problems() ==
        Problems{"root.size: partition 'root' needs 7991 MiB but 7990 MiB is left",
                 "  all partitions together need a disk of at least 8193 MiB"});
  CHECK(Request(PartitionTableType::gpt, GiB(1)).with_esp().with_root(MiB(823)).problems() ==
        Problems{"root.size: partition 'root' needs 823 MiB but 822 MiB is left",
                 "  all partitions together need a disk of at least 1025 MiB"});
}

TEST_CASE("the rest must have room for its filesystem") {
  Request request(PartitionTableType::gpt, MiB(400));
  request.with_esp();
  request.add("root", PartitionType::root, {}, FilesystemType::xfs, "/");
  CHECK(request.problems() ==
        Problems{"root: partition 'root' needs at least 300 MiB but 198 MiB is left",
                 "  all partitions together need a disk of at least 502 MiB"});
  Request full(PartitionTableType::gpt, MiB(202));
  CHECK(full.with_esp().with_root().problems() ==
        Problems{"root: partition 'root' needs at least 8 MiB but nothing is left",
                 "  all partitions together need a disk of at least 210 MiB"});
}

TEST_CASE("sizes beyond all disks do not overflow") {
  Request request;
  const Bytes huge = round_down({(std::uint64_t{1} << 63) - 1}, MiB(1));
  request.with_esp().with_root(huge);
  request.add("data", PartitionType::linux_data, huge, FilesystemType::ext4, "/data");
  request.add("more", PartitionType::linux_data, huge, FilesystemType::ext4, "/more");
  const Problems problems = request.problems();
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].starts_with("root.size: partition 'root' needs "));
  CHECK(problems[0].ends_with(" but 4.8 GiB is left"));
  request.disk.size.value = huge;
  CHECK(request.problems().at(0).starts_with("disk.size: a disk of "));
}

TEST_CASE("sizes that are not whole MiB, or nothing, are refused together") {
  Request request(PartitionTableType::gpt, GiB(5) + KiB(1));
  request.with_esp(MiB(200) + KiB(4)).with_root(Bytes{0});
  CHECK(request.problems() ==
        Problems{"disk.size: the disk's size of 5368710144 bytes is not a whole number of MiB, and "
                 "Azure refuses such a disk",
                 "esp.size: the size of partition 'esp' is not a whole number of MiB",
                 "root.size: partition 'root' has a size of nothing"});
  CHECK(Request(PartitionTableType::gpt, MiB(3)).with_esp().with_root().problems() ==
        Problems{"disk.size: a disk of 3 MiB is too small for any partition"});
  CHECK(Request(PartitionTableType::gpt, Bytes{0}).with_esp().with_root().problems() ==
        Problems{"disk.size: a disk of 0 bytes is too small for any partition"});
}

TEST_CASE("only the last partition takes the rest") {
  Request request;
  request.with_root().with_esp();
  CHECK(request.problems() ==
        Problems{"root: partition 'root' takes the rest of the disk, so it must be the last"});
}

TEST_CASE("a partition too small for its filesystem is refused") {
  Request request;
  request.with_esp(MiB(2));
  request.add("root", PartitionType::root, MiB(299), FilesystemType::xfs, "/");
  request.add("home", PartitionType::home, MiB(108), FilesystemType::btrfs, "/home");
  request.add("srv", PartitionType::srv, MiB(7), FilesystemType::ext4, "/srv");
  CHECK(
      request.problems() ==
      Problems{"esp.size: partition 'esp' of 2 MiB is too small for vfat, which needs at least "
               "3 MiB",
               "root.size: partition 'root' of 299 MiB is too small for xfs, which needs at least "
               "300 MiB",
               "home.size: partition 'home' of 108 MiB is too small for btrfs, which needs at "
               "least 109 MiB",
               "srv.size: partition 'srv' of 7 MiB is too small for ext4, which needs at least "
               "8 MiB"});
}

TEST_CASE("vfat ends at 2 TiB, asked for or got as the rest") {
  Request request(PartitionTableType::gpt, TiB(8));
  request.with_esp().with_root(GiB(5));
  request.add("data", PartitionType::linux_data, TiB(3), FilesystemType::vfat, "/data");
  CHECK(request.problems() ==
        Problems{"data.size: partition 'data' of 3 TiB is too large for vfat, "
                 "which stays below 2 TiB"});
  request.disk.partitions.back().size.reset();
  CHECK(request.problems().at(0).starts_with("data: partition 'data' would get "));
}

TEST_CASE("an MBR holds four partitions, and none past 2 TiB") {
  Request request(PartitionTableType::mbr);
  request.boot.firmware.value = Firmware::bios;
  request.with_root(GiB(1));
  for (const char* name : {"a", "b", "c"}) {
    request.add(name, PartitionType::linux_data, MiB(16), FilesystemType::ext4,
                fmt::format("/{}", name));
  }
  CHECK(request.problems().empty());
  request.add("d", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/d");
  CHECK(request.problems() ==
        Problems{"d: partition 'd' is one too many: an MBR table holds 4 partitions",
                 "  write table: gpt; logical partitions are not made"});

  Request large(PartitionTableType::mbr, TiB(3));
  large.boot.firmware.value = Firmware::bios;
  large.with_root();
  CHECK(large.problems() ==
        Problems{"root: partition 'root' ends after 2 TiB, where an MBR cannot reach",
                 "  write table: gpt"});
}

TEST_CASE("mount points are unique, mountable and outside of vfat") {
  Request request;
  request.with_esp().with_root(GiB(1));
  request.add("two", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/");
  request.add("keys", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/boot/efi/keys");
  request.add("efix", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/boot/efix");
  request.add("proc", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/proc/x");
  request.add("etc", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/etc");
  request.add("lib", PartitionType::linux_data, MiB(16), FilesystemType::ext4, "/lib");
  request.add("swap", PartitionType::swap, MiB(16), FilesystemType::swap, "/swap");
  CHECK(
      request.problems() ==
      Problems{"two.mount: '/' is already the mount point of partition 'root'",
               "keys.mount: '/boot/efi/keys' lies in the vfat filesystem that is mounted at "
               "'/boot/efi'",
               "proc.mount: partition 'proc' cannot be mounted at '/proc/x': the system mounts a "
               "filesystem of its own at '/proc'",
               "etc.mount: partition 'etc' cannot be mounted at '/etc': '/etc' says what is "
               "mounted, so it belongs to the root filesystem",
               "lib.mount: partition 'lib' cannot be mounted at '/lib': '/lib' is a symbolic link "
               "into /usr",
               "swap.mount: partition 'swap' holds swap, which is not mounted anywhere"});
}

TEST_CASE("a disk without a root filesystem, or with vfat as root, is refused") {
  CHECK(Request().with_esp().problems() ==
        Problems{"disk.table: no partition is mounted at '/'",
                 "  add one, e.g. {label: root, type: root, size: rest, filesystem: ext4, mount: "
                 "/}"});
  Request vfat;
  vfat.with_esp().add("root", PartitionType::linux_data, {}, FilesystemType::vfat, "/");
  CHECK(vfat.problems() == Problems{"root.mount: the root filesystem cannot be vfat, which has "
                                    "neither owners nor symbolic links"});
}

TEST_CASE("a partition's type and its filesystem must agree") {
  Request request;
  request.add("esp", PartitionType::esp, MiB(200), FilesystemType::ext4, "/boot/efi");
  request.add("bios", PartitionType::bios_boot, MiB(1), FilesystemType::swap);
  request.add("swap", PartitionType::swap, MiB(16), FilesystemType::ext4, "/swap");
  request.add("none", PartitionType::swap, MiB(16));
  request.add("more", PartitionType::linux_data, MiB(16), FilesystemType::swap);
  request.add("var", PartitionType::var, MiB(16), FilesystemType::ext4, "/srv");
  request.with_root();
  CHECK(
      request.problems() ==
      Problems{"esp.filesystem: partition 'esp' of type 'esp' needs the filesystem 'vfat', the "
               "only one that every firmware reads",
               "bios.filesystem: partition 'bios' of type 'bios-boot' cannot have a filesystem: "
               "the boot loader's code is written into it",
               "swap.filesystem: partition 'swap' of type 'swap' cannot hold a filesystem of type "
               "'ext4'",
               "none: partition 'none' of type 'swap' has no filesystem 'swap', so nothing could "
               "use it",
               "more.type: partition 'more' holds swap but is of type 'linux-data'",
               "  write type: swap",
               "var.mount: partition 'var' is of type 'var', which is mounted at '/var', not at "
               "'/srv'",
               "  write type: linux-data for any other mount point"});
}

TEST_CASE("a partition's label that its filesystem cannot hold asks for another") {
  Request request;
  request.add("EFI-SYSTEM-PART", PartitionType::esp, MiB(200), FilesystemType::vfat, "/boot/efi");
  request.add("a.b", PartitionType::linux_data, MiB(16), FilesystemType::vfat, "/data");
  request.with_root();
  CHECK(request.problems() ==
        Problems{"EFI-SYSTEM-PART.label: 'EFI-SYSTEM-PART' cannot also be the label of the vfat "
                 "filesystem, which has at most 11 bytes",
                 "  give the filesystem a label of its own",
                 "a.b.label: 'a.b' cannot also be the label of the vfat filesystem, which has none "
                 "of *?.,;:/\\|+=<>[]\"",
                 "  give the filesystem a label of its own"});
  request.disk.partitions[0].filesystem->label = request.located<std::string>("EFI", "x");
  request.disk.partitions[1].filesystem->label = request.located<std::string>("AB", "x");
  CHECK(request.problems().empty());
}

TEST_CASE("a firmware without its partition is refused") {
  Request request;
  request.boot.firmware.value = Firmware::both;
  request.with_root();
  CHECK(request.problems() ==
        Problems{"boot.firmware: firmware 'both' starts from a partition of type 'esp', and there "
                 "is none",
                 "  add {label: esp, type: esp, size: 200 MiB, filesystem: vfat, mount: /boot/efi}",
                 "boot.firmware: firmware 'both' starts from a partition of type 'bios-boot' on a "
                 "GPT disk, and there is none",
                 "  add {label: bios, type: bios-boot, size: 1 MiB}"});
  request.disk.partitions.clear();
  request.add("bios", PartitionType::bios_boot, MiB(1));
  request.add("again", PartitionType::bios_boot, MiB(1));
  request.add("esp", PartitionType::esp, MiB(200), FilesystemType::vfat);
  request.with_root();
  CHECK(request.problems() ==
        Problems{"again.type: partition 'again' is a second one of type 'bios-boot', after 'bios'",
                 "esp: partition 'esp' of type 'esp' has no mount point, so no boot loader would "
                 "come into it",
                 "  add mount: /boot/efi"});
  CHECK(Request().with_esp().with_root().problems(Architecture::aarch64).empty());
  request.boot.firmware.value = Firmware::bios;
  CHECK(request.problems(Architecture::aarch64).front() ==
        "boot.firmware: firmware 'bios' does not exist on aarch64");
}

TEST_CASE("an MBR has no bios-boot partition and needs none") {
  Request request(PartitionTableType::mbr);
  request.boot.firmware.value = Firmware::bios;
  request.add("bios", PartitionType::bios_boot, MiB(1));
  request.with_root();
  CHECK(request.problems() ==
        Problems{"bios.type: partition 'bios' of type 'bios-boot' belongs to a GPT disk; with an "
                 "MBR the boot loader lives in front of the first partition",
                 "  leave the partition out"});
}

TEST_CASE("what 'rest' must come to is held against the disk") {
  Request request;
  request.with_esp();
  request.with_root().disk.partitions.back().minimum_size =
      request.located(GiB(6), "root.minimum_size");
  CHECK(request.problems() ==
        Problems{"root.minimum_size: partition 'root' needs at least 6 GiB but 4.8 GiB is left",
                 "  all partitions together need a disk of at least 6346 MiB"});
  request.disk.partitions.back().minimum_size->value = GiB(4);
  CHECK(request.plan().partitions.back().size == GiB(5) - MiB(202));
}

TEST_CASE("subvolumes are planned by mount point, and a root may be one") {
  Request request;
  request.with_esp();
  PartitionRequest& root = request.add("root", PartitionType::root, {}, FilesystemType::btrfs);
  root.grow = request.located(true, "root.grow");
  root.filesystem->compression = request.located(std::string("zstd"), "root.compression");
  const auto subvolume = [&](const std::string& name, const std::string& mount) {
    SubvolumeRequest made;
    made.name = request.located(name, name + ".name");
    if (!mount.empty()) made.mount = request.located(mount, name + ".mount");
    return made;
  };
  root.filesystem->subvolumes = {subvolume("@home", "/home"), subvolume("@", "/"),
                                 subvolume("snapshots", "")};
  const PlannedDisk disk = request.plan();
  const PlannedPartition& planned = disk.partitions.back();
  CHECK(planned.grow);
  CHECK(planned.filesystem->compression == "zstd");
  CHECK(planned.filesystem->mount.empty());
  REQUIRE(planned.filesystem->subvolumes.size() == 3);
  CHECK(planned.filesystem->subvolumes[0].name == "snapshots");
  CHECK(planned.filesystem->subvolumes[1].mount == "/");
  CHECK(planned.filesystem->subvolumes[2].mount == "/home");
  CHECK(disk.mounted_at("/home") == &planned);
  CHECK(disk.mounted_at("/srv") == nullptr);

  request.boot.kernel_arguments = {request.located(std::string("rootflags=noatime"), "argument")};
  CHECK(request.problems() ==
        Problems{"argument: 'rootflags=noatime' would replace 'rootflags=subvol=/@', which the "
                 "root in a subvolume needs",
                 "  give the options as mount_options of the subvolume"});
  request.boot.kernel_arguments.clear();
  request.disk.partitions.back().filesystem->subvolumes.push_back(subvolume("@efi", "/boot/efi/x"));
  CHECK(request.problems() ==
        Problems{"@efi.mount: '/boot/efi/x' lies in the vfat filesystem that is mounted at "
                 "'/boot/efi'"});
}

TEST_CASE("partition types are those of the Discoverable Partitions Specification") {
  const auto type_of = [](PartitionType type, Architecture arch) {
    Request request;
    request.with_esp();
    request.with_root(GiB(1));
    if (type == PartitionType::root) return request.plan(arch).partitions.back().type_id;
    const FilesystemType filesystem =
        type == PartitionType::swap ? FilesystemType::swap : FilesystemType::ext4;
    request.add("other", type, MiB(100), filesystem);
    return request.plan(arch).partitions.back().type_id;
  };
  for (const Architecture arch : {Architecture::x86_64, Architecture::aarch64}) {
    CHECK(type_of(PartitionType::home, arch) == "933AC7E1-2EB4-4F13-B844-0E14E2AEF915");
    CHECK(type_of(PartitionType::srv, arch) == "3B8F8425-20E0-4F3B-907F-1A25A76F98E8");
    CHECK(type_of(PartitionType::var, arch) == "4D21B016-B534-45C2-A9FB-5C16E091FD2D");
    CHECK(type_of(PartitionType::xbootldr, arch) == "BC13C2FF-59E6-4262-A352-B275FD6F7172");
    CHECK(type_of(PartitionType::swap, arch) == "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F");
    CHECK(type_of(PartitionType::linux_data, arch) == "0FC63DAF-8483-4772-8E79-3D69D8477DE4");
  }
  CHECK(type_of(PartitionType::root, Architecture::x86_64) ==
        "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
  CHECK(type_of(PartitionType::root, Architecture::aarch64) ==
        "B921B045-1DF0-41C3-AF44-4C6F280D3FAE");
}
