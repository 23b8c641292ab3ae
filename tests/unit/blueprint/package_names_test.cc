#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::verdict;

TEST_CASE("packages may be asked for in every form of the language") {
  for (const char* text : {"bash",
                           "gcc-c++",
                           "python3.11",
                           "kernel.x86_64",
                           "kernel-6.12*",
                           "bash-5.2-1.x86_64",
                           "bash-0:5.2-1.azl4.x86_64",
                           "*-firmware",
                           "lib[ab]?",
                           "systemd >= 255",
                           "systemd = 1:255.4-3.azl4",
                           "a < 2",
                           "a <= 2~rc1",
                           "a > 2^git",
                           "perl(Foo::Bar)",
                           "libc.so.6(GLIBC_2.34)(64bit)",
                           "pkgconfig(x) >= 1.2",
                           "/usr/bin/vim",
                           "/usr/bin/[",
                           "@core",
                           "@container-management",
                           "7zip",
                           "_x"}) {
    CAPTURE(text);
    CHECK(verdict(kPackageRequest, text) == "ok");
  }
}

TEST_CASE("what cannot name a package is refused with what was meant") {
  CHECK(verdict(kPackageRequest, "bash>=5") ==
        "'bash>=5' needs one space on either side of '>=' [did you mean 'bash >= 5'?]");
  CHECK(verdict(kPackageRequest, "bash  >= 5") ==
        "'bash  >= 5' needs one space on either side of '>=' [did you mean 'bash >= 5'?]");
  CHECK(verdict(kPackageRequest, "bash == 5") ==
        "unknown comparison '==' in 'bash == 5' [did you mean '='?]");
  CHECK(verdict(kPackageRequest, "bash ~> 5") ==
        "unknown comparison '~>' in 'bash ~> 5' [use '=', '>=', '<=', '>' or '<']");
  CHECK(verdict(kPackageRequest, "bash != 5") ==
        "unknown comparison '!=' in 'bash != 5' [use '=', '>=', '<=', '>' or '<']");
  CHECK(verdict(kPackageRequest, "bash >=") ==
        "no version after '>=' in 'bash >=' [write it as 'bash >= 1.2']");
  CHECK(verdict(kPackageRequest, "bash >= 5 6").find("'5 6' in 'bash >= 5 6' is not a version") ==
        0);
  CHECK(verdict(kPackageRequest, "bash >= 1-2-3").find("is not a version") != std::string::npos);
  CHECK(verdict(kPackageRequest, "bash >= x:1").find("is not a version") != std::string::npos);
  CHECK(verdict(kPackageRequest, "bash* >= 5") ==
        "a pattern and a comparison in 'bash* >= 5' [compare the version of one name]");
  CHECK(verdict(kPackageRequest, "bash 5") ==
        "a space in 'bash 5' [one package per entry; a version needs a comparison: 'bash >= 1.2']");
  CHECK(verdict(kPackageRequest, "bash.rpm") ==
        "'bash.rpm' is a file, and packages come from repositories alone [put it into a repository "
        "with createrepo_c, and name the package]");
  CHECK(verdict(kPackageRequest, "https://example.org/x").find("is a file") != std::string::npos);
  CHECK(verdict(kPackageRequest, "(a or b)").find("is a rich dependency") != std::string::npos);
  CHECK(verdict(kPackageRequest, "@^server").find("is an environment of groups") !=
        std::string::npos);
  CHECK(verdict(kPackageRequest, "@") ==
        "'@' is not a group [write '@' and the group's id: '@core']");
  CHECK(verdict(kPackageRequest, "@a b").find("is not a group") != std::string::npos);
  CHECK(verdict(kPackageRequest, "/usr//bin/vim") ==
        "file '/usr//bin/vim' is not in its shortest form [did you mean '/usr/bin/vim'?]");
  CHECK(verdict(kPackageRequest, " bash") == "spaces around 'bash' [remove them]");
  CHECK(verdict(kPackageRequest, "") == "an empty package request [name a package]");
  for (const char* text : {"-x", "a(b", "a)b(", "a;b", "a$b", "ä", "<5", "a\\b"}) {
    CAPTURE(text);
    CHECK(verdict(kPackageRequest, text) != "ok");
  }
}

TEST_CASE("what is excluded is a pattern of names") {
  for (const char* text : {"fedora-*", "bash", "bash-5.2-1.x86_64", "[ab]*"}) {
    CHECK(verdict(kPackageGlob, text) == "ok");
  }
  for (const char* text : {"", "bash >= 5", "@core", "/usr/bin/vim", "perl(Foo)", "a b"}) {
    CAPTURE(text);
    CHECK(verdict(kPackageGlob, text) != "ok");
  }
}
