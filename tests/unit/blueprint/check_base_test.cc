#include "blueprint_text.h"

using namespace composer::test;

namespace {

/// A blueprint that changes an image, with these further lines.
std::string changing(const std::string& lines, const std::string& base = "base: {}\n") {
  return "blueprint: 1\nname: golden\nversion: 1\narch: x86_64\n" + base + lines +
         "outputs:\n  - {format: qcow2}\n";
}

}  // namespace

TEST_CASE("a blueprint with 'base' needs neither repositories nor packages nor a disk") {
  CHECK(problems_of(changing("")).empty());
  CHECK(problems_of(changing("packages: {remove: [vim], update: [\"openssl*\"], update_all: true}\n"
                             "boot: {kernel_arguments: [audit=1]}\n"
                             "tests: {boot: {services: [sshd.service]}}\n"))
            .empty());
  CHECK(problems_of(changing("",
                             "base:\n  disk_size: 8 GiB\n  grow: /\n  new_uuids: true\n"
                             "  partitions:\n    - {label: data, type: linux-data, size: 1 "
                             "GiB, filesystem: xfs, mount: /data}\n"))
            .empty());
}

TEST_CASE("without 'base' they are needed") {
  CHECK(problems_of(changing("", "")) ==
        Problems{"1: the blueprint needs the key 'repositories' [add 'repositories:' and a list]",
                 "1: the blueprint needs the key 'packages' [add 'packages:' and the packages "
                 "section]",
                 "6: output format 'qcow2' is made of a disk, and the blueprint has none [add "
                 "'disk:' and 'boot:', or write 'format: tar', 'oci' or 'wsl']"});
}

TEST_CASE("what only an image has that is there is refused without 'base'") {
  CHECK(problems_of(with("install: [kernel, bash]", "install: [kernel, bash]\n  remove: [vim]")) ==
        Problems{"11: 'remove' changes what an image has, and the blueprint makes one of packages "
                 "alone [write 'exclude', or 'base: {}' to change an image]"});
  CHECK(problems_of(with("install: [kernel, bash]", "install: [kernel, bash]\n  update_all: true"))
            .size() == 1);
}

TEST_CASE("what the image has already cannot be asked for") {
  CHECK(problems_of(changing("boot: {firmware: uefi, loader: grub}\n")) ==
        Problems{"6: 'boot.firmware' is that of the image that is changed [remove it: an image "
                 "starts by the firmware that it was made for]",
                 "6: 'boot.loader' is that of the image that is changed [remove it: the image "
                 "keeps its boot loader]"});
  CHECK(problems_of(and_also("base: {}\n"))[0].find("the image that is changed has a disk") !=
        std::string::npos);
}

TEST_CASE("partitions that are added are checked as those of a disk, and no firmware's") {
  const auto added = [](const std::string& partition, const std::string& more = {}) {
    return problems_of(changing("", "base:\n  partitions:\n    - " + partition + "\n" + more));
  };
  CHECK(added("{label: esp2, type: esp, size: 100 MiB, filesystem: vfat, mount: /boot/efi}") ==
        Problems{"7: a partition of type 'esp' cannot be added to an image [use 'linux-data', "
                 "'home', 'srv', 'var' or 'swap']"});
  CHECK(added("{label: data, type: linux-data, size: 1 GiB, mount: /data}") ==
        Problems{"7: partition 'data' has 'mount' but no 'filesystem' [add 'filesystem:', such as "
                 "ext4]"});
  CHECK(added("{label: data, type: linux-data, size: rest, filesystem: xfs, mount: /data}",
              "  grow: /\n") ==
        Problems{"8: 'grow' takes what partition 'data' takes with 'size: rest' [keep one of the "
                 "two]"});
}

TEST_CASE("words of other tools lead to ours") {
  CHECK(problems_of(changing("", "base:\n  reset_uuids: true\n"))[0].find(
            "did you mean 'new_uuids'") != std::string::npos);
}
