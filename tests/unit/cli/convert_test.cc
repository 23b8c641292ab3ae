#include "composer/convert.h"

#include <cstdlib>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/inspect/block_source.h"

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::test;

namespace {

struct Fixture {
  Fixture() {
    std::string bytes(4 << 20, '\0');
    bytes.replace(0, 70000, noise(70000, 1));
    bytes.replace(2 << 20, 300000, std::string(300000, 'a'));
    bytes.replace(bytes.size() - 600, 600, noise(600, 3));
    raw = bytes;
    write_bytes(scratch / "disk.raw", raw);
  }

  Image to(const std::string& from, const std::string& name, ConvertRequest request = {}) const {
    request.input = scratch / from;
    request.output = scratch / name;
    SilentProgress progress;
    return convert(request, progress);
  }

  std::string disk_of(const std::string& name) const {
    return whole(*inspect::open_disk_image(scratch / name).disk);
  }

  std::size_t files() const {
    const std::filesystem::directory_iterator all(scratch.folder.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  Scratch scratch;
  std::string raw;
};

std::string problem(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a disk goes from each format to each other and stays the same") {
  const Fixture f;
  const std::vector<std::string> names = {"a.vhd",     "b.qcow2",     "c.vhdx",
                                          "d.raw.zst", "dynamic.vhd", "e.img"};
  std::string last = "disk.raw";
  for (const std::string& from : names) {
    ConvertRequest request;
    if (from == "dynamic.vhd") request.format = OutputFormat::vhd;
    f.to(last, from, request);
    last = from;
    for (const std::string& to : names) {
      CAPTURE(from, to);
      const std::string name = "to-" + to;
      ConvertRequest other;
      if (to == "dynamic.vhd") other.format = OutputFormat::vhd;
      const Image image = f.to(from, name, other);
      CHECK(image.path == f.scratch / name);
      CHECK(image.virtual_size.count == f.raw.size());
      CHECK(image.file_size.count == std::filesystem::file_size(image.path));
      if (to != "d.raw.zst") {
        CHECK((f.disk_of(name) == f.raw));
      } else {
        shell(fmt::format("zstd -dqc '{}' | cmp - '{}'", f.scratch.text(name),
                          f.scratch.text("disk.raw")));
      }
      // Nothing of it depends on where the disk came from, or on the name.
      if (std::filesystem::exists(f.scratch / to)) {
        CHECK((bytes_of(f.scratch / name) == bytes_of(f.scratch / to)));
      }
    }
  }
  CHECK((bytes_of(f.scratch / "disk.raw") == f.raw));
  CHECK(f.files() == 1 + 2 * names.size());  // No work folder, nothing partial.
}

TEST_CASE("the date of a converted VHD is SOURCE_DATE_EPOCH") {
  const Fixture f;
  ::setenv("SOURCE_DATE_EPOCH", "946684900", 1);
  f.to("disk.raw", "a.vhd");
  ::setenv("SOURCE_DATE_EPOCH", "soon", 1);
  const std::string refused = problem([&] { f.to("disk.raw", "a.vhd"); });
  ::unsetenv("SOURCE_DATE_EPOCH");
  CHECK(inspect::open_disk_image(f.scratch / "a.vhd").facts.vhd->made == 100);
  CHECK(refused == "SOURCE_DATE_EPOCH is 'soon', not a number of seconds");
}

TEST_CASE("what cannot be converted is refused before anything is written") {
  const Fixture f;
  CHECK(problem([&] { f.to("disk.raw", "x"); }) ==
        "the name 'x' does not say which format is wanted");
  CHECK(problem([&] { f.to("disk.raw", "a.raw", {.compression = Compression::zlib}); }) ==
        "'raw' images are not compressed with 'zlib'");
  CHECK(problem([&] { f.to("disk.raw", "a.cosi", {.format = OutputFormat::cosi}); }) ==
        "a disk cannot be converted to 'cosi', which says what is on it");
  CHECK_THAT(problem([&] { f.to("disk.raw", "disk.raw"); }),
             Catch::Matchers::EndsWith("is the input, and would be written to"));
  std::filesystem::copy(f.scratch / "disk.raw", f.scratch / "b.raw.partial");
  CHECK_THAT(problem([&] { f.to("b.raw.partial", "b.raw"); }),
             Catch::Matchers::EndsWith("b.raw.partial' is the input, and would be written to"));
  CHECK((bytes_of(f.scratch / "b.raw.partial") == f.raw));
  f.to("disk.raw", "packed.vhd");
  shell(fmt::format("zstd -q --rm '{}'", f.scratch.text("packed.vhd")));
  CHECK_THAT(problem([&] { f.to("packed.vhd.zst", "a.raw"); }),
             Catch::Matchers::EndsWith("it holds a fixed VHD image, not a raw disk"));
  write_bytes(f.scratch / "odd.raw", f.raw + std::string(512, 'x'));
  CHECK_THAT(problem([&] { f.to("odd.raw", "a.vhd"); }),
             Catch::Contains("its size must be a whole number of 1 MiB"));
  shell(fmt::format("qemu-img create -f qcow2 '{}' 3T", f.scratch.text("large.qcow2")));
  CHECK_THAT(problem([&] { f.to("large.qcow2", "a.vhd"); }),
             Catch::Contains("a disk of 3072 GiB cannot be a 'vhd-fixed' image"));
  CHECK(f.files() == 5);
}

TEST_CASE("an input that breaks off in the middle leaves the old output as it was") {
  const Fixture f;
  f.to("disk.raw", "a.qcow2", {.compression = Compression::none});
  std::string bytes = bytes_of(f.scratch / "a.qcow2");
  write_bytes(f.scratch / "cut.qcow2", bytes.substr(0, bytes.size() / 2 / 65536 * 65536));
  write_bytes(f.scratch / "old.vhdx", "old");
  CHECK_THAT(problem([&] { f.to("cut.qcow2", "old.vhdx"); }), Catch::Contains("cannot read '"));
  CHECK(bytes_of(f.scratch / "old.vhdx") == "old");
  CHECK(f.files() == 4);
}

TEST_CASE("a disk of many TiB with little in it is converted at once") {
  const Fixture f;
  shell(fmt::format("qemu-img create -f qcow2 '{}' 60T", f.scratch.text("large.qcow2")));
  shell(fmt::format("qemu-io -f qcow2 -c 'write -P 7 50T 1M' '{}'", f.scratch.text("large.qcow2")));
  // Through a file of 60 TiB, which not every filesystem can hold: ext4 ends at 16 TiB.
  const std::string refused = problem([&] { f.to("large.qcow2", "large.vhdx"); });
  if (refused != "none") {
    CHECK_THAT(refused, Catch::Contains("cannot make a file of the 65970697666560 bytes"));
    return;
  }
  CHECK(inspect::read_text(*inspect::open_disk_image(f.scratch / "large.vhdx").disk, TiB(50).count,
                           4) == "\7\7\7\7");
}
