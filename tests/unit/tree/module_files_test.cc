#include "composer/tree/module_files.h"

#include "sample.h"

using namespace composer;
using Strings = std::vector<std::string>;

namespace {

const tree::ModuleIndex kIndex{
    "kernel/hv/hv_vmbus.ko.xz:\n"
    "kernel/hv/hv-storvsc.ko.xz: kernel/scsi/scsi_mod.ko.xz kernel/hv/hv_vmbus.ko.xz\n"
    "kernel/scsi/scsi_mod.ko.xz: kernel/scsi/common.ko.xz\n"
    "kernel/scsi/common.ko.xz:\n"
    "kernel/fs/btrfs.ko:\n"
    "kernel/crypto/crc32c-intel.ko:\n"
    "kernel/crypto/round.ko:\n"
    "kernel/other.ko:\n",
    "# Soft dependencies extracted from modules themselves.\n"
    "softdep btrfs pre: crypto-crc32c post: round\n"
    "softdep round pre: btrfs\n"
    "weakdep hv_storvsc other\n"
    "softdep gone pre: other\n",
    "alias crypto-crc32c crc32c_intel\nalias pci:v*d* other\nalias fs-btrfs btrfs\n"};

}  // namespace

TEST_CASE("modules come with what they depend on, once each") {
  CHECK(tree::module_files({"hv_vmbus", "hv_storvsc"}, kIndex) ==
        Strings{"kernel/hv/hv-storvsc.ko.xz", "kernel/hv/hv_vmbus.ko.xz", "kernel/other.ko",
                "kernel/scsi/common.ko.xz", "kernel/scsi/scsi_mod.ko.xz"});
}

TEST_CASE("soft dependencies are followed, through aliases and in circles") {
  const Strings wanted{"kernel/crypto/crc32c-intel.ko", "kernel/crypto/round.ko",
                       "kernel/fs/btrfs.ko"};
  CHECK(tree::module_files({"btrfs"}, kIndex) == wanted);
  CHECK(tree::module_files({"fs-btrfs"}, kIndex) == wanted);
}

TEST_CASE("what the kernel has built in or not at all is passed over") {
  CHECK(tree::module_files({"ext4", "nothing"}, kIndex).empty());
  CHECK(tree::module_files({"hv_vmbus"}, {}).empty());
}
