#include "composer/blueprint/paths.h"

#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::verdict;

TEST_CASE("locations are https, http and file URLs, and paths") {
  for (const char* text : {"https://example.org/repo/$basearch", "http://[::1]:8080/x",
                           "file:///srv/repo", "../../lab", "/srv/repo", "keys/a.asc", "a:b"}) {
    CAPTURE(text);
    CHECK(verdict(kLocation, text) == "ok");
  }
  CHECK(verdict(kLocation, "ftp://example.org/") ==
        "'ftp://example.org/' has an unknown scheme 'ftp' [use https, http, file, or a path]");
  CHECK(verdict(kLocation, "file://srv/repo") ==
        "'file://srv/repo' names a host 'srv', and files are on this machine [a file URL has three "
        "slashes: 'file:///srv/repo']");
  CHECK(verdict(kLocation, "https:///x") ==
        "'https:///x' has no host [write it as 'https://host/path']");
  CHECK(verdict(kLocation, "~/repo") ==
        "'~/repo' depends on who builds [give a path from the blueprint's folder, or an absolute "
        "one]");
  CHECK(verdict(kLocation, "https://a b/") ==
        "a space or line break in 'https://a b/' [write a space in a URL as %20]");
  CHECK(verdict(kLocation, "") == "an empty location [give a URL or a path]");
}

TEST_CASE("a URL with credentials is refused without showing them") {
  std::string value;
  const auto refusal =
      kLocation.read(composer::test::scalar_node("https://me:secret@example.org/"), value);
  REQUIRE(refusal);
  CHECK(refusal->message.find("secret") == std::string::npos);
  CHECK(refusal->secrecy == Secrecy::secret);
  CHECK(verdict(kLocation, "https://example.org/a@b") == "ok");
}

TEST_CASE("a key does not come over http") {
  CHECK(verdict(kKeyLocation, "https://example.org/key.asc") == "ok");
  CHECK(verdict(kKeyLocation, "keys/key.asc") == "ok");
  CHECK(verdict(kKeyLocation, "http://example.org/key.asc") ==
        "key 'http://example.org/key.asc' comes over http, where anybody on the way can replace it "
        "[use https, or a copy of the key beside the blueprint]");
}

TEST_CASE("mount points are absolute, tidy, and not where others mount") {
  for (const char* text :
       {"/", "/boot/efi", "/srv", "/var/lib/x.y", "/usr", "/devices", "/etc/x"}) {
    CAPTURE(text);
    CHECK(verdict(kMountPoint, text) == "ok");
  }
  CHECK(verdict(kMountPoint, "boot") ==
        "mount point 'boot' does not begin with '/' [did you mean '/boot'?]");
  CHECK(verdict(kMountPoint, "/boot/") ==
        "mount point '/boot/' is not in its shortest form [did you mean '/boot'?]");
  CHECK(verdict(kMountPoint, "//boot/./efi") ==
        "mount point '//boot/./efi' is not in its shortest form [did you mean '/boot/efi'?]");
  CHECK(verdict(kMountPoint, "/srv/../etc") ==
        "mount point '/srv/../etc' holds '..' [write the path without it]");
  CHECK(verdict(kMountPoint, "/dev/x").find("is in '/dev'") != std::string::npos);
  CHECK(verdict(kMountPoint, "/proc").find("is in '/proc'") != std::string::npos);
  CHECK(verdict(kMountPoint, "/lib64/x").find("a link into /usr") != std::string::npos);
  CHECK(verdict(kMountPoint, "/etc").find("cannot be a filesystem of its own") !=
        std::string::npos);
  CHECK(verdict(kMountPoint, "/my data").find("/etc/fstab gives a meaning") != std::string::npos);
  CHECK(verdict(kMountPoint, "/a\\040b").find("/etc/fstab gives a meaning") != std::string::npos);
  CHECK(verdict(kMountPoint, "").find("does not begin with '/'") != std::string::npos);
  CHECK(verdict(kMountPoint, "/" + std::string(256, 'a')).find("longer than 255") !=
        std::string::npos);
}

TEST_CASE("shells and homes are absolute and fit into /etc/passwd") {
  CHECK(verdict(kProgramPath, "/bin/bash") == "ok");
  CHECK(verdict(kProgramPath, "/") == "ok");
  CHECK(verdict(kProgramPath, "bash") ==
        "path 'bash' does not begin with '/' [did you mean '/bash'?]");
  CHECK(verdict(kProgramPath, "/bin/a:b").find("holds ':'") != std::string::npos);
  CHECK(verdict(kProgramPath, "/home/a\nb").find("line break") != std::string::npos);
}

TEST_CASE("a file's path names a file that stays") {
  CHECK(verdict(kFilePath, "/etc/motd") == "ok");
  CHECK(verdict(kFilePath, "/opt/with space") == "ok");
  CHECK(verdict(kFilePath, "/etc/") == "file path '/etc/' ends in '/' [name a file, not a folder]");
  CHECK(verdict(kFilePath, "/") == "'/' is no file [name a file, such as '/etc/motd']");
  CHECK(verdict(kFilePath, "/run/x") ==
        "file '/run/x' is in '/run', which is empty at every boot [use '/etc', or tmpfiles.d]");
  CHECK(verdict(kFilePath, "/etc/../x") ==
        "file path '/etc/../x' holds '..' [write the path without it]");
  CHECK(verdict(kFilePath, "etc/motd") ==
        "file path 'etc/motd' does not begin with '/' [did you mean '/etc/motd'?]");
}

TEST_CASE("a source stays in the blueprint's folder") {
  CHECK(verdict(kSourcePath, "files/motd") == "ok");
  CHECK(verdict(kSourcePath, "..motd") == "ok");
  for (const char* text : {"/etc/shadow", "~/x"}) {
    CHECK(verdict(kSourcePath, text).find("is outside the blueprint's folder") !=
          std::string::npos);
  }
  for (const char* text : {"../x", "a/../../x", "a/..", ".."}) {
    CAPTURE(text);
    CHECK(verdict(kSourcePath, text).find("leads out of the blueprint's folder") !=
          std::string::npos);
  }
  CHECK(verdict(kSourcePath, "./a") ==
        "source './a' is not in its shortest form [did you mean 'a'?]");
  CHECK(verdict(kSourcePath, ".") == "source '.' is not in its shortest form [name a file]");
  CHECK(verdict(kSourcePath, "").find("an empty source path") != std::string::npos);
}

TEST_CASE("a path is within a folder by components") {
  CHECK(is_within("/srv/a", "/srv"));
  CHECK(is_within("/srv", "/srv"));
  CHECK(is_within("/srv", "/"));
  CHECK_FALSE(is_within("/srvx", "/srv"));
}
