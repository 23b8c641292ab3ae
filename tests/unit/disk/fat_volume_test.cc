#include "composer/disk/fat_volume.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/host/process.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using namespace composer::disk;

namespace {

constexpr std::int64_t kEpoch = 1767225600;  // 2026-01-01

host::CommandOutput run(std::vector<std::string> arguments) {
  SilentProgress progress;
  return host::CommandRunner(progress).run({.arguments = std::move(arguments)});
}

/// A folder to copy from, and a FAT filesystem at 1 MiB of a file, as in a disk.
class Fixture {
 public:
  explicit Fixture(Bytes size = MiB(40), std::string kind = "32") : size_(size) {
    std::filesystem::create_directory(tree());
    volume_ = open_file(disk(), O_RDWR | O_CREAT);
    REQUIRE(::ftruncate(volume_.get(), static_cast<off_t>((size + MiB(1)).count)) == 0);
    REQUIRE(run({"mkfs.fat", "--invariant", "-F", kind, "-i", "1234ABCD", "-n", "ESP", "-s", "1",
                 "--offset", "2048", disk().string(), fmt::format("{}", size.count >> 10)})
                .status == 0);
  }

  std::filesystem::path tree() const { return scratch_.path() / "tree"; }
  std::filesystem::path disk() const { return scratch_.path() / "disk"; }
  FileDescriptor directory() const { return open_file(tree(), O_RDONLY | O_DIRECTORY); }
  FatSource scan() const { return scan_fat_source(directory().get(), "/boot/efi"); }

  void write(const std::string& path, std::string_view content,
             std::int64_t modified = 1700000000) {
    const std::filesystem::path full = tree() / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << content;
    set_time(path, modified);
  }
  void set_time(const std::string& path, std::int64_t modified) const {
    const timeval times[2] = {{modified, 0}, {modified, 0}};
    REQUIRE(::utimes((tree() / path).c_str(), times) == 0);
  }

  void fill() {
    const FileDescriptor from = directory();
    fill_fat(volume_.get(), MiB(1), size_, from.get(), scan_fat_source(from.get(), "/boot/efi"),
             kEpoch, "/boot/efi", "esp");
  }

  /// The filesystem on its own, for programs that know no offsets.
  std::string image() const {
    std::string bytes(size_.count, '\0');
    REQUIRE(::pread(volume_.get(), bytes.data(), bytes.size(), 1 << 20) ==
            static_cast<ssize_t>(bytes.size()));
    return bytes;
  }

  void check_sound() const {
    const std::filesystem::path path = scratch_.path() / "image";
    std::ofstream(path, std::ios::binary) << image();
    const host::CommandOutput output = run({"fsck.fat", "-n", "-v", path.string()});
    INFO(output.standard_output);
    CHECK(output.status == 0);
    CHECK(output.standard_output.find("Free cluster summary wrong") == std::string::npos);
  }

  /// What mtools, another implementation, reads.
  std::string mtools(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"-i", disk().string() + "@@1M"});
    const host::CommandOutput output = run(std::move(arguments));
    INFO(output.standard_error);
    CHECK(output.status == 0);
    return output.standard_output;
  }

 private:
  test::ScratchFolder scratch_;
  Bytes size_;
  FileDescriptor volume_;
};

}  // namespace

TEST_CASE("another implementation reads back what was written") {
  const auto [size, kind] = GENERATE(std::pair(MiB(40), "32"), std::pair(MiB(20), "16"));
  Fixture fat(size, kind);
  const std::string loader(300001, 'L');
  fat.write("EFI/BOOT/BOOTX64.EFI", loader);
  fat.write("EFI/azurelinux/grub.cfg", "set timeout=1\n");
  fat.write("EFI/azurelinux/a name with spaces, and größe.conf", "x");
  fat.write("empty", "");
  std::filesystem::create_directory(fat.tree() / "nothing inside");
  std::string zeros(70000, '\0');
  zeros.back() = 'z';
  fat.write("zeros", zeros);
  fat.fill();
  fat.check_sound();
  CHECK(fat.mtools({"mtype", "::/EFI/BOOT/BOOTX64.EFI"}) == loader);
  CHECK(fat.mtools({"mtype", "::/efi/AZURELINUX/GRUB.CFG"}) == "set timeout=1\n");
  CHECK(fat.mtools({"mtype", "::/EFI/azurelinux/a name with spaces, and größe.conf"}) == "x");
  CHECK(fat.mtools({"mtype", "::/zeros"}) == zeros);
  CHECK(fat.mtools({"mdir", "-b", "-/", "::/"}) ==
        "::/EFI/\n::/empty\n::/nothing inside/\n::/zeros\n::/EFI/BOOT/\n::/EFI/azurelinux/\n"
        "::/EFI/BOOT/BOOTX64.EFI\n::/EFI/azurelinux/a name with spaces, and größe.conf\n"
        "::/EFI/azurelinux/grub.cfg\n");
  CHECK(fat.mtools({"mlabel", "-s", "::"}).find("ESP") != std::string::npos);
}

TEST_CASE("the same tree gives the same bytes, whenever it was written") {
  const auto image = [](std::vector<std::string> order, std::int64_t now) {
    Fixture fat;
    for (const std::string& path : order) fat.write(path, "content of " + path, 1700000000);
    fat.write("late", "written by the build", now);
    for (const char* folder : {"a", "c"}) fat.set_time(folder, now);
    fat.fill();
    return fat.image();
  };
  const std::string once = image({"a/one", "a/two", "b", "c/Ab", "c/d"}, kEpoch + 100);
  CHECK(once == image({"c/d", "b", "a/two", "c/Ab", "a/one"}, kEpoch + 9999999));
  CHECK(once != image({"a/one", "a/two", "b", "c/Ab", "c/e"}, kEpoch + 100));
}

TEST_CASE("times are the files' own, but none after the epoch") {
  Fixture fat;
  fat.write("old", "x", 1700000000);  // 2023-11-14 22:13:20
  fat.write("new", "x", kEpoch + 86400 * 50);
  fat.fill();
  const std::string listing = fat.mtools({"mdir", "::/"});
  CHECK_THAT(listing, Catch::Contains("2023-11-14  22:13"));
  CHECK_THAT(listing, Catch::Contains("2026-01-01   0:00"));
}

TEST_CASE("a directory of many files is larger than a cluster and still sound") {
  Fixture fat;
  for (int i = 0; i < 700; ++i) fat.write(fmt::format("dir/a rather long name {}.conf", i), "x");
  for (int i = 0; i < 100; ++i) fat.write(fmt::format("file in the root {}", i), "y");
  fat.fill();
  fat.check_sound();
  CHECK(fat.mtools({"mtype", "::/dir/a rather long name 699.conf"}) == "x");
  CHECK(fat.mtools({"mtype", "::/file in the root 99"}) == "y");
}

TEST_CASE("FAT16's root directory holds what it holds") {
  Fixture fat(MiB(8), "16");
  for (int i = 0; i < 300; ++i) fat.write(fmt::format("file in the root {}", i), "y");
  CHECK_THROWS_WITH(fat.fill(), "'/boot/efi' has more files than a directory of vfat can hold");
}

TEST_CASE("files that do not fit are refused before anything is written") {
  Fixture fat(MiB(33));
  fat.write("large", "");
  std::filesystem::resize_file(fat.tree() / "large", MiB(33).count);
  const std::string before = fat.image();
  try {
    fat.fill();
    FAIL("it fitted");
  } catch (const Error& error) {
    CHECK(error.to_text() ==
          "error: the files in '/boot/efi' need 33.0 MiB, but the vfat filesystem of partition "
          "'esp' has room for 32.5 MiB\n"
          "  hint: make partition 'esp' larger\n");
  }
  CHECK(fat.image() == before);

  // To the last cluster: 66512 clusters less the root's.
  std::filesystem::resize_file(fat.tree() / "large", 66511 * 512);
  fat.fill();
  fat.check_sound();
}

TEST_CASE("what FAT has not is refused by name") {
  Fixture fat;
  SECTION("a symbolic link") {
    std::filesystem::create_directories(fat.tree() / "EFI");
    std::filesystem::create_symlink("/etc/shadow", fat.tree() / "EFI" / "link");
    CHECK_THROWS_WITH(fat.scan(),
                      "'/boot/efi/EFI/link' cannot be in a vfat filesystem: it is a "
                      "symbolic link");
  }
  SECTION("a fifo") {
    REQUIRE(::mkfifo((fat.tree() / "fifo").c_str(), 0600) == 0);
    CHECK_THROWS_WITH(fat.scan(), "'/boot/efi/fifo' cannot be in a vfat filesystem: it is a fifo");
  }
  SECTION("a name") {
    fat.write("what?", "x");
    CHECK_THROWS_WITH(fat.scan(),
                      "'/boot/efi/what?' cannot be in a vfat filesystem: its name has "
                      "the character '?'");
  }
  SECTION("a size") {
    fat.write("huge", "");
    std::filesystem::resize_file(fat.tree() / "huge", GiB(4).count);
    CHECK_THROWS_WITH(fat.scan(),
                      "'/boot/efi/huge' cannot be in a vfat filesystem: it is larger "
                      "than 4 GiB");
  }
  SECTION("a depth") {
    std::string path = "a";
    for (int i = 0; i < 40; ++i) path += "/a";
    fat.write(path, "x");
    CHECK_THROWS_WITH(fat.scan(), Catch::EndsWith("is nested deeper than 32 directories"));
  }
  SECTION("two names that are one") {
    fat.write("EFI/x", "1");
    fat.write("efi/x", "2");
    CHECK_THROWS_WITH(fat.fill(), "'EFI' and 'efi' in '/boot/efi' are one name to vfat");
  }
}

TEST_CASE("a file that changes after it was looked at is noticed") {
  Fixture fat;
  fat.write("file", "long enough");
  const FatSource tree = fat.scan();
  const FileDescriptor from = fat.directory();
  const FileDescriptor disk = open_file(fat.disk(), O_RDWR);
  const auto copy = [&] {
    fill_fat(disk.get(), MiB(1), MiB(40), from.get(), tree, kEpoch, "/boot/efi", "esp");
  };
  fat.write("file", "short");
  CHECK_THROWS_WITH(copy(), "'file' changed while it was copied");
}

TEST_CASE("a file that became a link is not followed") {
  Fixture fat;
  fat.write("EFI/file", "content");
  const FatSource tree = fat.scan();
  std::filesystem::remove_all(fat.tree() / "EFI");
  std::filesystem::create_symlink("/etc", fat.tree() / "EFI");
  const FileDescriptor from = fat.directory();
  CHECK_THROWS_WITH(open_fat_source(from.get(), "EFI/passwd"),
                    Catch::StartsWith("cannot open 'EFI/passwd': "));
  CHECK_THROWS_WITH(remove_fat_source(from.get(), tree, "/boot/efi"),
                    Catch::StartsWith("cannot open '/boot/efi/EFI': "));
  CHECK(std::filesystem::exists("/etc/passwd"));
}

TEST_CASE("a filesystem is filled once") {
  Fixture fat;
  fat.write("file", "content");
  fat.fill();
  CHECK_THROWS_WITH(fat.fill(), "this is no FAT filesystem that can be filled: it is not empty");
}

TEST_CASE("removing the source leaves an empty directory, or says why not") {
  Fixture fat;
  fat.write("a/b/c", "x");
  fat.write("d", "x");
  const FatSource tree = fat.scan();
  const FileDescriptor from = fat.directory();
  SECTION("all of it") {
    remove_fat_source(from.get(), tree, "/boot/efi");
    CHECK(std::filesystem::is_empty(fat.tree()));
  }
  SECTION("but not what came later") {
    fat.write("e", "x");
    CHECK_THROWS_WITH(remove_fat_source(from.get(), tree, "/boot/efi"),
                      "'/boot/efi' did not become empty");
  }
}

TEST_CASE("boot sectors that make no sense are refused") {
  const auto geometry = [](std::string sector, Bytes size = MiB(40)) {
    return read_fat_geometry(sector, size);
  };
  Fixture fat;
  const std::string good = fat.image().substr(0, 512);
  const FatGeometry read = geometry(good);
  CHECK(read.fat32);
  CHECK(read.cluster == Bytes{512});
  CHECK(read.fats == 2);
  CHECK(read.info == Bytes{512});
  CHECK(read.backup_info == Bytes{7 * 512});
  CHECK_THROWS(geometry(std::string(512, '\0')));
  CHECK_THROWS(geometry(""));
  CHECK_THROWS_WITH(geometry(good, MiB(39)), Catch::EndsWith("it is larger than its place"));
  CHECK_THROWS_WITH(geometry(Fixture(MiB(1), "12").image().substr(0, 512), MiB(1)),
                    Catch::EndsWith("it is FAT12"));
  // Every byte of the parameters set to every extreme: an Error, or a geometry within the volume.
  for (std::size_t at = 11; at < 64; ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(value);
      try {
        const FatGeometry found = geometry(bad);
        CHECK(found.data.count + found.cluster.count * found.clusters <= MiB(40).count);
        CHECK(found.fat.count + found.fat_size.count * found.fats <= found.data.count);
        CHECK(found.info < found.fat);
        CHECK(found.backup_info < found.fat);
      } catch (const Error&) {
      }
    }
  }
}
