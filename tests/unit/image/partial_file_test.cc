#include "composer/image/partial_file.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>

#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using composer::image::PartialFile;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

unsigned mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a file has its final name only once it is committed") {
  const test::ScratchFolder scratch;
  {
    PartialFile file(scratch.path() / "x");
    file.write_at("content", 0);
    CHECK(names_in(scratch.path()) == std::vector<std::string>{"x.partial"});
    file.sync();
    file.commit();
  }
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"x"});
  CHECK(read_file(scratch.path() / "x") == "content");
}

TEST_CASE("a file that is not committed is removed, and what had its name stays") {
  const test::ScratchFolder scratch;
  write_file_atomically(scratch.path() / "x", "old");
  {
    PartialFile file(scratch.path() / "x");
    file.write_at("new", 0);
  }
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"x"});
  CHECK(read_file(scratch.path() / "x") == "old");
}

TEST_CASE("a remnant of a killed run is replaced, not written through") {
  const test::ScratchFolder scratch;
  write_file_atomically(scratch.path() / "precious", "precious");
  fs::create_symlink("precious", scratch.path() / "x.partial");
  {
    PartialFile file(scratch.path() / "x");
    file.write_at("new", 0);
    file.commit();
  }
  CHECK(read_file(scratch.path() / "precious") == "precious");
  CHECK(read_file(scratch.path() / "x") == "new");
}

TEST_CASE("two runs do not write the same file") {
  const test::ScratchFolder scratch;
  const fs::path path = scratch.path() / "x";
  PartialFile first(path);
  CHECK_THROWS_WITH(PartialFile(path), "another run is writing '" + path.string() + ".partial'");
  first.write_at("first", 0);
  first.commit();
  CHECK(read_file(path) == "first");
}

TEST_CASE("a file that somebody replaced meanwhile is not committed") {
  const test::ScratchFolder scratch;
  const fs::path path = scratch.path() / "x";
  PartialFile file(path);
  fs::remove(path.string() + ".partial");
  CHECK_THROWS_WITH(file.commit(), "cannot finish '" + path.string() +
                                       "': something else replaced or removed '" + path.string() +
                                       ".partial'");
}

TEST_CASE("a taken disk becomes the file, with the permissions of a new one") {
  const test::ScratchFolder scratch;
  const fs::path raw = scratch.path() / "disk.raw";
  write_file_atomically(raw, "disk", 0600);
  const unsigned fresh_mode = [&] {
    PartialFile fresh(scratch.path() / "fresh");
    return mode_of(scratch.path() / "fresh.partial");
  }();
  PartialFile file(scratch.path() / "x");
  REQUIRE(file.take(raw));
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"x.partial"});
  file.write_at("+footer", 4);
  file.commit();
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"x"});
  CHECK(read_file(scratch.path() / "x") == "disk+footer");
  CHECK(mode_of(scratch.path() / "x") == fresh_mode);
}

TEST_CASE("a taken disk is given back as it was when the file is not committed") {
  const test::ScratchFolder scratch;
  const fs::path raw = scratch.path() / "disk.raw";
  write_file_atomically(raw, "disk", 0600);
  {
    PartialFile file(scratch.path() / "x");
    REQUIRE(file.take(raw));
    file.write_at("+footer", 4);
  }
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"disk.raw"});
  CHECK(read_file(raw) == "disk");
  CHECK(mode_of(raw) == 0600);
}

TEST_CASE("a disk with another name, or reached by a link, is not taken") {
  const test::ScratchFolder scratch;
  const fs::path raw = scratch.path() / "disk.raw";
  write_file_atomically(raw, "disk");
  fs::create_symlink(raw, scratch.path() / "link");
  PartialFile file(scratch.path() / "x");
  CHECK_FALSE(file.take(scratch.path() / "link"));
  fs::create_hard_link(raw, scratch.path() / "other");
  CHECK_FALSE(file.take(raw));
  CHECK(read_file(raw) == "disk");
  CHECK(file.size() == 0);
}

TEST_CASE("a full disk is explained with what was needed") {
  // The message alone; a disk that is really full is in the root tests.
  const test::ScratchFolder scratch;
  PartialFile file(scratch.path() / "x");
  file.expect(GiB(3));
  try {
    file.fail("write", ENOSPC);
    FAIL("no error");
  } catch (const Error& error) {
    const std::string text = error.to_text();
    INFO(text);
    CHECK_THAT(text, Catch::StartsWith("error: cannot write '" + (scratch.path() / "x").string() +
                                       "': No space left on device: up to 3 GiB needed, "));
    CHECK_THAT(text,
               Catch::EndsWith(" available\n  hint: make room in '" + scratch.path().string() +
                               "', or choose another output directory\n"));
  }
}
