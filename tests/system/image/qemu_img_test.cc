// qemu-img reads what was written, finds nothing wrong with it, and the same bytes in it.

#include <catch2/catch.hpp>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/image/write.h"

#include "tests/system/image/exported_image.h"

using namespace composer;
using namespace composer::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kCluster = 65536;

struct Kind {
  OutputFormat format;
  Compression compression;
  const char* qemu_name;
};

const std::vector<Kind> kKinds{
    {OutputFormat::raw, Compression::none, "raw"},
    {OutputFormat::vhd_fixed, Compression::none, "vpc"},
    {OutputFormat::vhd, Compression::none, "vpc"},
    {OutputFormat::vhdx, Compression::none, "vhdx"},
    {OutputFormat::qcow2, Compression::none, "qcow2"},
    {OutputFormat::qcow2, Compression::zlib, "qcow2"},
    {OutputFormat::qcow2, Compression::zstd_fast, "qcow2"},
    {OutputFormat::qcow2, Compression::zstd, "qcow2"},
};

json info(const fs::path& image, const std::string& format) {
  return json::parse(output_of({"qemu-img", "info", "--output=json", "-f", format, image}));
}

/// What `qemu-img check` counts; anything wrong ends the test.
json check_qcow2(const fs::path& image) {
  const json found = json::parse(output_of({"qemu-img", "check", "--output=json", image}));
  INFO(found.dump(2));
  CHECK(found.value("check-errors", -1) == 0);
  CHECK(found.value("leaks", 0) == 0);
  CHECK(found.value("corruptions", 0) == 0);
  CHECK(found.at("image-end-offset") == fs::file_size(image));
  return found;
}

void check_vhdx(const fs::path& image) {
  const json found = json::parse(output_of({"qemu-img", "check", "--output=json", image}));
  INFO(found.dump(2));
  CHECK(found.value("check-errors", -1) == 0);
  CHECK(found.value("leaks", 0) == 0);
  CHECK(found.value("corruptions", 0) == 0);
}

/// Exports and lets qemu-img judge.
void judge(const SparseDisk& disk, const Kind& kind, const fs::path& folder) {
  INFO(kind.qemu_name << " " << static_cast<int>(kind.compression) << " of " << disk.size());
  const fs::path image = export_image(disk, kind.format, kind.compression, folder / "image");
  CHECK(info(image, kind.qemu_name).at("virtual-size") == disk.size());
  output_of({"qemu-img", "compare", "-f", "raw", "-F", kind.qemu_name, disk.path(), image});
  if (kind.format == OutputFormat::qcow2) check_qcow2(image);
  if (kind.format == OutputFormat::vhdx) check_vhdx(image);
  fs::remove(image);
}

}  // namespace

TEST_CASE("qemu-img agrees on an empty disk of every size") {
  for (const Kind& kind : kKinds) {
    for (const std::uint64_t size : {1ULL << 20, 1ULL << 30, 5ULL << 30}) {
      const ScratchFolder scratch;
      judge(SparseDisk(scratch.path() / "disk", size), kind, scratch.path());
    }
  }
}

TEST_CASE("qemu-img agrees on data, zeros and holes mixed") {
  for (const Kind& kind : kKinds) {
    const ScratchFolder scratch;
    judge(mixed_disk(scratch.path() / "disk", 16 << 20), kind, scratch.path());
  }
}

TEST_CASE("qemu-img agrees on a disk full of noise, and nothing of it is compressed") {
  const ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 12 << 20);
  disk.write(0, noise(12 << 20, 11));
  for (const Kind& kind : kKinds) judge(disk, kind, scratch.path());
  const fs::path image =
      export_image(disk, OutputFormat::qcow2, Compression::zstd, scratch.path() / "image");
  CHECK(check_qcow2(image).at("allocated-clusters") == 192);
  CHECK(check_qcow2(image).value("compressed-clusters", 0) == 0);
  // Header, L1, one L2, refcount block and table.
  CHECK(fs::file_size(image) == (192 + 5) * kCluster);
}

TEST_CASE("qemu-img agrees on a disk that ends within a cluster") {
  for (const std::uint64_t size : {(8ULL << 20) + 512, (8ULL << 20) + kCluster - 512, 512ULL}) {
    const ScratchFolder scratch;
    SparseDisk disk(scratch.path() / "disk", size);
    disk.write(0, prose(size, 1));
    for (const Kind& kind : kKinds) {
      // A fixed VHD is a whole number of MiB.
      if (kind.format != OutputFormat::vhd_fixed) judge(disk, kind, scratch.path());
    }
  }
}

TEST_CASE("qemu-img agrees where stored and compressed clusters alternate") {
  const ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 64 << 20);
  for (std::uint64_t i = 0; i < 1024; ++i) {
    if (i % 5 == 4) continue;
    disk.write(i * kCluster, i % 3 == 0 ? noise(kCluster, i) : prose(kCluster, i));
  }
  for (const Kind& kind : kKinds) judge(disk, kind, scratch.path());
}

TEST_CASE("a qcow2 says its version, its compression and that its refcounts are exact") {
  const ScratchFolder scratch;
  const auto disk = mixed_disk(scratch.path() / "disk");
  for (const auto& [compression, type] : {std::pair{Compression::none, "zlib"},
                                          {Compression::zlib, "zlib"},
                                          {Compression::zstd, "zstd"}}) {
    const fs::path image =
        export_image(disk, OutputFormat::qcow2, compression, scratch.path() / "image");
    const json found = info(image, "qcow2");
    CHECK(found.at("cluster-size") == kCluster);
    CHECK_FALSE(found.contains("backing-filename"));
    CHECK_FALSE(found.at("dirty-flag").get<bool>());
    const json& specific = found.at("format-specific").at("data");
    CHECK(specific.at("compat") == "1.1");
    CHECK(specific.at("compression-type") == type);
    CHECK(specific.at("lazy-refcounts") == false);
    CHECK(specific.at("refcount-bits") == 16);
    CHECK(specific.at("corrupt") == false);
    CHECK((check_qcow2(image).value("compressed-clusters", 0) > 0) ==
          (compression != Compression::none));
  }
}

TEST_CASE("a VHD of the largest size is read at exactly that size") {
  const LargeFolder folder;
  SparseDisk disk(folder.path() / "disk", GiB(2040).count);
  disk.write(0, "first").write(disk.size() - 4, "last");
  judge(disk, {OutputFormat::vhd_fixed, Compression::none, "vpc"}, folder.path());
}

namespace {

/// 64 TiB with some data everywhere.
SparseDisk vast_disk(const fs::path& path) {
  SparseDisk disk(path, TiB(64).count);
  disk.write(0, prose(300'000, 1));
  for (std::uint64_t tib = 1; tib < 64; tib += 7) disk.write(tib << 40, prose(100'000, tib));
  disk.write(disk.size() - 4, "last");
  return disk;
}

/// Exports in a process of its own, so that its memory is its own.
void export_in_little_memory(const SparseDisk& disk, const Kind& kind, const fs::path& image) {
  const pid_t child = ::fork();
  if (child == 0) {
    export_image(disk, kind.format, kind.compression, image);
    std::_Exit(0);
  }
  int status = 0;
  rusage usage{};
  REQUIRE(::wait4(child, &status, 0, &usage) == child);
  REQUIRE(status == 0);
#ifndef __SANITIZE_ADDRESS__
  CHECK(usage.ru_maxrss < 64 << 10);  // KiB
#endif
}

std::uint64_t space_of(const fs::path& file) {
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace

TEST_CASE("a dynamic VHD of the largest size takes the memory and the space of its data") {
  const LargeFolder folder;
  SparseDisk disk(folder.path() / "disk", GiB(2040).count);
  disk.write(0, "first").write(GiB(1000).count, "middle").write(disk.size() - 4, "last");
  const Kind kind{OutputFormat::vhd, Compression::none, "vpc"};
  const fs::path image = folder.path() / "image";
  export_in_little_memory(disk, kind, image);
  CHECK(space_of(image) < 5 << 20);  // 4 MiB of table.
  fs::remove(image);
  judge(disk, kind, folder.path());
}

TEST_CASE("a VHDX of 64 TiB takes the memory and the space of its data") {
  const LargeFolder folder;
  const SparseDisk disk = vast_disk(folder.path() / "disk");
  const fs::path image = folder.path() / "image";
  export_in_little_memory(disk, {OutputFormat::vhdx, Compression::none, "vhdx"}, image);
  CHECK(space_of(image) < 4 << 20);
  CHECK(info(image, "vhdx").at("virtual-size") == TiB(64).count);
  check_vhdx(image);
  // qemu-img knows no holes of a VHDX and would read 64 TiB of zeros to compare it.
  const fs::path piece = folder.path() / "piece";
  for (const std::uint64_t tib : {0ULL, 1ULL, 2ULL, 36ULL, 57ULL}) {
    const std::string skip = std::to_string(tib << 20), end = std::to_string((tib << 20) + 1);
    output_of({"qemu-img", "dd", "-f", "vhdx", "-O", "raw", "bs=1M", "skip=" + skip, "count=" + end,
               "if=" + image.string(), "of=" + piece.string()});
    std::string expected(1 << 20, '\0');
    image::read_exactly(disk.raw(), tib << 40, expected.data(), expected.size());
    CHECK((read_file(piece) == expected));
  }
}

TEST_CASE("a compressed raw image of 64 TiB takes little memory and a 32768th of the space") {
  const LargeFolder folder;
  const SparseDisk disk = vast_disk(folder.path() / "disk");
  const fs::path image = folder.path() / "image";
  export_in_little_memory(disk, {OutputFormat::raw, Compression::zstd, "raw"}, image);
  // The format has no shorter way to say zeros: 4 bytes for a block of 128 KiB.
  CHECK(fs::file_size(image) < (2ULL << 30) + (64 << 20));
}

TEST_CASE("zstd unpacks a compressed raw image to the disk") {
  const ScratchFolder scratch;
  const auto disk = mixed_disk(scratch.path() / "disk", 64 << 20);
  const fs::path image =
      export_image(disk, OutputFormat::raw, Compression::zstd, scratch.path() / "x.zst");
  output_of({"zstd", "-q", "-d", image, "-o", scratch.path() / "x"});
  output_of({"cmp", disk.path(), scratch.path() / "x"});
}

TEST_CASE("a qcow2 of 64 TiB takes the memory and the space of its data") {
  const LargeFolder folder;
  const SparseDisk disk = vast_disk(folder.path() / "disk");
  const fs::path image = folder.path() / "image";
  export_in_little_memory(disk, {OutputFormat::qcow2, Compression::zstd, "qcow2"}, image);
  CHECK(fs::file_size(image) < 4 << 20);  // 1 MiB of L1, an L2 table for each place with data.
  CHECK(info(image, "qcow2").at("virtual-size") == TiB(64).count);
  check_qcow2(image);
  output_of({"qemu-img", "compare", "-f", "raw", "-F", "qcow2", disk.path(), image});
}

TEST_CASE("refcounts are right in a file of more than one refcount block") {
  // 33,000 clusters with a byte of data each: 2.1 GiB in the file.
  const LargeFolder folder;
  SparseDisk disk(folder.path() / "disk", 33'000 * kCluster);
  for (std::uint64_t i = 0; i < 33'000; ++i) disk.write(i * kCluster + i % kCluster, "x");
  judge(disk, {OutputFormat::qcow2, Compression::none, "qcow2"}, folder.path());
}

TEST_CASE("a qcow2 is the same to the bit however many threads made it, twice") {
  const ScratchFolder scratch;
  const auto disk = mixed_disk(scratch.path() / "disk", 64 << 20);
  for (const Compression compression :
       {Compression::none, Compression::zlib, Compression::zstd, Compression::zstd_fast}) {
    std::string first;
    for (const unsigned threads : {1U, 2U, 7U, 2U}) {
      const fs::path image =
          export_image(disk, OutputFormat::qcow2, compression, scratch.path() / "image", threads);
      const std::string digest = sha256_file(image);
      if (first.empty()) first = digest;
      CHECK(digest == first);
    }
  }
}

TEST_CASE("QEMU inflates a cluster whose matches reach 4 KiB back, as ours do") {
  // The other half of this fact is in the unit tests: our zlib clusters reach no further.
  const ScratchFolder scratch;
  SparseDisk disk(scratch.path() / "disk", 1 << 20);
  const std::string block = noise(4096 - 300, 5);
  std::string cluster;
  while (cluster.size() < kCluster) cluster += block;
  disk.write(0, cluster.substr(0, kCluster));
  judge(disk, {OutputFormat::qcow2, Compression::zlib, "qcow2"}, scratch.path());
}

namespace {

/// Says that the export is under way, then stands still until the process is killed.
struct Standstill final : Progress {
  explicit Standstill(int descriptor) : fd(descriptor) {}
  void begin(Stage, Amount) override {}
  void advance(Stage, Amount, std::string_view) override {
    if (::write(fd, "x", 1) != 1) std::_Exit(1);
    for (;;) ::pause();
  }
  void end(Stage, Amount) override {}
  void note(std::string_view) override {}
  void warning(std::string_view) override {}
  void command(std::span<const std::string>) override {}
  void output(std::string_view, std::string_view) override {}
  int fd;
};

}  // namespace

TEST_CASE("a run that is killed leaves nothing that looks finished, and the next one clears up") {
  const ScratchFolder scratch;
  const auto disk = mixed_disk(scratch.path() / "disk", 8 << 20);
  Plan plan;
  plan.identity_seed = "seed";
  plan.outputs = {{OutputFormat::qcow2, Compression::zstd, "a.qcow2"},
                  {OutputFormat::raw, Compression::none, "a.raw"},
                  {OutputFormat::vhd_fixed, Compression::none, "a.vhd"}};
  const disk::Disk planned{disk.path(), {disk.size()}, {}};
  const fs::path out = scratch.path() / "out";
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Standstill progress(pipe[1]);
    image::write_images(plan, planned, image::DiskUse::consume, out, progress);
    std::_Exit(1);
  }
  char byte = 0;
  REQUIRE(::read(pipe[0], &byte, 1) == 1);
  ::kill(child, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  ::close(pipe[0]);
  ::close(pipe[1]);
  CHECK(fs::exists(disk.path()));
  for (const auto& entry : fs::directory_iterator(out)) {
    CHECK_THAT(entry.path().string(), Catch::EndsWith(".partial"));
  }
  SilentProgress progress;
  CHECK(image::write_images(plan, planned, image::DiskUse::consume, out, progress).size() == 3);
  for (const auto& entry : fs::directory_iterator(out)) {
    CHECK_THAT(entry.path().string(), !Catch::EndsWith(".partial"));
  }
}
