#include "composer/tree/host_root.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/error.h"

#include "tests/support/host_usr_root.h"
#include "tests/support/scratch_folder.h"

using namespace composer;
using Catch::Matchers::EndsWith;
using tree::HostRoot;

namespace {

/// A root beside a folder of the host that nothing in the root may reach.
struct Fixture {
  Fixture() {
    std::filesystem::create_directories(directory / "etc");
    std::filesystem::create_directory(outside);
    std::ofstream(outside / "secret") << "host";
  }
  void link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, directory / name);
  }
  std::string host_secret() const { return read_file(outside / "secret"); }

  test::ScratchFolder scratch;
  std::filesystem::path directory = scratch.path() / "root", outside = scratch.path() / "outside";
};

}  // namespace

TEST_CASE("a file is written with its owner and mode, and read back") {
  const Fixture f;
  HostRoot root(f.directory);
  root.write("/etc/shadow", "root:*:\n", {0640, 3, 4});
  CHECK(root.read("/etc/shadow") == "root:*:\n");
  const auto status = root.status("/etc/shadow");
  REQUIRE(status);
  CHECK(status->kind == FileKind::regular);
  CHECK(status->mode == 0640);
  CHECK(status->uid == 3);
  CHECK(status->gid == 4);
  CHECK(status->size == 8);
  root.write("/etc/sudo", "", {04755, 0, 0});
  CHECK(root.status("/etc/sudo")->mode == 04755);
  CHECK(root.list("/etc") == std::vector<std::string>{"shadow", "sudo"});
  CHECK_FALSE(root.read("/etc/none"));
  CHECK_FALSE(root.exists("/none/at/all"));
  CHECK(root.list("/none").empty());
  CHECK_THROWS_WITH(root.write("/none/file", "x", {}),
                    "cannot write '/none/file' in the root: No such file or directory");
}

TEST_CASE("directories are made with their parents, and one that is there is left alone") {
  const Fixture f;
  HostRoot root(f.directory);
  root.make_directories("/a/b/c", {0750, 1, 2});
  CHECK(root.status("/a")->mode == 0750);
  CHECK(root.status("/a/b/c")->gid == 2);
  root.make_directories("/a/b/", {0700, 0, 0});
  CHECK(root.status("/a/b")->mode == 0750);
  root.write("/file", "x", {});
  CHECK_THROWS_WITH(root.make_directories("/file", {}), EndsWith("File exists"));
  CHECK_THROWS_AS(root.make_directories("/file/below", {}), Error);
}

TEST_CASE("links are made, replaced and read, and never followed when written") {
  const Fixture f;
  HostRoot root(f.directory);
  root.make_link("../usr/share/zoneinfo/UTC", "/etc/localtime");
  root.make_link("/elsewhere", "/etc/localtime");
  CHECK(root.read_link("/etc/localtime") == "/elsewhere");
  CHECK(root.link_status("/etc/localtime")->kind == FileKind::symlink);
  CHECK_FALSE(root.status("/etc/localtime"));
  CHECK_FALSE(root.read_link("/etc"));
  root.write("/target", "kept", {});
  root.make_link("/target", "/etc/link");
  CHECK(root.read("/etc/link") == "kept");
  root.write("/etc/link", "own", {});
  CHECK(root.link_status("/etc/link")->kind == FileKind::regular);
  CHECK(root.read("/target") == "kept");
  CHECK_THROWS_AS(root.make_link("x", "/etc"), Error);
}

TEST_CASE("an absolute link to the host leads to the root's own path") {
  const Fixture f;
  f.link((f.outside / "secret").string(), "etc/hostname");
  f.link(f.outside.string(), "var");
  HostRoot root(f.directory);
  CHECK_FALSE(root.read("/etc/hostname"));
  CHECK_FALSE(root.exists("/var/secret"));
  root.write("/etc/hostname", "mine", {});
  CHECK(f.host_secret() == "host");
  CHECK(root.read("/etc/hostname") == "mine");
  CHECK_THROWS_AS(root.write("/var/secret", "x", {}), Error);
  CHECK_THROWS_AS(root.set_attributes("/var/secret", {0777, 0, 0}), Error);
  root.remove("/var/secret");
  CHECK(f.host_secret() == "host");

  root.make_directories(f.outside.string(), {});
  root.write("/var/secret", "inside", {});
  CHECK(f.host_secret() == "host");
  CHECK(read_file(f.directory / f.outside.relative_path() / "secret") == "inside");
}

TEST_CASE("dots do not leave the root") {
  const Fixture f;
  f.link("../../../../../../../../" + f.outside.string(), "etc/up");
  HostRoot root(f.directory);
  const std::string path = "/etc/../../../../.." + f.outside.string() + "/secret";
  CHECK_FALSE(root.read(path));
  CHECK_FALSE(root.read("/../outside/secret"));
  CHECK_FALSE(root.read("/etc/up/secret"));
  CHECK_THROWS_AS(root.write("/etc/up/secret", "x", {}), Error);
  CHECK_THROWS_AS(root.make_link("x", "/etc/.."), Error);
  CHECK_THROWS_AS(root.remove("/.."), Error);
  CHECK_THROWS_AS(root.write("/", "x", {}), Error);
  CHECK(f.host_secret() == "host");
  CHECK(root.list("/etc/../..") == std::vector<std::string>{"etc"});
}

TEST_CASE("links of /proc are not followed") {
  const Fixture f;
  const test::HostUsrRoot real;
  HostRoot root(real.path());
  const mount::Mount proc("proc", {real.path(), "/var"}, "proc");
  CHECK_THROWS_WITH(root.read("/var/self/root/etc/passwd"), EndsWith("symbolic links"));
  CHECK_THROWS_AS(root.write("/var/self/cwd/file", "x", {}), Error);
}

TEST_CASE("what is not a regular file is not read, and nothing hangs") {
  const Fixture f;
  REQUIRE(::mkfifo((f.directory / "etc/fifo").c_str(), 0644) == 0);
  REQUIRE(::mknod((f.directory / "etc/zero").c_str(), S_IFCHR | 0644, makedev(1, 5)) == 0);
  REQUIRE(::mknod((f.directory / "etc/socket").c_str(), S_IFSOCK | 0644, 0) == 0);
  HostRoot root(f.directory);
  for (const char* path : {"/etc/fifo", "/etc/zero", "/etc/socket", "/etc"}) {
    CHECK_THROWS_WITH(root.read(path),
                      fmt::format("cannot read '{}' in the root: it is not a regular file", path));
  }
  CHECK(root.status("/etc/fifo")->kind == FileKind::fifo);
  root.set_attributes("/etc/fifo", {0600, 1, 1});
  CHECK(root.status("/etc/fifo")->mode == 0600);
  root.write("/etc/fifo", "now a file", {});
  CHECK(root.read("/etc/fifo") == "now a file");
}

TEST_CASE("a device node says which device it is") {
  const Fixture f;
  REQUIRE(::mknod((f.directory / "etc/zero").c_str(), S_IFCHR | 0644, makedev(1, 5)) == 0);
  REQUIRE(::mknod((f.directory / "etc/disk").c_str(), S_IFBLK | 0644, makedev(259, 70000)) == 0);
  REQUIRE(::mknod((f.directory / "etc/socket").c_str(), S_IFSOCK | 0644, 0) == 0);
  const HostRoot root(f.directory);
  CHECK(root.status("/etc/zero")->kind == FileKind::character_device);
  CHECK(root.status("/etc/zero")->device_major == 1);
  CHECK(root.status("/etc/zero")->device_minor == 5);
  CHECK(root.status("/etc/disk")->kind == FileKind::block_device);
  CHECK(root.status("/etc/disk")->device_major == 259);
  CHECK(root.status("/etc/disk")->device_minor == 70000);
  CHECK(root.status("/etc/socket")->kind == FileKind::socket);
}

TEST_CASE("a part of a file is read, and nothing past its end") {
  const Fixture f;
  std::ofstream(f.directory / "etc/big") << "begin";
  std::filesystem::resize_file(f.directory / "etc/big", std::uintmax_t{1} << 40);
  const HostRoot root(f.directory);
  CHECK(root.read_at("/etc/big", 3, 4) == std::string("in\0\0", 4));
  CHECK(root.read_at("/etc/big", (std::uint64_t{1} << 40) - 1, 4) == std::string(1, '\0'));
  CHECK(root.read_at("/etc/big", std::uint64_t{1} << 40, 4) == "");
  CHECK(root.read_at("/etc/big", ~std::uint64_t{0}, 4) == "");
  CHECK_FALSE(root.read_at("/etc/none", 0, 4));
  CHECK_THROWS_WITH(root.read_at("/etc", 0, 4),
                    "cannot read '/etc' in the root: it is not a regular file");
}

TEST_CASE("extended attributes are those of the file itself, or of the link itself") {
  const Fixture f;
  std::ofstream(f.directory / "etc/file") << "x";
  f.link("file", "etc/link");
  const std::string value("a\0b", 3);
  REQUIRE(::setxattr((f.directory / "etc/file").c_str(), "trusted.note", value.data(), value.size(),
                     0) == 0);
  REQUIRE(::lsetxattr((f.directory / "etc/link").c_str(), "trusted.link", "l", 1, 0) == 0);
  const HostRoot root(f.directory);
  CHECK(root.xattr("/etc/file", "trusted.note") == value);
  CHECK_FALSE(root.xattr("/etc/file", "trusted.other"));
  CHECK(root.xattrs("/etc/link") == ExtendedAttributes{{"trusted.link", "l"}});
  CHECK(root.xattrs("/etc/none").empty());
}

TEST_CASE("a huge sparse file is refused before it is read") {
  const Fixture f;
  std::ofstream(f.directory / "etc/big") << "x";
  std::filesystem::resize_file(f.directory / "etc/big", std::uintmax_t{1} << 40);
  const HostRoot root(f.directory);
  CHECK_THROWS_WITH(root.read("/etc/big"),
                    "cannot read '/etc/big' in the root: it is larger than 256 MiB");
}

TEST_CASE("a link that goes round in circles is an error") {
  const Fixture f;
  f.link("b", "a");
  f.link("a", "b");
  f.link(".", "here");
  HostRoot root(f.directory);
  CHECK_THROWS_WITH(root.read("/a/file"),
                    "cannot open '/a/file' in the root: Too many levels of symbolic links");
  CHECK(root.exists("/here/here/here/etc"));
  root.write("/a", "file now", {});
  CHECK(root.read("/b") == "file now");
}

TEST_CASE("removing takes the name away and nothing else") {
  const Fixture f;
  f.link("etc", "way");
  HostRoot root(f.directory);
  root.write("/etc/file", "x", {});
  CHECK_THROWS_WITH(root.remove("/etc"), EndsWith("Directory not empty"));
  root.remove("/way");
  CHECK(root.exists("/etc/file"));
  root.remove("/etc/file");
  root.remove("/etc/file");
  root.remove("/no/such/folder/file");
  root.remove("/etc/");
  CHECK(root.list("/").empty());
}

TEST_CASE("a write that fails leaves what was there") {
  const Fixture f;
  const mount::Mount small("small", {f.directory, "/etc"}, "tmpfs", {"size=64k"});
  HostRoot root(f.directory);
  root.write("/etc/file", "old", {});
  CHECK_THROWS_WITH(root.write("/etc/file", std::string(1 << 20, 'x'), {}),
                    EndsWith("No space left on device"));
  CHECK(root.read("/etc/file") == "old");
  CHECK(root.list("/etc") == std::vector<std::string>{"file"});
}

TEST_CASE("a root that is not there is an error") {
  CHECK_THROWS_AS(HostRoot("/no/such/root"), Error);
}

TEST_CASE("commands run in the root, contained") {
  const test::HostUsrRoot real;
  HostRoot root(real.path());
  const RootCommandResult result =
      root.run({{"sh", "-c", "echo $GIVEN; echo made > /etc/made; exit 4"}, "", {"GIVEN=x"}});
  CHECK(result.status == 4);
  CHECK(result.standard_output == "x\n");
  CHECK(root.read("/etc/made") == "made\n");
}
