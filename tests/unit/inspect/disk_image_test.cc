#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/error.h"
#include "composer/inspect/block_source.h"
#include "composer/inspect/expand.h"

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::inspect;
using namespace composer::test;
using Catch::Matchers::EndsWith;

namespace {

/// A raw disk of 5 MiB and a sector: data, text that compresses, holes, and data at the end.
struct Fixture {
  Fixture() {
    std::string bytes(5 * (1 << 20) + 512, '\0');
    bytes.replace(0, 70000, noise(70000, 1));
    bytes.replace(1 << 20, 300000, std::string(300000, 'a'));
    bytes.replace((2 << 20) + 700, 5000, noise(5000, 2));
    bytes.replace(bytes.size() - 600, 600, noise(600, 3));
    raw = bytes;
    write_bytes(scratch / "disk.raw", raw);
  }

  std::filesystem::path convert(const std::string& format, const std::string& options = {}) const {
    shell(fmt::format("qemu-img convert -f raw {} -O {} '{}' '{}'", options, format,
                      scratch.text("disk.raw"), scratch.text("disk.image")));
    return scratch / "disk.image";
  }

  /// The image with one change; what opening and reading all of it says.
  std::string with(std::string bytes, std::size_t at, const std::string& change) const {
    bytes.replace(at, change.size(), change);
    return reading(bytes);
  }
  std::string reading(const std::string& bytes) const {
    write_bytes(scratch / "changed", bytes);
    try {
      const DiskImage image = open_disk_image(scratch / "changed");
      std::string buffer(1 << 20, '\0');
      const std::uint64_t size = image.disk->size().count;
      for (std::uint64_t at = 0; at < std::min<std::uint64_t>(size, 64 << 20); at += 1 << 20) {
        buffer.resize(std::min<std::uint64_t>(1 << 20, size - at));
        image.disk->read(at, std::as_writable_bytes(std::span(buffer)));
      }
      return "read";
    } catch (const Error& error) {
      const std::string prefix = fmt::format("cannot read '{}': ", scratch.text("changed"));
      const std::string text = error.what();
      return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
    }
  }

  Scratch scratch;
  std::string raw;
};

/// What the runs of data hold, and zeros elsewhere: all of the disk, if the runs tell the truth.
std::string by_runs(const BlockSource& disk) {
  std::string bytes(disk.size().count, '\0');
  std::uint64_t at = 0;
  while (const auto run = disk.next_data(at)) {
    REQUIRE(run->length > 0);
    REQUIRE(run->start >= at);
    REQUIRE(run->end() <= bytes.size());
    bytes.replace(run->start, run->length, read_text(disk, run->start, run->length));
    at = run->end();
  }
  return bytes;
}

std::string be32(std::uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
          static_cast<char>(n)};
}
std::string be64(std::uint64_t n) {
  return be32(static_cast<std::uint32_t>(n >> 32)) + be32(static_cast<std::uint32_t>(n));
}

std::uint64_t number(const std::string& bytes, std::size_t at) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < 8; ++i) n = n << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return n;
}

}  // namespace

TEST_CASE("every format gives back the disk that it was made from") {
  const Fixture f;
  struct Case {
    const char* format;
    const char* options;
    ContainerFormat expected;
  };
  const Case each = GENERATE(
      Case{"raw", "", ContainerFormat::raw},
      Case{"vpc", "-o subformat=fixed,force_size=on", ContainerFormat::vhd_fixed},
      Case{"vpc", "-o subformat=dynamic,force_size=on", ContainerFormat::vhd_dynamic},
      Case{"vhdx", "-o subformat=dynamic", ContainerFormat::vhdx},
      Case{"vhdx", "-o subformat=dynamic,block_size=1048576", ContainerFormat::vhdx},
      Case{"vhdx", "-o subformat=fixed", ContainerFormat::vhdx},
      Case{"qcow2", "", ContainerFormat::qcow2}, Case{"qcow2", "-c", ContainerFormat::qcow2},
      Case{"qcow2", "-o compat=0.10 -c", ContainerFormat::qcow2},
      Case{"qcow2", "-o cluster_size=512", ContainerFormat::qcow2},
      Case{"qcow2", "-o cluster_size=2M -c", ContainerFormat::qcow2},
      Case{"qcow2", "-o preallocation=metadata", ContainerFormat::qcow2},
      Case{"qcow2", "-o compression_type=zstd -c", ContainerFormat::qcow2});
  CAPTURE(each.format, each.options);
  const DiskImage image = open_disk_image(f.convert(each.format, each.options));
  CHECK(image.facts.format == each.expected);
  CHECK(image.facts.problems.empty());
  CHECK(image.facts.virtual_size.count == f.raw.size());
  CHECK(image.disk->size().count == f.raw.size());
  CHECK((whole(*image.disk) == f.raw));
  CHECK(read_text(*image.disk, (2 << 20) + 650, 100) == f.raw.substr((2 << 20) + 650, 100));
  CHECK((by_runs(*image.disk) == f.raw));
  CHECK_THROWS_WITH(read_text(*image.disk, f.raw.size() - 1, 2),
                    fmt::format("2 bytes at {} are not within the {} bytes there are",
                                f.raw.size() - 1, f.raw.size()));
}

TEST_CASE("a cluster that is marked zero reads as zeros") {
  const Fixture f;
  const auto image = f.convert("qcow2");
  shell(fmt::format("qemu-io -f qcow2 -c 'write -z 0 64k' '{}'", image.string()));
  const DiskImage opened = open_disk_image(image);
  CHECK((read_text(*opened.disk, 0, 65536) == std::string(65536, '\0')));
  CHECK(read_text(*opened.disk, 65536, 4464) == f.raw.substr(65536, 4464));
}

TEST_CASE("the holes of sparse images are known without reading them") {
  const Fixture f;
  for (const auto& [format, options] : {std::pair{"qcow2", ""}, std::pair{"vhdx", ""},
                                        std::pair{"vpc", "-o subformat=dynamic,force_size=on"}}) {
    CAPTURE(format);
    const std::string path = f.scratch.text("large");
    shell(fmt::format("qemu-img create -f {} {} '{}' 1T", format, options, path));
    CHECK(data_size(*open_disk_image(path).disk).count == 0);
    shell(fmt::format("qemu-io -f {} -c 'write -P 7 900G 1M' '{}'", format, path));
    const DiskImage image = open_disk_image(path);
    const auto run = image.disk->next_data(0);
    REQUIRE(run);
    CHECK(run->start <= GiB(900).count);
    CHECK(run->end() >= GiB(900).count + MiB(1).count);
    CHECK(run->length <= MiB(64).count);
    CHECK_FALSE(image.disk->next_data(run->end()));
  }
}

TEST_CASE("an image is expanded into a sparse file, by any number of threads") {
  const Fixture f;
  for (const auto& [format, options] :
       {std::pair{"raw", ""}, std::pair{"vpc", "-o subformat=fixed,force_size=on"},
        std::pair{"vpc", "-o subformat=dynamic,force_size=on"}, std::pair{"vhdx", ""},
        std::pair{"qcow2", "-c -o compression_type=zstd"}}) {
    for (const unsigned threads : {1U, 3U}) {
      CAPTURE(format, options, threads);
      const auto image = f.convert(format, options);
      const auto path = f.scratch / "expanded";
      std::filesystem::remove(path);
      const FileDescriptor fd = open_file(path, O_RDWR | O_CREAT);
      std::uint64_t seen = 0;
      expand(image, fd.get(), threads, [&](std::uint64_t bytes) { seen += bytes; });
      CHECK((bytes_of(path) == f.raw));
      CHECK(seen == data_size(*open_disk_image(image).disk).count);
      struct stat status {};
      REQUIRE(::stat(path.c_str(), &status) == 0);
      CHECK(status.st_blocks * 512 < static_cast<std::int64_t>(f.raw.size()) / 2);
    }
  }
}

TEST_CASE("expanding stops at what cannot be read, and when it is told to") {
  const Fixture f;
  std::string bytes = bytes_of(f.convert("qcow2"));
  const std::uint64_t l2 = number(bytes, number(bytes, 40)) & 0xffffffffff;
  bytes.replace(l2, 8, be64(0x00fffffffffe0000));
  write_bytes(f.scratch / "broken", bytes);
  const FileDescriptor fd = open_file(f.scratch / "expanded", O_RDWR | O_CREAT);
  CHECK_THROWS_WITH(expand(f.scratch / "broken", fd.get(), 3, [](std::uint64_t) {}),
                    EndsWith("cluster 0 of the disk lies outside the file, or is not aligned"));
  const auto image = f.convert("qcow2");
  CHECK_THROWS_WITH(
      expand(image, fd.get(), 3, [](std::uint64_t) { throw Error(ErrorKind::build, "enough"); }),
      EndsWith("enough"));
}

TEST_CASE("a raw disk in zstd is expanded, and one that is cut short refused") {
  const Fixture f;
  // One frame; several, with a skippable one between; a long window.
  shell(fmt::format("zstd -q -o '{0}.one' '{0}'", f.scratch.text("disk.raw")));
  shell(fmt::format("zstd -q --long=27 -o '{0}.long' '{0}'", f.scratch.text("disk.raw")));
  shell(
      fmt::format("(cd '{}' && split -b 1000000 disk.raw part. && zstd -q part.* && "
                  "printf '\\136\\052\\115\\030\\004\\0\\0\\0none' >skip && "
                  "cat skip part.aa.zst skip part.a[b-z].zst skip >disk.raw.many)",
                  f.scratch.folder.path().string()));
  for (const char* name : {"disk.raw.one", "disk.raw.long", "disk.raw.many"}) {
    CAPTURE(name);
    CHECK(is_zstd_file(f.scratch / name));
    std::filesystem::remove(f.scratch / "expanded");
    const FileDescriptor fd = open_file(f.scratch / "expanded", O_RDWR | O_CREAT);
    CHECK(expand_zstd(f.scratch / name, fd.get(), [](std::uint64_t) {}).count == f.raw.size());
    CHECK((bytes_of(f.scratch / "expanded") == f.raw));
  }
  CHECK_FALSE(is_zstd_file(f.scratch / "disk.raw"));

  const FileDescriptor fd = open_file(f.scratch / "expanded", O_RDWR | O_TRUNC);
  const std::string packed = bytes_of(f.scratch / "disk.raw.one");
  const auto expanding = [&](const std::string& bytes) {
    write_bytes(f.scratch / "changed", bytes);
    return [&] { expand_zstd(f.scratch / "changed", fd.get(), [](std::uint64_t) {}); };
  };
  CHECK_THROWS_WITH(expanding(packed.substr(0, packed.size() - 9))(),
                    EndsWith("its zstd stream is cut short"));
  std::string damaged = packed;
  damaged[packed.size() / 2] ^= 0x10;
  CHECK_THROWS_WITH(expanding(damaged)(), Catch::Contains("its zstd stream is damaged"));
  CHECK_THROWS_WITH(expanding(packed + "no frame at all")(),
                    Catch::Contains("its zstd stream is damaged"));
}

TEST_CASE("a VHD's footer is told as it is, right or wrong") {
  const Fixture f;
  std::string bytes = bytes_of(f.convert("vpc", "-o subformat=fixed,force_size=on"));
  const std::size_t footer = bytes.size() - 512;
  {
    const ContainerFacts facts = open_disk_image(f.scratch / "disk.image").facts;
    REQUIRE(facts.vhd);
    CHECK(facts.vhd->creator_app == "qem2");
    CHECK(facts.vhd->disk_type == 2);
    CHECK(facts.vhd->version == 0x10000);
    CHECK(facts.vhd->features == 2);
    CHECK(facts.vhd->data_offset == ~std::uint64_t{0});
    CHECK(facts.vhd->checksum_right);
    CHECK(facts.vhd->original_size.count == f.raw.size());
    CHECK(facts.vhd->bytes == bytes.substr(footer));
  }
  bytes.replace(footer + 48, 8, be64(1 << 20));
  write_bytes(f.scratch / "wrong.vhd", bytes);
  const DiskImage image = open_disk_image(f.scratch / "wrong.vhd");
  CHECK_FALSE(image.facts.vhd->checksum_right);
  CHECK(image.disk->size().count == f.raw.size());
  CHECK(image.facts.problems ==
        std::vector<std::string>{
            "the checksum of the VHD footer is wrong",
            fmt::format("the VHD footer says 1048576 bytes of disk, and the file has {}",
                        f.raw.size())});
}

TEST_CASE("a dynamic VHD whose end is lost is read by the copy of its footer") {
  const Fixture f;
  const std::string bytes = bytes_of(f.convert("vpc", "-o subformat=dynamic,force_size=on"));
  write_bytes(f.scratch / "cut.vhd", bytes.substr(0, bytes.size() - 512));
  const DiskImage image = open_disk_image(f.scratch / "cut.vhd");
  CHECK((whole(*image.disk) == f.raw));
  CHECK(image.facts.problems ==
        std::vector<std::string>{"the VHD footer at the end of the file is not there"});
}

TEST_CASE("images that need a second file are refused") {
  const Fixture f;
  f.convert("qcow2");
  const std::string over = f.scratch.text("over");
  shell(fmt::format("qemu-img create -f qcow2 -F raw -b '{}' '{}'", f.scratch.text("disk.raw"),
                    over));
  CHECK_THROWS_WITH(open_disk_image(over),
                    EndsWith("it is a qcow2 overlay on a second file, which is never followed"));
  shell(fmt::format("qemu-img create -f qcow2 -o data_file='{}' '{}' 1M", f.scratch.text("data"),
                    f.scratch.text("external")));
  CHECK_THROWS_WITH(open_disk_image(f.scratch / "external"),
                    EndsWith("its data is in a second file, which is never followed"));
  std::string vhd = bytes_of(f.convert("vpc", "-o subformat=dynamic,force_size=on"));
  CHECK(f.with(vhd, vhd.size() - 512 + 60, be32(4)) ==
        "it is a differencing VHD, which is nothing without its parent");
}

TEST_CASE("tables of a qcow2 that lie elsewhere are refused, and nothing is read outside") {
  const Fixture f;
  const std::string bytes = bytes_of(f.convert("qcow2"));
  const std::size_t l1 = number(bytes, 40);
  CHECK(f.reading(bytes) == "read");
  CHECK(f.with(bytes, 4, be32(4)) == "its qcow2 version 4 is unknown");
  CHECK(f.with(bytes, 20, be32(8)) == "clusters of 2^8 bytes are not possible");
  CHECK(f.with(bytes, 20, be32(63)) == "clusters of 2^63 bytes are not possible");
  CHECK(f.with(bytes, 24, be64(std::uint64_t{1} << 62)) ==
        "its L1 table is too short for 4611686018427387904 bytes of disk");
  CHECK(f.with(bytes, 32, be32(1)) == "it is encrypted");
  CHECK(f.with(bytes, 36, be32(0xffffffff)) == "its L1 table lies outside the file");
  CHECK(f.with(bytes, 40, be64(~std::uint64_t{0} << 16)) == "its L1 table lies outside the file");
  CHECK(f.with(bytes, 40, be64(512)) == "its L1 table lies outside the file");
  CHECK(f.with(bytes, 72, be64(16)) == "it has extended L2 entries, which are not supported");
  CHECK(f.with(bytes, 72, be64(1 << 20)) == "it needs unknown qcow2 features: 0x100000");
  CHECK(f.with(bytes, l1, be64(0x00fffffffffe0000)) ==
        "the L2 table at 72057594037796864 lies outside the file, or is not aligned");
  CHECK(f.with(bytes, l1, be64(512)) ==
        "the L2 table at 512 lies outside the file, or is not aligned");
  // An L1 table that is its own L2 table: its entries point at tables, which are read as data.
  CHECK(f.with(bytes, l1, be64(l1)) == "read");
}

TEST_CASE("compressed data that is broken or cut short is refused") {
  const Fixture f;
  for (const char* options : {"-c", "-c -o compression_type=zstd"}) {
    std::string bytes = bytes_of(f.convert("qcow2", options));
    const std::string clean = bytes;
    const std::uint64_t l2 = number(bytes, number(bytes, 40)) & 0xffffffffff;
    std::uint64_t entry = 0;
    for (std::size_t i = 0; i < 8192 && entry >> 62 != 1; ++i) entry = number(bytes, l2 + 8 * i);
    REQUIRE(entry >> 62 == 1);
    const std::uint64_t at = entry & ((std::uint64_t{1} << 54) - 1);
    for (std::size_t i = 0; i < 16; ++i) bytes[at + i] = static_cast<char>(bytes[at + i] ^ 0x5a);
    CHECK_THAT(f.reading(bytes), EndsWith("of the disk cannot be decompressed"));
    CHECK(f.reading(clean) == "read");
  }
}

TEST_CASE("an image that was cut short is refused wherever it was cut") {
  const Fixture f;
  for (const auto& [format, options] : {std::pair{"qcow2", ""}, std::pair{"vhdx", ""},
                                        std::pair{"vpc", "-o subformat=dynamic,force_size=on"}}) {
    const std::string bytes = bytes_of(f.convert(format, options));
    for (std::size_t part = 0; part < 8; ++part) {
      CAPTURE(format, part);
      CHECK(f.reading(bytes.substr(0, bytes.size() * part / 8 / 512 * 512)) != "read");
    }
  }
}

TEST_CASE("a VHDX with wrong checksums, a full log or tables elsewhere is refused") {
  const Fixture f;
  const std::string bytes = bytes_of(f.convert("vhdx"));
  CHECK(f.reading(bytes) == "read");
  const auto broken = [&](std::size_t first, std::size_t second) {
    std::string changed = bytes;
    changed[first + 20] ^= 1;
    if (second != 0) changed[second + 20] ^= 1;
    return f.reading(changed);
  };
  // One of two copies may be wrong.
  CHECK(broken(192 << 10, 0) == "read");
  CHECK(broken(64 << 10, 128 << 10) == "neither of its VHDX headers is right");
  CHECK(broken(192 << 10, 256 << 10) == "neither of its VHDX region tables is right");
  CHECK(f.reading(bytes.substr(0, 300 << 10)) == "a VHDX region lies outside the file");
}

TEST_CASE("a file with the marks of two formats, or of none and half a sector, is refused") {
  const Fixture f;
  std::string bytes = bytes_of(f.convert("vpc", "-o subformat=fixed,force_size=on"));
  CHECK(f.with(bytes, 0, "QFI\xfb") == "it has the marks of more than one image format");
  CHECK(f.reading(std::string(1000, 'x')) ==
        "a raw disk is a whole number of 512-byte sectors, and its size is not");
  CHECK(f.reading("x") == "it is smaller than one sector");
}
