#include "composer/host/remove_tree.h"

#include <array>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/mount/mount_point.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using host::remove_tree;

TEST_CASE("a tree is removed, and what its links lead to is not") {
  const test::ScratchFolder scratch;
  const std::filesystem::path tree = scratch.path() / "tree", kept = scratch.path() / "kept";
  std::filesystem::create_directories(tree / "a/b");
  std::filesystem::create_directory(kept);
  std::ofstream(kept / "file") << "x";
  std::filesystem::create_directory_symlink(kept, tree / "a/link");
  std::filesystem::create_symlink(kept / "file", tree / "a/b/link");
  REQUIRE(::mkfifo((tree / "fifo").c_str(), 0) == 0);
  remove_tree(tree);
  CHECK_FALSE(std::filesystem::exists(tree));
  CHECK(read_file(kept / "file") == "x");
  remove_tree(tree);  // There is none any more.
  std::filesystem::create_directory_symlink(kept, scratch.path() / "top-link");
  CHECK_THROWS_AS(remove_tree(scratch.path() / "top-link"), Error);
  CHECK(std::filesystem::exists(kept / "file"));
}

TEST_CASE("what is mounted in a tree is left, and the rest goes") {
  const test::ScratchFolder scratch;
  const std::filesystem::path tree = scratch.path() / "tree", kept = scratch.path() / "kept";
  std::filesystem::create_directories(tree / "mnt");
  std::filesystem::create_directories(tree / "other/deep");
  std::filesystem::create_directory(kept);
  std::ofstream(kept / "file") << "x";
  {
    // A bind mount of the same filesystem: the device number alone does not show it.
    const mount::Mount bound = mount::Mount::bind(kept, {tree, "/mnt"});
    CHECK_THROWS_WITH(remove_tree(tree), "cannot remove '" + (tree / "mnt").string() +
                                             "': something is mounted there");
    CHECK(std::filesystem::exists(kept / "file"));
    CHECK_FALSE(std::filesystem::exists(tree / "other"));
  }
  remove_tree(tree);
  CHECK_FALSE(std::filesystem::exists(tree));
}

TEST_CASE("a tree of any depth and width is removed with few descriptors") {
  const test::ScratchFolder scratch;
  const std::filesystem::path tree = scratch.path() / "tree";
  std::filesystem::create_directory(tree);
  FileDescriptor level = open_file(tree, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(::mkdirat(level.get(), "deep", 0700) == 0);
    level = FileDescriptor(::openat(level.get(), "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(level);
  }
  level.reset();
  const FileDescriptor top = open_file(tree, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 10000; ++i) {
    const std::string name = "file" + std::to_string(i);
    REQUIRE(::mknodat(top.get(), name.c_str(), S_IFREG | 0600, 0) == 0);
  }
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = 512;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  remove_tree(tree);
  CHECK_FALSE(std::filesystem::exists(tree));
}
