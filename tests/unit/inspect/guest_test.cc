#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/inspect/image_root.h"

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::inspect;
using namespace composer::test;

// Starts a machine of libguestfs, for which there is no time in a unit test.

TEST_CASE("a btrfs and an xfs filesystem are read by libguestfs, in one tree") {
  namespace fs = std::filesystem;
  const Scratch scratch;
  fs::create_directories(scratch / "root/usr/lib");
  fs::create_directories(scratch / "root/etc");
  fs::create_directories(scratch / "root/data");
  write_bytes(scratch / "root/usr/lib/os-release", "ID=azurelinux\n");
  write_bytes(scratch / "root/etc/fstab",
              "UUID=12345678-1234-1234-1234-123456789abc / btrfs defaults 0 0\n"
              "LABEL=data /data xfs defaults 0 0\n");
  write_bytes(scratch / "root/large", noise(5'000'000, 1));
  fs::create_symlink("/usr/lib", scratch / "root/lib");
  write_bytes(scratch / "script",
              "label: gpt\nstart=2048, size=400000\nstart=409600, size=1200000\n");
  shell(fmt::format("truncate -s 800M '{0}' && sfdisk '{0}' < '{1}'", scratch.text("disk"),
                    scratch.text("script")));
  shell(
      fmt::format("truncate -s 190M '{0}' && mkfs.btrfs -q -U 12345678-1234-1234-1234-123456789abc "
                  "--rootdir '{1}' '{0}'",
                  scratch.text("btrfs"), scratch.text("root")));
  write_bytes(scratch / "proto", fmt::format("/nothing\n0 0\nd--755 0 0\nfile ---640 7 8 {}\n$\n",
                                             scratch.text("root/etc/fstab")));
  shell(fmt::format("truncate -s 500M '{0}' && mkfs.xfs -q -L data -p '{1}' '{0}'",
                    scratch.text("xfs"), scratch.text("proto")));
  shell(fmt::format("dd if='{}' of='{}' bs=1M seek=1 conv=notrunc", scratch.text("btrfs"),
                    scratch.text("disk")));
  shell(fmt::format("dd if='{}' of='{}' bs=1M seek=200 conv=notrunc", scratch.text("xfs"),
                    scratch.text("disk")));
  SilentProgress progress;
  std::unique_ptr<ImageRoot> image;
  try {
    image = open_image(scratch / "disk", progress);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::host) throw;
    std::puts(error.to_text().c_str());
    std::exit(77);
  }
  CHECK(image->problems().empty());
  REQUIRE(image->filesystems().size() == 2);
  CHECK(image->filesystems()[0].type == "btrfs");
  CHECK(image->filesystems()[1].type == "xfs");
  const ReadRoot& root = image->root();
  CHECK(root.read("/lib/os-release") == "ID=azurelinux\n");
  CHECK((root.read("/large") == noise(5'000'000, 1)));
  CHECK(root.read_at("/large", 4'999'990, 100) == noise(5'000'000, 1).substr(4'999'990));
  CHECK(root.status("/data/file")->mode == 0640);
  CHECK(root.status("/data/file")->uid == 7);
  CHECK(root.read("/data/file") == root.read("/etc/fstab"));
  CHECK(root.list("/") == std::vector<std::string>{"data", "etc", "large", "lib", "usr"});
}
