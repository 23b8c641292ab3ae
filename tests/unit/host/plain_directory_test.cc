#include "composer/host/plain_directory.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/error.h"

#include "tests/support/scratch_folder.h"

using namespace composer;

TEST_CASE("a plain directory inherits nothing from the folder around it") {
  const test::ScratchFolder scratch;
  // include/uapi/linux/posix_acl_xattr.h: version 2, then tag, permissions and id of each entry:
  // owner, user 1001, group, mask, others.
  constexpr std::string_view kAcl(
      "\x02\0\0\0"
      "\x01\0\x07\0\xff\xff\xff\xff"
      "\x02\0\x07\0\xe9\x03\0\0"
      "\x04\0\x05\0\xff\xff\xff\xff"
      "\x10\0\x07\0\xff\xff\xff\xff"
      "\x20\0\x05\0\xff\xff\xff\xff",
      44);
  const char* folder = scratch.path().c_str();
  const bool has_lists =
      ::setxattr(folder, "system.posix_acl_default", kAcl.data(), kAcl.size(), 0) == 0;
  REQUIRE(::chmod(folder, 02755) == 0);
  const mode_t umask = ::umask(077);
  const auto made = scratch.path() / "root";
  host::make_plain_directory(made, 0755);
  ::umask(umask);

  struct stat status {};
  REQUIRE(::stat(made.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0755);
  CHECK(status.st_gid == ::getegid());
  for (const char* name : {"system.posix_acl_default", "system.posix_acl_access"}) {
    CAPTURE(name, has_lists);
    CHECK(::getxattr(made.c_str(), name, nullptr, 0) < 0);
  }
  CHECK_THROWS_AS(host::make_plain_directory(made, 0755), Error);
}
