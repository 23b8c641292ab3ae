#include "blueprint_text.h"

using namespace composer::test;

namespace {

/// The one problem of a text, or how many there are.
std::string only(const std::string& text) {
  const Problems problems = problems_of(text);
  return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
}

std::string with_system(const std::string& more) {
  return with("  hostname: web\n", "  hostname: web\n" + more);
}

}  // namespace

TEST_CASE("a repository has one source, and a key for what is checked") {
  CHECK(only(with("baseurl: /srv/base", "baseurl: /srv/base\n    metalink: /srv/link")) ==
        "8: a repository with both 'baseurl' and 'metalink' [keep one of them; 'baseurl' may list "
        "several URLs]");
  CHECK(only(with("    baseurl: /srv/base\n", "")) ==
        "6: a repository without a source [add 'baseurl:' and the URL of the folder that holds "
        "'repodata']");
  CHECK(only(with("baseurl: /srv/base", "baseurl: []")) ==
        "7: an empty list of URLs [give at least one]");
  CHECK(only(with("    gpgkey: base.asc\n", "")) ==
        "6: repository 'base' has no 'gpgkey', and its packages' signatures are checked [add "
        "'gpgkey:' and the URL or path of its key]");
  CHECK(only(with("gpgkey: base.asc", "gpgkey: []")).find("has no 'gpgkey'") != std::string::npos);
  CHECK(only(with("gpgkey: base.asc", "package_signatures: false")) == "0 problems");
  CHECK(only(with("gpgkey: base.asc", "package_signatures: false\n    metadata_signature: true")) ==
        "9: 'metadata_signature' without a key to check it against [add 'gpgkey:' and the URL or "
        "path of the repository's key]");
}

TEST_CASE("at least one repository is enabled") {
  CHECK(only(with("id: base", "id: base\n    enabled: false")) ==
        "5: no repository is enabled [enable one of them]");
  CHECK(only(with("id: base", "id: base\n    enabled: no")).find("'no' is neither") !=
        std::string::npos);
}

TEST_CASE("variables in URLs stand for something") {
  CHECK(only(with("/srv/base", "/srv/$basearch/$arch")) == "0 problems");
  CHECK(only(with("/srv/base", "/srv/$releasever/x")) ==
        "7: '$releasever' stands for nothing [add 'releasever:' at the top level]");
  CHECK(only(with("/srv/base", "/srv/${releasever}/x", and_also("releasever: 4.0\n"))) ==
        "0 problems");
  CHECK(only(with("/srv/base", "[/srv/a, /srv/$infra]")) ==
        "7: unknown variable '$infra' ['$basearch', '$arch' and '$releasever' are known]");
  CHECK(only(with("/srv/base", "/srv/$releasever", and_also("releasever: 'a b'\n")))
            .find("is not a valid release version") != std::string::npos);
}

TEST_CASE("packages are asked for once, and not excluded as well") {
  CHECK(only(with("[kernel, bash]", "[kernel, bash, kernel]")) ==
        "10: package 'kernel' is already given on line 10 [keep one of the two]");
  CHECK(only(with("[kernel, bash]", "[kernel, bash]\n  exclude: [bash]")) ==
        "11: 'bash' is excluded here and asked for on line 10 [keep one of the two]");
  CHECK(only(with("[kernel, bash]", "[]")) ==
        "10: no package is asked for [name at least one: '- filesystem']");
}

TEST_CASE("the root filesystem is one that can be it, on a root partition") {
  CHECK(
      only(with("filesystem: ext4, mount: /}", "filesystem: vfat, mount: /}")) ==
      "18: the root filesystem cannot be vfat, which has no owners, links or modes [use ext4, xfs "
      "or btrfs]");
  CHECK(only(with("type: root", "type: linux-data")) ==
        "18: partition 'root' is mounted on '/' but is of type 'linux-data' [write 'type: root']");
  CHECK(
      only(with("    - {label: root, type: root, size: rest, filesystem: ext4, mount: /}\n", "")) ==
      "14: no partition is mounted on '/' [add '- {label: root, type: root, size: rest, "
      "filesystem: ext4, mount: /}']");
  CHECK(only(with("mount: /}", "mount: root}")).find("does not begin with '/'") !=
        std::string::npos);
}

TEST_CASE("a type of partition has its filesystem and its mount point") {
  CHECK(only(with("filesystem: vfat", "filesystem: ext4")) ==
        "16: partition 'esp' of type 'esp' is not vfat, and no firmware reads another [write "
        "'filesystem: vfat']");
  CHECK(only(with(", filesystem: vfat, mount: /boot/efi", "")).find("is not vfat") !=
        std::string::npos);
  CHECK(
      only(with("mount: /boot/efi", "mount: /efi")) ==
      "16: partition 'esp' of type 'esp' is mounted on '/efi' [mount it on '/boot/efi', where the "
      "packages put their files]");
  CHECK(only(with(", mount: /boot/efi", "")) ==
        "16: partition 'esp' of type 'esp' is not mounted [add 'mount: /boot/efi']");
  CHECK(
      only(with("type: linux-data", "type: home")) ==
      "17: partition 'data' of type 'home' is mounted on '/data' [mount it on '/home', or give it "
      "the type 'linux-data']");
  CHECK(only(with("size: 1 MiB}", "size: 1 MiB, filesystem: ext4}")) ==
        "15: partition 'bios' of type 'bios-boot' has a filesystem, which GRUB's code would "
        "overwrite [remove 'filesystem']");
  CHECK(
      only(with("size: 1 MiB}", "size: 1 MiB, mount: /x}")) ==
      "15: partition 'bios' has 'mount' but no 'filesystem' [remove 'mount': a bios-boot partition "
      "holds GRUB's code]");
}

TEST_CASE("swap is swap, and mounted nowhere") {
  const std::string data = "type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data";
  CHECK(only(with(data, "type: swap, size: 1 GiB, filesystem: swap")) == "0 problems");
  CHECK(only(with(data, "type: swap, size: 1 GiB, filesystem: swap, mount_options: [discard]")) ==
        "0 problems");
  CHECK(only(with(data, "type: swap, size: 1 GiB, filesystem: swap, mount: /swap")) ==
        "17: partition 'data' holds swap, which is mounted nowhere [remove 'mount']");
  CHECK(only(with(data, "type: swap, size: 1 GiB, filesystem: xfs")) ==
        "17: partition 'data' of type 'swap' does not hold swap [write 'filesystem: swap']");
  CHECK(only(with(data, "type: swap, size: 1 GiB")).find("does not hold swap") !=
        std::string::npos);
  CHECK(only(with(data, "type: linux-data, size: 1 GiB, filesystem: swap")) ==
        "17: partition 'data' holds swap but is of another type [write 'type: swap']");
}

TEST_CASE("what is said of a filesystem needs one") {
  CHECK(only(with("filesystem: xfs, ", "")) ==
        "17: partition 'data' has 'mount' but no 'filesystem' [add 'filesystem:', such as ext4]");
  CHECK(only(with("filesystem: xfs, mount: /data", "mkfs_options: [\"-K\"]"))
            .find("'mkfs_options'") != std::string::npos);
  CHECK(only(with("mount: /data", "mount_options: [ro]")) ==
        "17: partition 'data' has 'mount_options' but no 'mount' [add 'mount:' and where]");
  CHECK(only(with(", mount: /data", "")) == "0 problems");
}

TEST_CASE("a filesystem label fits") {
  const auto label = [](const std::string& type, const std::string& text) {
    return only(with("filesystem: xfs", "filesystem: " + type + ", filesystem_label: " + text));
  };
  CHECK(label("xfs", std::string(12, 'a')) == "0 problems");
  CHECK(label("xfs", std::string(13, 'a')) ==
        "17: filesystem label 'aaaaaaaaaaaaa' is 13 bytes long [xfs has room for 12]");
  CHECK(label("ext4", std::string(16, 'a')) == "0 problems");
  CHECK(label("ext4", std::string(17, 'a')).find("ext4 has room for 16") != std::string::npos);
  CHECK(label("ext4", "üüüüüüüüü").find("is 18 bytes long") != std::string::npos);
  CHECK(label("vfat", std::string(11, 'A')) == "0 problems");
  CHECK(label("vfat", std::string(12, 'A')).find("vfat has room for 11") != std::string::npos);
  CHECK(label("vfat", "A.B") ==
        "17: filesystem label 'A.B' holds a character that vfat forbids [use letters, digits, '_' "
        "and '-']");
  CHECK(label("btrfs", std::string(255, 'a')) == "0 problems");
  CHECK(label("btrfs", std::string(256, 'a')).find("btrfs has room for 255") != std::string::npos);
}

TEST_CASE("labels, mount points and filesystem labels are given once") {
  CHECK(only(with("label: data", "label: esp")) ==
        "17: label 'esp' is already given on line 16 [give each partition a label of its own]");
  CHECK(only(with("mount: /data", "mount: /")) ==
        "17: partition 'data' is mounted on '/' but is of type 'linux-data' [write 'type: root']");
  CHECK(only(with("type: bios-boot, size: 1 MiB",
                  "type: linux-data, size: 1 MiB, filesystem: ext4, mount: /data",
                  with("firmware: both", "firmware: uefi"))) ==
        "17: mount point '/data' is already given on line 15 [give each partition a mount point of "
        "its own]");
  CHECK(only(with("mount: /data", "mount: /data, filesystem_label: a",
                  with("mount: /}", "mount: /, filesystem_label: a}")))
            .find("filesystem label 'a' is already given on line 17") != std::string::npos);
  CHECK(only(with("mount: /data", "mount: /data, mount_options: [ro, ro]")) ==
        "17: mount option 'ro' is already given on line 17 [keep one of the two]");
}

TEST_CASE("the rest is for the last partition") {
  CHECK(only(with("size: 1 GiB", "size: rest")) ==
        "17: 'rest' leaves nothing for the partitions after this one [put this partition last, or "
        "give it a size]");
}

TEST_CASE("a partition table has room for its partitions") {
  std::string many;
  for (int i = 0; i < 130; ++i) {
    many += "    - {label: p" + std::to_string(i) + ", type: linux-data, size: 1 MiB}\n";
  }
  CHECK(only(with("    - {label: data", many + "    - {label: data"))
            .find("a GPT has room for 128 partitions") != std::string::npos);
  const std::string mbr =
      with("table: gpt", "table: mbr", with("firmware: both", "firmware: bios"));
  CHECK(problems_of(mbr) ==
        Problems{"15: a 'bios-boot' partition on an MBR disk, where GRUB's code "
                 "has its place before the first partition [remove it]"});
  const std::string four = with("    - {label: bios, type: bios-boot, size: 1 MiB}\n", "", mbr);
  CHECK(only(four) == "0 problems");
  const std::string five =
      with("    - {label: data",
           "    - {label: a, type: srv, size: 1 MiB, filesystem: ext4, mount: /srv}\n    - {label: "
           "b, type: var, size: 1 MiB, filesystem: ext4, mount: /var}\n    - {label: data",
           four);
  CHECK(only(five) == "19: an MBR has room for four partitions [write 'table: gpt', or use fewer]");
}

TEST_CASE("mkfs is told how, never where or from what") {
  const auto options = [](const std::string& type, const std::string& list) {
    return only(with("filesystem: xfs", "filesystem: " + type + ", mkfs_options: " + list));
  };
  CHECK(options("ext4", "['-m', '1', '-O^64bit', '-E', 'lazy_itable_init=0']") == "0 problems");
  CHECK(options("xfs", "['-K', '-i', 'nrext64=0', '-m', 'bigtime=1']") == "0 problems");
  CHECK(options("btrfs", "['--nodesize=16384', '--csum', xxhash]") == "0 problems");
  CHECK(options("vfat", "['-F', '32', '-a']") == "0 problems");
  CHECK(
      options("ext4", "['-d', '/root']") ==
      "17: '-d' is not an mkfs option that may be given for ext4 [these may: -b -C -E -g -G -i -I "
      "-J -m -N -O -T]");
  CHECK(options("ext4", "['/dev/sda']").find("'/dev/sda' is not an mkfs option") !=
        std::string::npos);
  CHECK(options("ext4", "[sda]").find("'sda' is not an mkfs option") != std::string::npos);
  CHECK(options("ext4", "['-m', '1', 'sda']").find("'sda' is not an mkfs option") !=
        std::string::npos);
  CHECK(options("ext4", "['-L', root]").find("give the label as 'filesystem_label'") !=
        std::string::npos);
  CHECK(options("ext4", "['-U', random]").find("UUIDs come from 'identity_seed'") !=
        std::string::npos);
  CHECK(options("ext4", "['-J', 'device=sda']") ==
        "17: 'device=sda' names a file or device of the build machine [options say how the "
        "filesystem is made, and nothing else]");
  CHECK(options("xfs", "['-l', 'size=64m,logdev=x']").find("names a file or device") !=
        std::string::npos);
  CHECK(options("xfs", "['-d', 'file,name=x']").find("names a file or device") !=
        std::string::npos);
  CHECK(options("ext4", "['-T/x']").find("'/x' names a file") != std::string::npos);
  CHECK(options("ext4", "['-m']") ==
        "17: mkfs option '-m' has no value [add its value as the next entry]");
  CHECK(options("ext4", "['-m', '-n']") ==
        "17: '-n' stands where an option's value belongs [options say how the filesystem is made, "
        "and nothing else]");
  CHECK(options("vfat", "['-aF']").find("is not an mkfs option") != std::string::npos);
}

TEST_CASE("firmware finds what it starts from") {
  const std::string bios = "    - {label: bios, type: bios-boot, size: 1 MiB}\n";
  const std::string esp =
      "    - {label: esp, type: esp, size: 100 MiB, filesystem: vfat, mount: /boot/efi}\n";
  CHECK(only(with(bios, "")) ==
        "19: firmware 'both' on a GPT disk needs a partition of type 'bios-boot' [add '- {label: "
        "bios, type: bios-boot, size: 1 MiB}' as the first]");
  CHECK(only(with(esp, "")) ==
        "19: firmware 'both' needs a partition of type 'esp' [add '- {label: esp, type: esp, size: "
        "200 MiB, filesystem: vfat, mount: /boot/efi}']");
  CHECK(problems_of(with(bios, "", with(esp, ""))).size() == 2);
  CHECK(only(with(bios, "", with("firmware: both", "firmware: uefi"))) == "0 problems");
  CHECK(only(with(esp, "", with("firmware: both", "firmware: bios"))) == "0 problems");
  CHECK(only(with("firmware: both", "firmware: bios")) == "0 problems");
  CHECK(only(with("firmware: both", "firmware: uefi")) ==
        "15: a 'bios-boot' partition, and the firmware is 'uefi' alone [remove it, or write "
        "'firmware: both']");
  CHECK(only(with("table: gpt", "table: mbr",
                  with(bios, "", with("firmware: both", "firmware: uefi")))) ==
        "19: firmware 'uefi' on an MBR disk [write 'table: gpt' in 'disk'; Hyper-V's generation 2 "
        "boots no other]");
  CHECK(only(with("type: esp", "type: espp")) ==
        "16: unknown partition type 'espp' [did you mean 'esp'?]");
  CHECK(only(with("label: data, type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data",
                  "label: data, type: bios-boot, size: 1 MiB")) ==
        "17: a second partition of type 'bios-boot' [keep one of them]");
}

TEST_CASE("aarch64 boots by UEFI") {
  CHECK(only(with("x86_64", "aarch64")) ==
        "20: firmware 'both' on aarch64, which has no BIOS [write 'firmware: uefi']");
  CHECK(only(with("x86_64", "aarch64",
                  with("    - {label: bios, type: bios-boot, size: 1 MiB}\n", "",
                       with("firmware: both", "firmware: uefi")))) == "0 problems");
}

TEST_CASE("users and groups are given once, with numbers of their own") {
  CHECK(only(with_system("  users: [{name: a}, {name: a}]\n")) ==
        "23: user 'a' is already given on line 23 [keep one of the two]");
  CHECK(only(with_system("  users: [{name: a, uid: 7}, {name: b, uid: 7}]\n")) ==
        "23: uid '7' is already given on line 23 [keep one of the two]");
  CHECK(only(with_system("  users: [{name: a, uid: 7}, {name: a, uid: 7}]\n")) ==
        "23: user 'a' is already given on line 23 [keep one of the two]");
  CHECK(only(with_system("  groups: [{name: a, gid: 7}, {name: b, gid: 7}]\n")) ==
        "23: gid '7' is already given on line 23 [keep one of the two]");
  CHECK(only(with_system("  users: [{name: a, groups: [wheel, wheel]}]\n")) ==
        "23: group 'wheel' is already given on line 23 [keep one of the two]");
  CHECK(only(with_system("  users: [{name: a, uid: 0}]\n")) ==
        "23: uid 0 is root's, not 'a''s [use another number]");
  CHECK(only(with_system("  users: [{name: root, uid: 5}]\n")) ==
        "23: root's uid is 0, not 5 [remove 'uid']");
  CHECK(only(with_system("  users: [{name: root, uid: 0}]\n")) == "0 problems");
  CHECK(only(with_system("  groups: [{name: a, gid: 65535}]\n")) ==
        "23: gid 65535 means 'none' to older system calls [use another number]");
}

TEST_CASE("each user has a home of its own") {
  CHECK(only(with_system("  users:\n"
                         "    - {name: a, ssh_keys: [ssh-ed25519 "
                         "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA]}\n"
                         "    - {name: b, home: /home/a}\n")) ==
        "25: '/home/a' is the home of user 'a' already, given on line 24 [give each user a home "
        "of its own]");
  CHECK(only(with_system("  users:\n"
                         "    - {name: a, home: /root, ssh_keys: [ssh-ed25519 "
                         "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA]}\n"
                         "    - {name: root}\n")) ==
        "25: '/root' is the home of user 'a' already, given on line 24 [give each user a home of "
        "its own]");
  CHECK(only(with_system("  users: [{name: a}, {name: b, home: /home/c}]\n")) == "0 problems");
  CHECK(only(with_system("  users: [{name: a, home: /none}, {name: b, home: /none}]\n")) ==
        "0 problems");
}

TEST_CASE("a unit is on or off, not both") {
  CHECK(only(with_system("  services: {enable: [a], disable: [a.service]}\n")) ==
        "23: unit 'a.service' is enabled here and disabled on line 23 [keep one of the two]");
  CHECK(only(with_system("  services: {enable: [a], mask: [a]}\n")).find("masked on line 23") !=
        std::string::npos);
  CHECK(only(with_system("  services: {enable: [a.socket], mask: [a]}\n")) == "0 problems");
  CHECK(only(with_system("  services: {enable: [a, a.service]}\n")) ==
        "23: unit 'a.service' is already given on line 23 [keep one of the two]");
  CHECK(only(with_system("  services: {disable: [a], mask: [a]}\n")) == "0 problems");
  CHECK(
      only(with_system("  services: {disable: [a]}\n") + "tests: {boot: {services: [a]}}\n") ==
      "26: unit 'a.service' is expected to run here and disabled on line 23 [keep one of the two]");
}

TEST_CASE("what systemctl cannot switch is not switched") {
  CHECK(only(with_system("  services: {enable: [dev-sda.device]}\n")) ==
        "23: cannot enable 'dev-sda.device': devices and scopes come and go by themselves [name a "
        "service, socket, timer or target]");
  CHECK(only(with_system("  services: {disable: [session-1.scope]}\n"))
            .find("cannot disable 'session-1.scope'") != std::string::npos);
  // A template may have a default instance.
  CHECK(only(with_system(
            "  services: {enable: ['getty@.service', 'x@y'], mask: [b.device, 'c@']}\n")) ==
        "0 problems");
  CHECK(only(and_also("tests: {boot: {services: [dev-sda.device]}}\n")) == "0 problems");
}

TEST_CASE("a file has one content, and is the blueprint's to write") {
  const auto file = [](const std::string& keys) {
    return only(with_system("  files: [{" + keys + "}]\n"));
  };
  CHECK(file("path: /etc/motd, content: x") == "0 problems");
  CHECK(file("path: /etc/motd, content: ''") == "0 problems");
  CHECK(file("path: /etc/motd, source: motd") == "0 problems");
  CHECK(file("path: /etc/motd, content: x, source: motd") ==
        "23: a file with both 'content' and 'source' [keep one of them]");
  CHECK(file("path: /etc/motd") ==
        "23: file '/etc/motd' has neither 'content' nor 'source' [add 'content: \"\"' for an empty "
        "file]");
  CHECK(file("path: /etc/fstab, content: x") ==
        "23: the file '/etc/fstab' cannot be written: it is written from 'disk.partitions' [use "
        "'mount' and 'mount_options' of the partitions]");
  CHECK(file("path: /etc/shadow, content: x").find("[use 'users']") != std::string::npos);
  CHECK(file("path: /etc/hostname, content: x") ==
        "23: '/etc/hostname' is what 'hostname' writes [remove one of the two]");
  CHECK(only(with("  hostname: web\n", "  files: [{path: /etc/hostname, content: x}]\n")) ==
        "0 problems");
  CHECK(only(with_system("  files: [{path: /a, content: x}, {path: /a, content: y}]\n")) ==
        "23: file '/a' is already given on line 23 [keep one of the two]");
}

TEST_CASE("outputs are different files with the right names") {
  const auto outputs = [](const std::string& list) {
    return only(with("outputs:\n  - {format: qcow2}\n", "outputs: [" + list + "]\n"));
  };
  CHECK(outputs("{format: raw}, {format: vhd-fixed}, {format: qcow2}") == "0 problems");
  CHECK(outputs("{format: qcow2, compression: none, filename: a.qcow2}, {format: qcow2}") ==
        "0 problems");
  CHECK(outputs("{format: raw, filename: a.img}") == "0 problems");
  CHECK(outputs("") == "23: no output is asked for [add one: '- {format: vhd-fixed}']");
  CHECK(outputs("{format: qcow2}, {format: qcow2}") ==
        "23: output file 'web.qcow2' is already made by the output on line 23 [give each output a "
        "'filename' of "
        "its own]");
  CHECK(outputs("{format: qcow2}, {format: qcow2, filename: web.qcow2}").find("already made") !=
        std::string::npos);
  CHECK(outputs("{format: raw, compression: zlib}") ==
        "23: format 'raw' is not compressed with 'zlib' [write 'none' or 'zstd']");
  CHECK(outputs("{format: vhdx, compression: zstd}") ==
        "23: format 'vhdx' has no compression [remove 'compression']");
  CHECK(outputs("{format: raw, compression: none}") == "0 problems");
  CHECK(outputs("{format: raw, compression: zstd}, {format: raw}") == "0 problems");
  CHECK(outputs("{format: raw, compression: zstd, filename: a.raw}") ==
        "23: file name 'a.raw' of a raw does not end in '.raw.zst' [did you mean 'a.raw.zst'?]");
  CHECK(outputs("{format: vhd}, {format: vhd-fixed}").find("file 'web.vhd' is already made") !=
        std::string::npos);
  CHECK(outputs("{format: vhd-fixed, filename: a.vhdx}") ==
        "23: file name 'a.vhdx' of a vhd-fixed does not end in '.vhd' [did you mean 'a.vhd'?]");
}

TEST_CASE("a sector size is a vhdx's, and one that the disk is laid out for") {
  const auto outputs = [](const std::string& list) {
    return only(with("outputs:\n  - {format: qcow2}\n", "outputs: [" + list + "]\n"));
  };
  CHECK(outputs("{format: vhdx}") == "0 problems");
  CHECK(outputs("{format: vhdx, sector_size: 512e}") == "0 problems");
  CHECK(outputs("{format: vhdx, sector_size: 4kn}") ==
        "23: sectors of '4kn' cannot be: the disk is laid out in sectors of 512 bytes, and a "
        "machine that sees sectors of 4096 bytes finds neither its partition table nor its FAT "
        "filesystems [write '512e': sectors of 4096 bytes inside, addressed by 512]");
  CHECK(outputs("{format: vhd, sector_size: 512e}") ==
        "23: format 'vhd' does not say how large sectors are, only a vhdx does [remove "
        "'sector_size']");
}

TEST_CASE("what a container runs is an OCI image's") {
  const auto outputs = [](const std::string& list) {
    return only(with("outputs:\n  - {format: qcow2}\n", "outputs: [" + list + "]\n"));
  };
  CHECK(outputs("{format: oci}, {format: oci-archive, compression: zstd}") == "0 problems");
  CHECK(
      outputs("{format: oci, container: {entrypoint: [/usr/bin/web], cmd: ['--port', '80'], "
              "working_dir: /srv, user: 'web:web', env: {MODE: test}, labels: {org.example/a: b}, "
              "exposed_ports: [80, 53/udp], stop_signal: SIGINT, tag: latest}}") == "0 problems");
  CHECK(outputs("{format: tar, container: {cmd: [sh]}}") ==
        "23: format 'tar' says nothing of what a container runs, only an oci does [remove "
        "'container']");
  CHECK(outputs("{format: oci, container: {exposed_ports: [80/sctp]}}") ==
        "23: '80/sctp' is not a port [write a number of 1 to 65535, or with a protocol: '53/udp']");
  CHECK(outputs("{format: oci, container: {user: 'a b'}}") ==
        "23: 'a b' is not a user of a container [write a name or number, or two of them: "
        "'USER:GROUP']");
  CHECK(outputs("{format: oci, container: {stop_signal: TERM}}") ==
        "23: 'TERM' is not a signal [write its name, such as 'SIGTERM']");
  CHECK(outputs("{format: oci, container: {tag: 'a:b'}}").find("'a:b' is not a tag") !=
        std::string::npos);
  CHECK(outputs("{format: wsl, compression: zstd}") ==
        "23: format 'wsl' is not compressed with 'zstd' [write 'gzip']");
  CHECK(outputs("{format: cosi, compression: none}") ==
        "23: format 'cosi' is not compressed with 'none' [write 'zstd']");
  CHECK(outputs("{format: cpio}, {format: cpio, compression: gzip}, {format: kernel}") ==
        "0 problems");
}

TEST_CASE("a disk may be missing where all outputs are made of the root") {
  const std::string disk =
      kGood.substr(kGood.find("disk:"), kGood.find("boot:") - kGood.find("disk:"));
  const std::string boot = "boot:\n  firmware: both\n";
  const std::string none = with(disk, "", with(boot, ""));
  const std::string tar =
      with("- {format: qcow2}", "- {format: tar}\n  - {format: directory}", none);
  CHECK(only(tar) == "0 problems");
  CHECK_FALSE(composer::parse_blueprint(tar, "web.yaml").has_disk());
  CHECK(only(none) ==
        "14: output format 'qcow2' is made of a disk, and the blueprint has none [add 'disk:' and "
        "'boot:', or write 'format: tar', 'oci' or 'wsl']");
  CHECK(
      only(with("- {format: qcow2}", "- {format: tar}\n  - {format: raw}", with(disk, ""))) ==
      "17: output format 'raw' is made of a disk, and the blueprint has none [add 'disk:' and its "
      "partitions]");
  CHECK(only(with("- {format: qcow2}", "- {format: tar}", with(disk, ""))) ==
        "11: 'boot' says how the image starts, and there is no disk to start from [remove it, or "
        "add 'disk:']");
  CHECK(only(tar + "tests:\n  boot: {within: 5 s}\n") ==
        "17: 'tests.boot' says how the image starts, and there is no disk to start from [remove "
        "it, or add 'disk:']");
  CHECK(only(with(boot, "")) ==
        "1: the blueprint has a disk and needs the key 'boot' [add 'boot:' and the boot section]");
  CHECK(only(with("- {format: qcow2}", "- {format: qcow2}\n  - {format: tar}")) == "0 problems");
}
