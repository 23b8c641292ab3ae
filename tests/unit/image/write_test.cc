#include "composer/image/write.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/image/vhd_footer.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/sparse_disk.h"

using namespace composer;
using composer::image::DiskUse;
using composer::image::write_images;
namespace fs = std::filesystem;

namespace {

class WriteImages {
 public:
  explicit WriteImages(std::uint64_t size = 8 << 20) {
    fs::create_directory(scratch_.path() / "work");
    test::mixed_disk(disk_path(), size);
    content_ = read_file(disk_path());
    plan_.identity_seed = "seed";
    plan_.source_date_epoch = 1'700'000'000;
    disk_ = {disk_path(), {size}, {}};
  }

  fs::path disk_path() const { return scratch_.path() / "work/disk.raw"; }
  fs::path out(std::string_view name = {}) const { return scratch_.path() / "out/images" / name; }
  const std::string& content() const { return content_; }
  Plan& plan() { return plan_; }
  disk::Disk& disk() { return disk_; }

  WriteImages& output(OutputFormat format, Compression compression, std::string name) {
    plan_.outputs.push_back({format, compression, std::move(name)});
    return *this;
  }

  std::vector<Image> write(DiskUse use, Progress& progress) {
    return write_images(plan_, disk_, use, out(), progress);
  }
  std::vector<Image> write(DiskUse use) {
    SilentProgress progress;
    return write(use, progress);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(out()))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  test::ScratchFolder scratch_;
  Plan plan_;
  disk::Disk disk_;
  std::string content_;
};

struct AmountsSeen final : Progress {
  void begin(Stage stage, Amount amount) override {
    begun = stage == Stage::write_images;
    expected = amount.bytes;
  }
  void advance(Stage, Amount amount, std::string_view) override {
    went_back = went_back || amount.bytes < done;
    done = amount.bytes;
  }
  void end(Stage, Amount amount) override { ended = amount.bytes; }
  void note(std::string_view) override {}
  void warning(std::string_view) override {}
  void command(std::span<const std::string>) override {}
  void output(std::string_view, std::string_view) override {}
  bool begun = false, went_back = false;
  Bytes expected, done, ended;
};

}  // namespace

TEST_CASE("every output of a kept disk is written, described and hashed") {
  WriteImages t;
  t.output(OutputFormat::raw, Compression::none, "a.raw")
      .output(OutputFormat::vhd_fixed, Compression::none, "a.vhd")
      .output(OutputFormat::qcow2, Compression::zstd, "a.qcow2");
  AmountsSeen progress;
  const std::vector<Image> images = t.write(DiskUse::keep, progress);
  CHECK(t.names() == std::vector<std::string>{"a.qcow2", "a.raw", "a.vhd"});
  REQUIRE(images.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(images[i].output.filename == t.plan().outputs[i].filename);
    CHECK(images[i].path == t.out(images[i].output.filename));
    CHECK(images[i].virtual_size == MiB(8));
    CHECK(images[i].file_size.count == fs::file_size(images[i].path));
    CHECK(images[i].sha256 == sha256_file(images[i].path));
  }
  CHECK((read_file(t.out("a.raw")) == t.content()));
  CHECK((read_file(t.out("a.vhd")) ==
         t.content() + image::planned_vhd_footer(t.plan(), t.disk().size)));
  CHECK((read_file(t.disk_path()) == t.content()));
  CHECK(progress.begun);
  CHECK_FALSE(progress.went_back);
  CHECK(progress.done == progress.expected);
  CHECK(progress.ended == progress.expected);
  CHECK(progress.expected.count > 0);
}

TEST_CASE("a consumed disk becomes the VHD, after the others have read it") {
  WriteImages t;
  t.output(OutputFormat::vhd_fixed, Compression::none, "a.vhd")
      .output(OutputFormat::qcow2, Compression::none, "a.qcow2");
  AmountsSeen progress;
  const std::vector<Image> images = t.write(DiskUse::consume, progress);
  CHECK_FALSE(fs::exists(t.disk_path()));
  CHECK((read_file(t.out("a.vhd")) ==
         t.content() + image::planned_vhd_footer(t.plan(), t.disk().size)));
  for (const Image& image : images) CHECK(image.sha256 == sha256_file(image.path));
  CHECK(progress.done == progress.expected);
}

TEST_CASE("of several outputs that could consume the disk the last one does") {
  WriteImages t;
  t.output(OutputFormat::vhd_fixed, Compression::none, "a.vhd")
      .output(OutputFormat::raw, Compression::none, "a.raw");
  const std::vector<Image> images = t.write(DiskUse::consume);
  CHECK_FALSE(fs::exists(t.disk_path()));
  CHECK((read_file(t.out("a.raw")) == t.content()));
  CHECK((read_file(t.out("a.vhd")) ==
         t.content() + image::planned_vhd_footer(t.plan(), t.disk().size)));
  for (const Image& image : images) CHECK(image.sha256 == sha256_file(image.path));
}

TEST_CASE("consumed or copied, the bytes are the same") {
  WriteImages kept, consumed;
  for (WriteImages* t : {&kept, &consumed}) {
    t->output(OutputFormat::vhd_fixed, Compression::none, "a.vhd")
        .output(OutputFormat::qcow2, Compression::zstd, "a.qcow2")
        .output(OutputFormat::qcow2, Compression::zlib, "z.qcow2");
  }
  const auto a = kept.write(DiskUse::keep), b = consumed.write(DiskUse::consume);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].sha256 == b[i].sha256);
}

TEST_CASE("a disk with a second name is copied, never consumed under it") {
  WriteImages t;
  t.output(OutputFormat::vhd_fixed, Compression::none, "a.vhd");
  const fs::path other = t.disk_path().string() + ".other";
  fs::create_hard_link(t.disk_path(), other);
  t.write(DiskUse::consume);
  CHECK((read_file(other) == t.content()));
  CHECK(fs::file_size(t.out("a.vhd")) == t.content().size() + 512);
}

TEST_CASE("a disk for which nobody has a use is left alone") {
  WriteImages t;
  t.output(OutputFormat::qcow2, Compression::zstd, "a.qcow2");
  t.write(DiskUse::consume);
  CHECK((read_file(t.disk_path()) == t.content()));
}

TEST_CASE("an earlier image is replaced, whole") {
  WriteImages t;
  t.output(OutputFormat::raw, Compression::none, "a.raw");
  fs::create_directories(t.out());
  write_file_atomically(t.out("a.raw"), "old");
  t.write(DiskUse::keep);
  CHECK((read_file(t.out("a.raw")) == t.content()));
}

TEST_CASE("when one output fails no output is left, and a disk to be consumed is still there") {
  WriteImages t;
  t.output(OutputFormat::qcow2, Compression::zstd, "a.qcow2")
      .output(OutputFormat::vhd_fixed, Compression::none, "a.vhd");
  fs::create_directories(t.out());
  write_file_atomically(t.out("a.qcow2"), "old");
  // Nothing can be created under this name.
  fs::create_directory(t.out("a.vhd.partial"));
  CHECK_THROWS_AS(t.write(DiskUse::consume), Error);
  CHECK(t.names() == std::vector<std::string>{"a.qcow2", "a.vhd.partial"});
  CHECK(read_file(t.out("a.qcow2")) == "old");
  CHECK((read_file(t.disk_path()) == t.content()));
}

TEST_CASE("an interrupt ends the export and leaves nothing behind") {
  WriteImages t;
  t.output(OutputFormat::qcow2, Compression::zstd, "a.qcow2")
      .output(OutputFormat::vhd_fixed, Compression::none, "a.vhd");
  // In a process of its own: the request to stop cannot be taken back.
  const pid_t child = ::fork();
  if (child == 0) {
    host::catch_interrupts();
    ::raise(SIGINT);
    try {
      t.write(DiskUse::consume);
    } catch (const Error& error) {
      std::_Exit(std::string_view(error.what()).starts_with("interrupted") ? 42 : 1);
    }
    std::_Exit(2);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
  CHECK(t.names().empty());
  CHECK((read_file(t.disk_path()) == t.content()));
}

TEST_CASE("a disk that is not as long as planned is refused") {
  WriteImages t;
  t.output(OutputFormat::raw, Compression::none, "a.raw");
  fs::resize_file(t.disk_path(), 4 << 20);
  CHECK_THROWS_WITH(t.write(DiskUse::keep), "the disk '" + t.disk_path().string() +
                                                "' is 4194304 bytes long, not 8388608 as planned");
  CHECK_FALSE(fs::exists(t.out("a.raw")));
}

TEST_CASE("outputs that would get in each other's way are refused") {
  WriteImages same, partial, over_disk, over_directory;
  same.output(OutputFormat::raw, Compression::none, "a").output(OutputFormat::qcow2, {}, "a");
  CHECK_THROWS_WITH(same.write(DiskUse::keep), "two images have the file name 'a'");
  partial.output(OutputFormat::raw, Compression::none, "a")
      .output(OutputFormat::raw, Compression::none, "a.partial");
  CHECK_THROWS_WITH(partial.write(DiskUse::keep),
                    "the file name 'a.partial' is needed while 'a' is written");
  over_disk.output(OutputFormat::qcow2, Compression::none, "disk.raw");
  fs::create_directories(over_disk.out().parent_path().parent_path());
  SilentProgress progress;
  CHECK_THROWS_WITH(write_images(over_disk.plan(), over_disk.disk(), DiskUse::keep,
                                 over_disk.disk_path().parent_path(), progress),
                    "cannot write '" + over_disk.disk_path().string() +
                        "': it is the disk that images are made from");
  over_directory.output(OutputFormat::raw, Compression::none, "a");
  fs::create_directories(over_directory.out("a"));
  CHECK_THROWS_WITH(over_directory.write(DiskUse::keep),
                    "cannot write '" + over_directory.out("a").string() + "': it is a directory");
}

TEST_CASE("a disk that is still to be checked is checked once, before an image of it is there") {
  WriteImages t;
  t.output(OutputFormat::raw, Compression::none, "a.raw")
      .output(OutputFormat::vhd_fixed, Compression::none, "a.vhd");
  int checks = 0;
  bool early = true;
  t.disk().check = [&] {
    ++checks;
    early = early && !fs::exists(t.out("a.raw")) && !fs::exists(t.out("a.vhd"));
  };
  CHECK(t.write(DiskUse::consume).size() == 2);
  CHECK(checks == 1);
  CHECK(early);
}

TEST_CASE("a disk that fails its check becomes no image, and stays") {
  WriteImages t;
  t.output(OutputFormat::raw, Compression::none, "a.raw")
      .output(OutputFormat::vhd_fixed, Compression::none, "a.vhd");
  t.disk().check = [] { throw Error(ErrorKind::build, "the filesystem is damaged"); };
  CHECK_THROWS_WITH(t.write(DiskUse::consume), Catch::Contains("the filesystem is damaged"));
  CHECK(t.names().empty());
  CHECK((read_file(t.disk_path()) == t.content()));
}

TEST_CASE("a disk is checked even where no image is made of it") {
  WriteImages t;
  t.disk().check = [] { throw Error(ErrorKind::build, "the filesystem is damaged"); };
  CHECK_THROWS_WITH(t.write(DiskUse::keep), Catch::Contains("the filesystem is damaged"));
}
