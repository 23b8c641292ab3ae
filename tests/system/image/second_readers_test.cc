// The formats as libvhdi and libqcow read them, which share no code with QEMU.

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/system/image/exported_image.h"

using namespace composer;
using namespace composer::test;

TEST_CASE("libvhdi reads a VHD at its exact size, as a fixed disk") {
  // A size that no geometry describes exactly, one with the largest geometry, and the smallest.
  for (const Bytes size : {MiB(127) + MiB(4), GiB(2040), MiB(1)}) {
    const LargeFolder folder;
    const SparseDisk disk(folder.path() / "disk", size.count);
    const auto image =
        export_image(disk, OutputFormat::vhd_fixed, Compression::none, folder.path() / "x.vhd");
    const std::string text = output_of({"vhdiinfo", image});
    INFO(text);
    CHECK_THAT(text, Catch::Contains("(" + std::to_string(size.count) + " bytes)"));
    CHECK_THAT(text, Catch::Contains("Fixed"));
  }
}

TEST_CASE("libvhdi reads a dynamic VHD and a VHDX at their exact size, and the bytes in them") {
  const ScratchFolder scratch;
  const auto disk = mixed_disk(scratch.path() / "disk", (40 << 20) + 512);
  struct Kind {
    OutputFormat format;
    const char* file;
    const char* type;
  };
  for (const Kind& kind : {Kind{OutputFormat::vhd, "x.vhd", "Dynamic"},
                           Kind{OutputFormat::vhdx, "x.vhdx", "Dynamic"}}) {
    const auto image =
        export_image(disk, kind.format, Compression::none, scratch.path() / kind.file);
    const std::string text = output_of({"vhdiinfo", image});
    INFO(text);
    CHECK_THAT(text, Catch::Contains("(" + std::to_string(disk.size()) + " bytes)"));
    CHECK_THAT(text, Catch::Contains(kind.type));
    if (::access("/dev/fuse", R_OK | W_OK) != 0) {
      WARN("no /dev/fuse: the bytes were not compared");
      continue;
    }
    const auto mount = scratch.path() / "mount";
    std::filesystem::create_directories(mount);
    output_of({"vhdimount", image, mount});
    SilentProgress progress;
    const host::CommandOutput compared =
        host::CommandRunner(progress).run({.arguments = {"cmp", disk.path(), mount / "vhdi1"}});
    output_of({"fusermount", "-u", mount});
    INFO(compared.standard_output << compared.standard_error);
    CHECK(compared.status == 0);
  }
}

TEST_CASE("libqcow reads a qcow2 at its exact size") {
  // libqcow knows no zstd.
  for (const Compression compression : {Compression::none, Compression::zlib}) {
    const ScratchFolder scratch;
    const auto disk = mixed_disk(scratch.path() / "disk");
    const std::string text = output_of(
        {"qcowinfo", export_image(disk, OutputFormat::qcow2, compression, scratch.path() / "x")});
    INFO(text);
    CHECK_THAT(text, Catch::Contains("(" + std::to_string(disk.size()) + " bytes)"));
  }
}
