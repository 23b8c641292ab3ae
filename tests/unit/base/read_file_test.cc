#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

std::string refusal(const std::filesystem::path& folder, const std::string& name, Bytes most) {
  try {
    read_file_beneath(folder, name, most);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

}  // namespace

TEST_CASE("a file beneath a folder is read, and nothing outside it is") {
  const test::ScratchFolder scratch;
  const auto folder = scratch.path() / "blueprint";
  std::filesystem::create_directories(folder / "sub");
  std::ofstream(folder / "sub/a") << "content";
  std::ofstream(scratch.path() / "secret") << "secret";
  std::filesystem::create_symlink("../secret", folder / "link");
  std::filesystem::create_symlink("/etc/passwd", folder / "absolute");

  CHECK(read_file_beneath(folder, "sub/a", KiB(1)) == "content");
  const std::string out = "' leads out of the folder '" + folder.string() + "'";
  CHECK(refusal(folder, "../secret", KiB(1)) == "'../secret" + out);
  CHECK(refusal(folder, "link", KiB(1)) == "'link" + out);
  CHECK(refusal(folder, "absolute", KiB(1)) == "'absolute" + out);
  CHECK(refusal(folder, "/etc/passwd", KiB(1)) == "'/etc/passwd" + out);
  CHECK(refusal(folder, "sub", KiB(1)) ==
        "'" + (folder / "sub").string() + "' is not a regular file");
  CHECK(refusal(folder, "none", KiB(1)) ==
        "cannot read '" + (folder / "none").string() + "': No such file or directory");
  CHECK(refusal(folder, "sub/a", Bytes{3}) ==
        "'" + (folder / "sub/a").string() +
            "' is 7 bytes, more than the 3 bytes that a file of a blueprint may have");
}

TEST_CASE("a file is written whole or not at all") {
  const test::ScratchFolder scratch;
  write_file_atomically(scratch.path() / "a", "one");
  write_file_atomically(scratch.path() / "a", "two");
  CHECK(read_file(scratch.path() / "a") == "two");
  CHECK_FALSE(std::filesystem::exists(scratch.path() / "a.partial"));
  CHECK_THROWS_AS(write_file_atomically(scratch.path() / "none/a", "x"), Error);
}
