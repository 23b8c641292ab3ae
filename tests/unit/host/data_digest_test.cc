#include "composer/host/data_digest.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using composer::host::data_digest;

TEST_CASE("the digest of a disk's data does not depend on its holes") {
  const test::ScratchFolder scratch;
  const std::string block(64 << 10, 'x'), zeros(64 << 10, '\0');
  const auto make = [&](const char* name, bool holes, std::uint64_t place, std::uint64_t size) {
    const auto path = scratch.path() / name;
    const FileDescriptor fd = open_file(path, O_RDWR | O_CREAT, 0600);
    REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(size)) == 0);
    for (std::uint64_t at = 0; !holes && at + zeros.size() <= size; at += zeros.size()) {
      write_all_at(fd.get(), zeros, at, name);
    }
    write_all_at(fd.get(), block, place, name);
    return data_digest(path);
  };
  const std::string digest = make("a", true, 1 << 20, 8 << 20);
  CHECK(digest.size() == 69);
  CHECK(digest.starts_with("data:"));
  CHECK(make("b", false, 1 << 20, 8 << 20) == digest);
  CHECK(make("c", true, 2 << 20, 8 << 20) != digest);
  CHECK(make("d", true, 1 << 20, 9 << 20) != digest);
  CHECK(make("e", true, (1 << 20) + 5, 8 << 20) != digest);
  CHECK(make("f", true, 0, 100) != digest);
}

TEST_CASE("a file that is not there has no digest") {
  CHECK_THROWS_AS(data_digest("/nowhere/disk.raw"), Error);
}
