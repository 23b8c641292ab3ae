#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::verdict;

TEST_CASE("a partition label fits into a GPT entry") {
  CHECK(verdict(kPartitionLabel, std::string(36, 'a')) == "ok");
  CHECK(verdict(kPartitionLabel, std::string(37, 'a')).find("is 37 UTF-16 units long") !=
        std::string::npos);
  std::string umlauts, faces;
  for (int i = 0; i < 36; ++i) umlauts += "ü";
  for (int i = 0; i < 19; ++i) faces += "\xf0\x9f\x98\x80";
  CHECK(verdict(kPartitionLabel, umlauts) == "ok");
  CHECK(verdict(kPartitionLabel, faces).find("is 38 UTF-16 units long") != std::string::npos);
  for (const char* text : {"", " a", "a ", "a\nb", "a/b"}) {
    CAPTURE(text);
    CHECK(verdict(kPartitionLabel, text) != "ok");
  }
}

TEST_CASE("mount options stand alone in fstab") {
  for (const char* text : {"ro", "umask=0077", "x-systemd.automount",
                           "context=\"system_u:object_r:tmp_t:s0:c1,c2\"", "subvol=/@"}) {
    CAPTURE(text);
    CHECK(verdict(kMountOption, text) == "ok");
  }
  CHECK(verdict(kMountOption, "ro,noexec") ==
        "a comma in mount option 'ro,noexec' [give each option an entry of its own]");
  for (const char* text : {"", "a b", "a#b", "a\\b", "context=\"x", "a\n/ / ext4"}) {
    CAPTURE(text);
    CHECK(verdict(kMountOption, text) != "ok");
  }
}

TEST_CASE("an argument of mkfs is one argument") {
  CHECK(verdict(kMkfsOption, "^64bit") == "ok");
  CHECK(verdict(kMkfsOption, "-O ^64bit") ==
        "a space in mkfs option '-O ^64bit' [give each argument an entry of its own: [\"-O\", "
        "\"^64bit\"]]");
  CHECK(verdict(kMkfsOption, "") != "ok");
}

TEST_CASE("kernel arguments pass through GRUB unchanged") {
  for (const char* text : {"quiet", "console=ttyS0,115200n8", "rd.shell=0", "a.b=c:d/e@f%g^h~i",
                           "crashkernel=1G-4G:192M", "rootflags=ro", "rootwait", "--"}) {
    CAPTURE(text);
    CHECK(verdict(kKernelArgument, text) == "ok");
  }
  CHECK(verdict(kKernelArgument, "root=/dev/sda2") ==
        "kernel argument 'root=/dev/sda2': the composer writes it, from the filesystem that is "
        "mounted on '/' [remove it]");
  CHECK(verdict(kKernelArgument, "initrd=/x") != "ok");
  CHECK(verdict(kKernelArgument, "BOOT_IMAGE=/x") != "ok");
  CHECK(verdict(kKernelArgument, "a b") ==
        "a space in kernel argument 'a b' [give each argument an entry of its own]");
  CHECK(verdict(kKernelArgument, "ä").find("is not plain ASCII") != std::string::npos);
  for (const char c : std::string("\"'\\$`;&|<>{}#")) {
    CAPTURE(c);
    CHECK(verdict(kKernelArgument, std::string("a=") + c).find("to which GRUB gives a meaning") !=
          std::string::npos);
  }
  CHECK(verdict(kKernelArgument, "") != "ok");
  CHECK(verdict(kKernelArgument, "a\nb") != "ok");
}
