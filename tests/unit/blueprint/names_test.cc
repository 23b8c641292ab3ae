#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::value_of;
using composer::test::verdict;

namespace {

template <typename T>
bool accepted(const Scalar<T>& type, const std::string& text) {
  return verdict(type, text) == "ok";
}

}  // namespace

TEST_CASE("names, versions and repository ids are words") {
  for (const char* text : {"web", "azure-gen2", "a.b_c-d", "9"}) CHECK(accepted(kImageName, text));
  CHECK(accepted(kImageVersion, "4.0.20261123+git~rc1"));
  CHECK(accepted(kReleaseVersion, "4.0"));
  CHECK(accepted(kRepositoryId, "copr:user_repo.x-1"));
  CHECK(verdict(kImageName, "web server") ==
        "'web server' is not a valid name [begin with a letter or digit, and use only letters, "
        "digits, '.', '_', '-']");
  CHECK(verdict(kImageName, "") == "an empty name [give it a text]");
  CHECK(verdict(kImageName, std::string(101, 'a')) ==
        "name is 101 characters long [use at most 100]");
  for (const char* text : {".hidden", "-x", "a/b", "a\nb", "é", "../x"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(kImageName, text));
    CHECK_FALSE(accepted(kImageVersion, text));
    CHECK_FALSE(accepted(kReleaseVersion, text));
    CHECK_FALSE(accepted(kRepositoryId, text));
    CHECK_FALSE(accepted(kOutputName, text));
  }
}

TEST_CASE("an output's file name has no folder") {
  CHECK(accepted(kOutputName, "disk-1.vhd"));
  CHECK(verdict(kOutputName, "out/disk.vhd") ==
        "output file name 'out/disk.vhd' has a folder in it [give the name alone; 'image-composer "
        "build --output' says the folder]");
}

TEST_CASE("an identity seed is one line") {
  CHECK(accepted(kIdentitySeed, "anything that is unique, é too"));
  CHECK_FALSE(accepted(kIdentitySeed, ""));
  CHECK_FALSE(accepted(kIdentitySeed, "a\nb"));
  CHECK_FALSE(accepted(kIdentitySeed, std::string(257, 'a')));
}

TEST_CASE("user and group names are what every tool accepts") {
  for (const char* text : {"ops", "_chrony", "www-data", "a1", "systemd-network"}) {
    CHECK(accepted(kUserName, text));
    CHECK(accepted(kGroupName, text));
  }
  CHECK(verdict(kUserName, "Ops") ==
        "'Ops' is not a valid user name [begin with a lower-case letter or '_', and use only "
        "lower-case letters, digits, '_' and '-']");
  CHECK(verdict(kGroupName, std::string(32, 'a')).find("is 32 characters long") !=
        std::string::npos);
  for (const char* text : {"", "1a", "-a", "a b", "a:b", "a.b", "a$", "ö", "a\n"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(kUserName, text));
  }
}

TEST_CASE("a comment cannot end its field of /etc/passwd") {
  CHECK(accepted(kComment, "Jörg Operator, room 5"));
  CHECK(accepted(kComment, ""));
  CHECK_FALSE(accepted(kComment, "a:b"));
  CHECK_FALSE(accepted(kComment, "a\nroot::0:0::/:/bin/sh"));
}

TEST_CASE("host names follow RFC 1123") {
  for (const char* text : {"web", "web-1", "a.example.org", "3com", "WEB"}) {
    CHECK(accepted(kHostname, text));
  }
  CHECK(verdict(kHostname, "web_1") ==
        "'web_1' is not a valid host name [host names have no '_'; use '-']");
  for (const char* text : {"", "-a", "a-", "a..b", ".a", "a.", "a b", "ä", "a/b"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(kHostname, text));
  }
  CHECK(accepted(kHostname, std::string(63, 'a')));
  CHECK_FALSE(accepted(kHostname, std::string(64, 'a')));
  CHECK(verdict(kHostname, std::string(65, 'a')) ==
        "host name is 65 characters long [Linux allows at most 64]");
}

TEST_CASE("locales have a language, and perhaps territory, codeset and modifier") {
  for (const char* text :
       {"C", "POSIX", "C.UTF-8", "en_US.UTF-8", "de_DE@euro", "sr_RS.UTF-8@latin", "ca_ES.utf8"}) {
    CAPTURE(text);
    CHECK(accepted(kLocale, text));
  }
  for (const char* text : {"", "en-US", "en_US.", "en_", "_US", "en US", "../C", "en_US.UTF-8\n"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(kLocale, text));
  }
}

TEST_CASE("time zones are names of the zone database") {
  for (const char* text : {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+1",
                           "America/Port-au-Prince"}) {
    CAPTURE(text);
    CHECK(accepted(kTimezone, text));
  }
  for (const char* text : {"", "/etc/passwd", "../x", "Europe/", "a/b/c/d", "Europe/../x", "+01:00",
                           "Europe Berlin"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(kTimezone, text));
  }
}

TEST_CASE("a unit without suffix is a service") {
  CHECK(value_of(kUnitName, "sshd") == "sshd.service");
  CHECK(value_of(kUnitName, "sshd.service") == "sshd.service");
  CHECK(value_of(kUnitName, "fstrim.timer") == "fstrim.timer");
  CHECK(value_of(kUnitName, "getty@tty1") == "getty@tty1.service");
  CHECK(value_of(kUnitName, "dbus-org.freedesktop.timesync1") ==
        "dbus-org.freedesktop.timesync1.service");
  CHECK(value_of(kUnitName, "dev-disk\\x2d1.swap") == "dev-disk\\x2d1.swap");
  CHECK(
      verdict(kUnitName, "cloud-*") ==
      "unit name 'cloud-*' holds a wildcard [name each unit; presets of the packages decide about "
      "the others]");
  for (const char* text : {"", ".service", "a b", "/etc/x.service", "@x", "a/b", "..", "é"}) {
    CAPTURE(text);
    CHECK_FALSE(accepted(kUnitName, text));
  }
  CHECK_FALSE(accepted(kUnitName, std::string(250, 'a')));
}

TEST_CASE("a target says that it is one") {
  CHECK(value_of(kTargetName, "multi-user.target") == "multi-user.target");
  CHECK(verdict(kTargetName, "multi-user") ==
        "'multi-user' is not a target [write its suffix too: 'multi-user.target']");
}
