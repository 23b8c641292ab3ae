#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/inspect/archive_tree.h"
#include "composer/inspect/ext_tree.h"
#include "composer/inspect/fat_tree.h"
#include "composer/inspect/mounted_root.h"
#include "composer/inspect/signature.h"
#include "composer/tree/host_root.h"

#include "tests/unit/inspect/images.h"

using namespace composer;
using namespace composer::inspect;
using namespace composer::test;
using Catch::Matchers::EndsWith;

namespace {

/// A folder with all that a test can make without privilege.
void make_folder(const std::filesystem::path& top) {
  namespace fs = std::filesystem;
  fs::create_directories(top / "a/deep/folder");
  write_bytes(top / "a/empty", "");
  write_bytes(top / "a/small", "small\n");
  write_bytes(top / "a/deep/large", noise(900'000, 7));
  write_bytes(top / "a/sparse", "begin");
  fs::resize_file(top / "a/sparse", 3'000'000);
  std::ofstream(top / "a/sparse", std::ios::in | std::ios::out | std::ios::ate) << "end";
  fs::create_symlink("small", top / "a/fast");
  fs::create_symlink("../../a/./" + std::string(80, '/') + "small", top / "a/deep/slow");
  fs::create_symlink("/a/deep", top / "absolute");
  fs::create_symlink("loop", top / "loop");
  fs::create_symlink("../../../../etc/passwd", top / "a/outside");
  fs::create_directory(top / "many");
  for (int i = 0; i < 400; ++i) {
    write_bytes(top / fmt::format("many/a file with number {}", i), fmt::format("{}", i));
  }
  fs::permissions(top / "a/small", fs::perms{0640});
  fs::permissions(top / "a/deep", fs::perms{0711});
}

void require_same(const ReadRoot& expected, const ReadRoot& found, const std::string& path) {
  INFO(path);
  const auto a = expected.link_status(path), b = found.link_status(path);
  REQUIRE(a);
  REQUIRE(b);
  REQUIRE(a->kind == b->kind);
  REQUIRE((a->mode == b->mode || path == "/"));
  if (a->kind == FileKind::regular) {
    REQUIRE(a->size == b->size);
    REQUIRE((expected.read(path) == found.read(path)));
    REQUIRE((expected.read_at(path, 5000, 100) == found.read_at(path, 5000, 100)));
  }
  REQUIRE(expected.read_link(path) == found.read_link(path));
  if (a->kind != FileKind::directory) return;
  std::vector<std::string> names = found.list(path);
  std::erase(names, "lost+found");
  REQUIRE(expected.list(path) == names);
  for (const std::string& name : names) {
    require_same(expected, found, path == "/" ? "/" + name : path + "/" + name);
  }
}

/// A volume that is in memory.
class Volume final : public BlockSource {
 public:
  explicit Volume(std::string bytes) : bytes_(std::move(bytes)) {}
  Bytes size() const override { return {bytes_.size()}; }
  void read(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset > bytes_.size() || into.size() > bytes_.size() - offset) {
      throw Error(ErrorKind::build, "past the end");
    }
    std::copy_n(reinterpret_cast<const std::byte*>(bytes_.data()) + offset, into.size(),
                into.begin());
  }

 private:
  std::string bytes_;
};

std::unique_ptr<BlockSource> volume_of(const std::filesystem::path& path) {
  return std::make_unique<Volume>(bytes_of(path));
}

/// Everything in it, or the first error's message.
std::string walk(const ReadRoot& root, const std::string& path = "/") {
  for (const std::string& name : root.list(path)) {
    const std::string child = path == "/" ? "/" + name : path + "/" + name;
    const auto status = root.link_status(child);
    if (status && status->kind == FileKind::regular) root.read_at(child, 0, 1 << 16);
    root.xattrs(child);
    if (status && status->kind == FileKind::directory) walk(root, child);
  }
  return "walked";
}

template <typename Open>
std::string walk_of(Open open, std::string bytes) {
  try {
    const MountedRoot root(open(std::make_unique<Volume>(std::move(bytes))));
    return walk(root);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("an ext filesystem gives back every file that was put in") {
  const Scratch scratch;
  make_folder(scratch / "in");
  const auto [options, type] =
      GENERATE(std::pair{"-t ext4", "ext4"}, std::pair{"-t ext4 -O inline_data -I 256", "ext4"},
               std::pair{"-t ext4 -b 1024 -O ^metadata_csum,ea_inode", "ext4"},
               std::pair{"-t ext3", "ext3"}, std::pair{"-t ext2 -b 1024", "ext2"});
  CAPTURE(options);
  shell(
      fmt::format("mke2fs -q -F {} -L name -U 12345678-1234-1234-1234-123456789abc -d '{}' '{}' "
                  "24M",
                  options, scratch.text("in"), scratch.text("volume")));
  const auto facts = recognise_filesystem(*volume_of(scratch / "volume"));
  REQUIRE(facts);
  CHECK(facts->type == type);
  CHECK(facts->uuid == "12345678-1234-1234-1234-123456789abc");
  CHECK(facts->label == "name");
  CHECK_FALSE(facts->needs_recovery);
  CHECK_FALSE(facts->has_errors);
  const MountedRoot root(open_ext(volume_of(scratch / "volume")));
  const tree::HostRoot host(scratch / "in");
  require_same(host, root, "/");
  CHECK(root.read("/absolute/../fast") == "small\n");
  CHECK(root.read("/a/deep/slow") == "small\n");
  CHECK_FALSE(root.exists("/a/outside"));
  CHECK_FALSE(root.exists("/a/small/below"));
  CHECK_THROWS_WITH(root.status("/loop"),
                    "cannot read '/loop' in the image: too many levels of symbolic links");
  CHECK_THROWS_WITH(root.read("/a"), "cannot read '/a' in the image: it is not a regular file");
}

TEST_CASE("owners, device nodes and extended attributes of ext4 are read") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "in");
  write_bytes(scratch / "in/file", "x");
  write_bytes(scratch / "value", noise(4096, 5));
  shell(fmt::format("mke2fs -q -F -t ext4 -b 4096 -O ea_inode -d '{}' '{}' 8M", scratch.text("in"),
                    scratch.text("volume")));
  write_bytes(scratch / "commands",
              fmt::format("mknod zero c 1 5\nmknod disk b 259 60000\nmknod fifo p\n"
                          "sif file uid 1000000\nsif file gid 70000\n"
                          "ea_set file security.selinux system_u:object_r:etc_t:s0\n"
                          "ea_set -f {} file user.large\n",
                          scratch.text("value")));
  shell(fmt::format("debugfs -w -f '{}' '{}'", scratch.text("commands"), scratch.text("volume")));
  const MountedRoot root(open_ext(volume_of(scratch / "volume")));
  CHECK(root.status("/file")->uid == 1000000);
  CHECK(root.status("/file")->gid == 70000);
  CHECK(root.status("/zero")->kind == FileKind::character_device);
  CHECK(root.status("/zero")->device_major == 1);
  CHECK(root.status("/zero")->device_minor == 5);
  CHECK(root.status("/disk")->kind == FileKind::block_device);
  CHECK(root.status("/disk")->device_major == 259);
  CHECK(root.status("/disk")->device_minor == 60000);
  CHECK(root.status("/fifo")->kind == FileKind::fifo);
  CHECK(root.xattr("/file", "security.selinux") == "system_u:object_r:etc_t:s0");
  CHECK((root.xattr("/file", "user.large") == bytes_of(scratch / "value")));
  CHECK(root.xattrs("/zero").empty());
}

TEST_CASE("an ext4 filesystem that was not unmounted says so") {
  const Scratch scratch;
  shell(fmt::format("mke2fs -q -F -t ext4 '{}' 8M", scratch.text("volume")));
  shell(fmt::format("debugfs -w -R 'feature needs_recovery' '{}'", scratch.text("volume")));
  CHECK(recognise_filesystem(*volume_of(scratch / "volume"))->needs_recovery);
  CHECK(walk_of(open_ext, bytes_of(scratch / "volume")) == "walked");
}

TEST_CASE("a broken ext filesystem is refused, and a walk through it ends") {
  const Scratch scratch;
  make_folder(scratch / "in");
  shell(fmt::format("mke2fs -q -F -t ext4 -O ^metadata_csum -d '{}' '{}' 24M", scratch.text("in"),
                    scratch.text("volume")));
  const std::string bytes = bytes_of(scratch / "volume");
  CHECK(walk_of(open_ext, bytes) == "walked");
  CHECK(walk_of(open_ext, bytes.substr(0, bytes.size() / 2)) ==
        "the ext4 superblock is not possible: the filesystem is larger than its volume");
  CHECK(walk_of(open_ext, std::string(4096, '\0')) ==
        "the ext4 superblock is not possible: there is no magic number");
  std::string groups = bytes;
  groups.replace(1024 + 32, 4, std::string(4, '\0'));
  CHECK(walk_of(open_ext, groups) ==
        "the ext4 superblock is not possible: its groups have no blocks");
  // A hard link to a directory above itself.
  shell(fmt::format("debugfs -w -R 'link /a /a/deep/again' '{}'", scratch.text("volume")));
  CHECK(walk_of(open_ext, bytes_of(scratch / "volume")) ==
        "cannot read 'again' in the image: the directory is in two places of its filesystem, which "
        "is broken");
  // Bytes changed all over: an answer or an error, but always an end.
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    std::string changed = bytes;
    const std::string at = noise(64, seed);
    for (std::size_t i = 0; i + 4 <= at.size(); i += 4) {
      const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(at[i + n]); };
      const std::size_t place = (byte(0) << 12U | byte(1) << 4U | byte(2)) % 300'000;
      changed[1024 + place] = at[i + 3];
    }
    CHECK_FALSE(walk_of(open_ext, changed).empty());
  }
}

TEST_CASE("a FAT filesystem gives back every file that was put in") {
  const Scratch scratch;
  const auto [options, size, bits] =
      GENERATE(std::tuple{"-F 12", "1440K", "FAT12"}, std::tuple{"-F 16", "17M", "FAT16"},
               std::tuple{"-F 32 -s 1", "40M", "FAT32"});
  CAPTURE(options);
  shell(fmt::format("truncate -s {} '{}'", size, scratch.text("volume")));
  shell(fmt::format("mkfs.fat {} -i 1234abcd -n LABEL '{}'", options, scratch.text("volume")));
  std::filesystem::create_directories(scratch / "in/EFI/BOOT");
  write_bytes(scratch / "in/EFI/BOOT/BOOTX64.EFI", noise(300'000, 3));
  write_bytes(scratch / "in/EFI/A long name, longer than thirteen characters.conf", "x");
  write_bytes(scratch /
                  "in/EFI/\xc3\x9c"
                  "bung",
              "unicode");
  write_bytes(scratch / "in/lower.txt", "");
  for (int i = 0; i < 60; ++i) {
    write_bytes(scratch / fmt::format("in/EFI/file number {}", i), fmt::format("{}", i));
  }
  shell(fmt::format("cd '{}' && LC_ALL=C.UTF-8 mcopy -s -i '{}' EFI lower.txt ::/",
                    scratch.text("in"), scratch.text("volume")));
  const auto facts = recognise_filesystem(*volume_of(scratch / "volume"));
  REQUIRE(facts);
  CHECK(facts->type == "vfat");
  CHECK(facts->uuid == "1234-ABCD");
  CHECK(facts->label == "LABEL");
  CHECK(facts->features == std::vector<std::string>{bits});
  const MountedRoot root(open_fat(volume_of(scratch / "volume")));
  const tree::HostRoot host(scratch / "in");
  CHECK(root.list("/") == host.list("/"));
  CHECK(root.list("/EFI") == host.list("/EFI"));
  CHECK((root.read("/efi/boot/bootx64.efi") == noise(300'000, 3)));
  CHECK((root.read_at("/EFI/BOOT/BOOTX64.EFI", 299'990, 100) == noise(300'000, 3).substr(299'990)));
  CHECK(root.read("/EFI/file number 59") == "59");
  CHECK(root.read("/EFI/\xc3\x9c"
                  "bung") == "unicode");
  CHECK(root.read("/lower.txt") == "");
  CHECK(root.status("/EFI/BOOT")->kind == FileKind::directory);
  CHECK_FALSE(root.exists("/EFI/none"));
  CHECK(root.xattrs("/EFI").empty());
}

TEST_CASE("FAT chains that go round in circles, or elsewhere, end") {
  const Scratch scratch;
  const std::string volume = scratch.text("volume");
  shell(fmt::format("truncate -s 17M '{0}' && mkfs.fat -F 16 -s 4 '{0}'", volume));
  shell(
      fmt::format("mmd -i '{0}' ::/DIR ::/DIR/SUB && head -c 9000 /dev/urandom | "
                  "mcopy -i '{0}' - ::/DIR/FILE",
                  volume));
  const std::string bytes = bytes_of(volume);
  const FatLayout layout = read_fat_layout(Volume(bytes));
  REQUIRE(walk_of(open_fat, bytes) == "walked");
  const auto entry = [&](const std::string& name) { return bytes.find(name + "   "); };
  const auto cluster_of = [&](std::size_t at) {
    return static_cast<unsigned char>(bytes[at + 26]) +
           256U * static_cast<unsigned char>(bytes[at + 27]);
  };
  const auto linked = [&](unsigned from, unsigned to) {
    std::string changed = bytes;
    const std::size_t at = layout.table + 2 * from;
    changed[at] = static_cast<char>(to);
    changed[at + 1] = static_cast<char>(to >> 8);
    return walk_of(open_fat, changed);
  };
  const unsigned dir = cluster_of(entry("DIR     ")), file = cluster_of(entry("FILE    "));
  CHECK(linked(file, file) == "walked");  // Its size is what is read of it.
  CHECK(linked(file, 0xffff) == "the FAT filesystem is broken: a file ends before its size");
  CHECK(linked(file, 0xff00) == "the FAT filesystem is broken: a cluster is not in the volume");
  CHECK(linked(file, 0) == "the FAT filesystem is broken: a cluster is not in the volume");
  std::string self = bytes;
  self[entry("SUB     ") + 26] = bytes[entry("DIR     ") + 26];
  CHECK(walk_of(open_fat, self) ==
        "cannot read 'SUB' in the image: the directory is in two places of its filesystem, which "
        "is broken");
  CHECK(dir >= 2);
  for (std::size_t at : {11, 13, 14, 16, 17, 22, 32}) {
    for (const char byte : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[at] = byte;
      CHECK_FALSE(walk_of(open_fat, changed).empty());
    }
  }
  CHECK(walk_of(open_fat, bytes.substr(0, 1 << 20)) ==
        "the FAT filesystem is broken: it is larger than its volume");
}

TEST_CASE("a tar archive gives back every file that was put in") {
  const Scratch scratch;
  make_folder(scratch / "in");
  std::filesystem::create_hard_link(scratch / "in/a/small", scratch / "in/a/hard");
  const std::string options = GENERATE("", "--sparse", "-z", "-J", "--zstd");
  CAPTURE(options);
  shell(fmt::format("tar -C '{}' {} --format=pax --sort=name -cf '{}' .", scratch.text("in"),
                    options, scratch.text("root.tar")));
  const MountedRoot root(open_archive(scratch / "root.tar"));
  require_same(tree::HostRoot(scratch / "in"), root, "/");
  CHECK(root.read("/a/hard") == "small\n");
}

TEST_CASE("a tar archive that leaves the root, or is cut short, is refused") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch / "in");
  write_bytes(scratch / "in/file", noise(5000, 1));
  shell(
      fmt::format("tar -C '{}' -cPf '{}' ../in/file", scratch.text("in"), scratch.text("out.tar")));
  CHECK_THROWS_WITH(open_archive(scratch / "out.tar"),
                    fmt::format("cannot read the archive '{}': it has the path '../in/file'",
                                scratch.text("out.tar")));
  shell(fmt::format("tar -C '{}' -cf '{}' file", scratch.text("in"), scratch.text("good.tar")));
  write_bytes(scratch / "cut.tar", bytes_of(scratch / "good.tar").substr(0, 2048));
  CHECK_THROWS_AS(open_archive(scratch / "cut.tar"), Error);
}
