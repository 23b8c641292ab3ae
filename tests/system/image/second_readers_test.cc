// The formats as libvhdi and libqcow read them, which share no code with QEMU.

#include <catch2/catch.hpp>

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
