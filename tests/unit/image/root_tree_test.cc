#include "composer/image/root_tree.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>

#include "composer/error.h"
#include "composer/image/tar_archive.h"

#include "tests/support/scratch_folder.h"
#include "tests/unit/image/tree_listing.h"

using namespace composer;
using namespace composer::image;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kEpoch = 1'700'000'000;

void write(const fs::path& path, std::string_view content = "x") {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

void make_at(const fs::path& path, std::int64_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 123}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
}

std::string tar_of(const fs::path& root) {
  std::string bytes;
  const FileDescriptor fd = open_file(root, O_RDONLY | O_DIRECTORY);
  write_tar(fd.get(), {kEpoch, {}}, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

}  // namespace

TEST_CASE("a tree comes in the order in which the listing of its archive is sorted") {
  const test::ScratchFolder scratch;
  for (const char* name : {"b", "a/x", "a-b", "a0", "a/y/z", "a.b"}) write(scratch.path() / name);
  const auto paths = test::list_tree(scratch.path(), {kEpoch, {}}).paths;
  CHECK(paths ==
        std::vector<std::string>{"/", "a-b", "a.b", "a/", "a/x", "a/y/", "a/y/z", "a0", "b"});
}

TEST_CASE("sockets and what is left out do not come, with all that is in it") {
  const test::ScratchFolder scratch;
  write(scratch.path() / "boot/lost+found/file");
  write(scratch.path() / "lost+found");
  write(scratch.path() / "var/lost+found/file");
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{AF_UNIX, {}};
  const std::string name = (scratch.path() / "socket").string();
  REQUIRE(name.size() < sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what bind takes.
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const auto paths =
      test::list_tree(scratch.path(), {kEpoch, {"lost+found", "boot/lost+found"}}).paths;
  CHECK(paths ==
        std::vector<std::string>{"/", "boot/", "var/", "var/lost+found/", "var/lost+found/file"});
}

TEST_CASE("a time later than the epoch is the epoch, and all are whole seconds") {
  const test::ScratchFolder scratch;
  write(scratch.path() / "early");
  write(scratch.path() / "late");
  make_at(scratch.path() / "early", kEpoch - 5);
  make_at(scratch.path() / "late", kEpoch + 5);
  const auto lines = test::list_tree(scratch.path(), {kEpoch, {}}).lines;
  CHECK(lines.at(0).find(" 1700000000") != std::string::npos);
  CHECK(lines.at(1).find(" 1699999995 1 bytes") != std::string::npos);
  CHECK(lines.at(2).find(" 1700000000 1 bytes") != std::string::npos);
}

TEST_CASE("a tree of too many levels is refused") {
  const test::ScratchFolder scratch;
  fs::path deep = scratch.path();
  for (int i = 0; i < 260; ++i) deep /= "d";
  fs::create_directories(deep);
  CHECK_THROWS_WITH(test::list_tree(scratch.path(), {kEpoch, {}}),
                    Catch::EndsWith("/d' of the image has too many levels"));
}

TEST_CASE("two trees that hold the same make the same archive, whatever came first") {
  const test::ScratchFolder scratch;
  const fs::path one = scratch.path() / "one", other = scratch.path() / "other";
  const std::string foreign = "foreign-\xff";  // No UTF-8.
  const std::vector<std::string> names = {"b", "a/x", "a/Főtanúsítvány", foreign, "a/" + foreign};
  for (const std::string& name : names) write(one / name, std::string(3000, 'x'));
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    write(other / *name, std::string(3000, 'x'));
  }
  fs::create_hard_link(one / "b", one / "c");
  fs::create_hard_link(other / "b", other / "c");
  const std::string archive = tar_of(one);
  CHECK(archive == tar_of(other));
  CHECK(archive.size() % 10240 == 0);
  CHECK(archive.find("Főtanúsítvány") != std::string::npos);
  CHECK(archive.find(foreign) != std::string::npos);
  write(other / "b", "changed");
  CHECK(archive != tar_of(other));
}

TEST_CASE("what the sink throws ends the archive") {
  const test::ScratchFolder scratch;
  write(scratch.path() / "file", std::string(5 << 20, 'x'));
  const FileDescriptor fd = open_file(scratch.path(), O_RDONLY | O_DIRECTORY);
  CHECK_THROWS_WITH(write_tar(fd.get(), {kEpoch, {}},
                              [](std::string_view) { throw Error(ErrorKind::build, "disk full"); }),
                    "disk full");
}
