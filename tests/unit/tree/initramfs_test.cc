#include <zlib.h>
#include <zstd.h>

#include "composer/tree/initramfs_archive.h"

#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

std::string unpack_zstd(std::string_view frame) {
  std::string bytes(ZSTD_getFrameContentSize(frame.data(), frame.size()), '\0');
  REQUIRE(ZSTD_decompress(bytes.data(), bytes.size(), frame.data(), frame.size()) == bytes.size());
  return bytes;
}

std::string unpack_gzip(std::string bytes, std::size_t size) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  std::string unpacked(size, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
  stream.avail_out = static_cast<uInt>(unpacked.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  CHECK(stream.avail_out == 0);
  inflateEnd(&stream);
  return unpacked;
}

// Not compressible to nothing, and not random: words by a fixed generator.
std::string text_of(std::size_t size) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    text += "word" + std::to_string(state % 5000) + " ";
  }
  text.resize(size);
  return text;
}

constexpr const char* kImage = "/boot/initramfs-6.12.9-1.azl4.img";

}  // namespace

TEST_CASE("dracut's archive is compressed with zstd, for its owner alone, and nothing is left") {
  MemoryRoot root = test::sample_root();
  test::NotedProgress progress;
  tree::make_initramfs(test::sample_plan(), root, progress);
  CHECK(unpack_zstd(*root.read(kImage)) == test::cpio({{"init", "#!/bin/sh\n"}}));
  CHECK(root.status(kImage)->mode == 0600);
  CHECK(root.list("/var/tmp").empty());
  REQUIRE(root.commands.size() == 1);
  CHECK(root.commands[0].arguments ==
        std::vector<std::string>{"dracut", "--force", "--quiet", "--no-hostonly",
                                 "--no-hostonly-cmdline", "--no-compress", "--reproducible",
                                 "--kver", "6.12.9-1.azl4",
                                 "/var/tmp/initramfs-6.12.9-1.azl4.cpio"});
  CHECK(root.commands[0].environment ==
        std::vector<std::string>{"SOURCE_DATE_EPOCH=1750000000",
                                 "DRACUT_LDD=/run/image-composer-script"});
  CHECK(root.commands[0].program ==
        "#!/bin/sh\n/lib64/ld-linux-x86-64.so.2 --list \"$1\" 2>/dev/null || exec ldd \"$1\"\n");
  CHECK(root.commands[0].clones == CloneRequests::answered);
  CHECK(progress.events ==
        std::vector<std::string>{"begin initramfs 1", "6.12.9-1.azl4", "end initramfs 1"});
  REQUIRE(progress.notes.size() == 2);
  CHECK(progress.notes[0].starts_with("kernel 6.12.9-1.azl4 has no hv_netvsc, hv_utils, "));
}

TEST_CASE("the image keeps a configuration that makes the same initramfs for later kernels") {
  MemoryRoot root = test::sample_root();
  SilentProgress progress;
  tree::make_initramfs(test::sample_plan(), root, progress);
  const std::string text = *root.read("/etc/dracut.conf.d/50-image.conf");
  CHECK(text.find("hostonly=\"no\"\n") != std::string::npos);
  CHECK(text.find("compress=\"zstd\"\n") != std::string::npos);
  // ext4 is built in, the other drivers are not in the sample's modules.dep.
  CHECK(text.find("add_drivers+=\" hv_vmbus hv_storvsc \"\n") != std::string::npos);
  CHECK(text.find(" plymouth ") != std::string::npos);
  CHECK(text.find(" btrfs ") != std::string::npos);

  Plan plan = test::sample_plan();
  plan.disk.partitions.push_back(
      test::partition(PartitionType::var, FilesystemType::btrfs, "4", "/var"));
  tree::make_initramfs(plan, root, progress);
  CHECK(root.read("/etc/dracut.conf.d/50-image.conf")->find(" btrfs ") == std::string::npos);
}

TEST_CASE("a kernel that does not unpack zstd gets gzip") {
  MemoryRoot root = test::sample_root();
  root.file("/usr/lib/modules/6.12.9-1.azl4/config",
            "CONFIG_RD_GZIP=y\n# CONFIG_RD_ZSTD is not set\n");
  SilentProgress progress;
  tree::make_initramfs(test::sample_plan(), root, progress);
  const std::string archive = test::cpio({{"init", "#!/bin/sh\n"}});
  CHECK(unpack_gzip(*root.read(kImage), archive.size()) == archive);
}

TEST_CASE("without dracut later kernels get no configuration of it") {
  MemoryRoot root = test::sample_root();
  root.remove("/usr/bin/dracut");
  SilentProgress progress;
  Plan plan = test::sample_plan();
  plan.boot.initramfs = InitramfsMaker::systemd;
  // The sample has no systemd that an initramfs could be made of: that is said, not dracut's lack.
  CHECK(test::message_of([&] {
          tree::make_initramfs(plan, root, progress);
        }).starts_with("error: the image has no '/usr/lib/systemd/systemd"));
  CHECK_FALSE(root.exists("/etc/dracut.conf.d/50-image.conf"));
}

TEST_CASE("what an initramfs needs and the image lacks is said") {
  SilentProgress progress;
  const auto refusal = [&](MemoryRoot& root) {
    return test::message_of([&] { tree::make_initramfs(test::sample_plan(), root, progress); });
  };
  MemoryRoot root = test::sample_root();
  root.file("/usr/lib/modules/6.12.9-1.azl4/config", "CONFIG_RD_XZ=y\n");
  CHECK_THAT(refusal(root),
             Equals("error: the kernel '6.12.9-1.azl4' unpacks neither zstd nor gzip: its "
                    "configuration has neither CONFIG_RD_ZSTD nor CONFIG_RD_GZIP\n"
                    "  while making the initramfs\n"));
  root.remove("/usr/lib/modules/6.12.9-1.azl4/config");
  CHECK_THAT(refusal(root),
             Equals("error: the kernel '6.12.9-1.azl4' has no configuration in the image\n"
                    "  while making the initramfs\n"
                    "  hint: it says how the initramfs may be compressed: install the package with "
                    "/usr/lib/modules/VERSION/config\n"));
  root.remove("/usr/bin/dracut");
  CHECK_THAT(refusal(root),
             Equals("error: the image has no 'dracut', which makes the initramfs\n"
                    "  while making the initramfs\n"
                    "  hint: add 'dracut' to packages.install, or write 'initramfs: systemd'\n"));
}

TEST_CASE("a dracut that fails, makes nothing or makes something else is an error") {
  SilentProgress progress;
  const auto refusal = [&](RootCommandResult result, const char* content) {
    MemoryRoot root = test::sample_root();
    root.on_run = [=](MemoryRoot& in, const RootCommand& command) {
      if (content) in.write(command.arguments.back(), content, {});
      return result;
    };
    return test::message_of([&] { tree::make_initramfs(test::sample_plan(), root, progress); });
  };
  CHECK(refusal({1, "", "dracut[F]: no space\n"}, nullptr).find("dracut[F]: no space") !=
        std::string::npos);
  CHECK_THAT(refusal({}, nullptr),
             Equals("error: dracut made no initramfs for the kernel '6.12.9-1.azl4'\n"
                    "  while making the initramfs\n"));
  CHECK_THAT(refusal({}, "\x1f\x8b compressed"),
             Equals("error: the initramfs is not as dracut makes it: an entry is not in the newc "
                    "format\n  while making the initramfs\n"));
}

TEST_CASE("an early archive stays uncompressed at the front") {
  std::string early = test::cpio({{"early_cpio", "1\n"}, {"kernel/x86/microcode/A.bin", "code"}});
  early.resize((early.size() + 511) / 512 * 512, '\0');
  const std::string main = test::cpio({{"init", "x"}});
  const std::string archive = early + main;
  const tree::InitramfsParts parts = tree::split_initramfs(archive);
  CHECK(parts.early == early);
  CHECK(parts.main == main);
  const tree::InitramfsParts whole = tree::split_initramfs(main);
  CHECK(whole.early.empty());
  CHECK(whole.main == main);
}

TEST_CASE("an archive that is cut, empty or has a wrong byte is refused or split, never followed") {
  std::string archive = test::cpio({{"early_cpio", "1\n"}}) + test::cpio({{"init", "x"}});
  for (std::size_t n = 0; n < archive.size(); n++) {
    test::message_of([&] { tree::split_initramfs(std::string_view(archive).substr(0, n)); });
  }
  for (std::size_t i = 0; i < archive.size(); i++) {
    std::string damaged = archive;
    damaged[i] = 'F';
    test::message_of([&] {
      const auto parts = tree::split_initramfs(damaged);
      CHECK(parts.early.size() + parts.main.size() == damaged.size());
    });
  }
  const std::string early = test::cpio({{"early_cpio", "1\n"}});
  CHECK_THAT(test::message_of([&] { tree::split_initramfs(early); }),
             Equals("error: the initramfs is not as dracut makes it: nothing follows the early "
                    "archive\n"));
  const std::string empty = test::cpio({});
  CHECK_THAT(test::message_of([&] { tree::split_initramfs(empty); }),
             Equals("error: the initramfs is not as dracut makes it: it is empty\n"));
}

TEST_CASE("zstd gives the same bytes with one, two and five threads") {
  // Several jobs of 8 MiB, or threads would not matter.
  const std::string text = text_of(std::size_t{20} << 20);
  const std::string one = tree::compress_zstd(text, 1);
  CHECK(one.size() < text.size() / 3);
  CHECK((tree::compress_zstd(text, 2) == one));
  CHECK((tree::compress_zstd(text, 5) == one));
  CHECK((tree::compress_zstd(text, 0) == one));
  CHECK((unpack_zstd(one) == text));
}

TEST_CASE("gzip has neither a time nor a name") {
  const std::string packed = tree::compress_gzip("hello hello hello");
  CHECK(packed.substr(0, 3) == "\x1f\x8b\x08");
  CHECK(packed.substr(3, 5) == std::string(5, '\0'));
  CHECK(unpack_gzip(packed, 17) == "hello hello hello");
}
