#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::value_of;
using composer::test::verdict;

TEST_CASE("unit files are of units that files can be of") {
  CHECK(value_of(kUnitFile, "report") == "report.service");
  CHECK(value_of(kUnitFile, "srv-data.mount") == "srv-data.mount");
  CHECK(verdict(kUnitFile, "session-1.scope") ==
        "unit 'session-1.scope' is a scope, which only programs can make [write a '.service']");
  for (const char* text : {"../x", "a/b", "", "a\nb", ".hidden"}) {
    CAPTURE(text);
    CHECK(verdict(kUnitFile, text) != "ok");
  }
}

TEST_CASE("a drop-in ends in .conf") {
  CHECK(verdict(kDropInName, "50-limits.conf") == "ok");
  CHECK(verdict(kDropInName, "50-limits") ==
        "drop-in '50-limits' does not end in '.conf', so systemd ignores it [did you mean "
        "'50-limits.conf'?]");
  for (const char* text : {"", "../a.conf", ".a.conf", "a b.conf", "a\n.conf"}) {
    CAPTURE(text);
    CHECK(verdict(kDropInName, text) == "'" + std::string(text) +
                                            "' is not the name of a drop-in [write it as "
                                            "'50-limits.conf']");
  }
}

TEST_CASE("a preset is a verb and a pattern of whole names") {
  for (const char* text : {"enable sshd.service", "disable *", "ignore cups.*", "disable debug-*",
                           "enable getty@.service tty1 tty2"}) {
    CAPTURE(text);
    CHECK(verdict(kPreset, text) == "ok");
  }
  CHECK(verdict(kPreset, "mask sshd.service") ==
        "preset 'mask sshd.service' begins with 'mask' [write 'enable', 'disable' or 'ignore', and "
        "a unit or pattern]");
  CHECK(verdict(kPreset, "enable") ==
        "preset 'enable' names no unit [write it as 'enable sshd.service' or 'enable debug-*']");
  CHECK(
      verdict(kPreset, "enable sshd") ==
      "preset 'enable sshd' fits no unit, since presets compare whole names [did you mean 'enable "
      "sshd.service'?]");
  CHECK(verdict(kPreset, "disable a.service b.service") ==
        "preset 'disable a.service b.service' goes on after the unit with 'b.service' [instances "
        "follow 'enable' of a template only: 'enable getty@.service tty1']");
  CHECK(verdict(kPreset, "enable a.service\nenable b.service") ==
        "a line break or tab in the preset [write it on one line]");
}

TEST_CASE("a line of tmpfiles.d has a type and an absolute path") {
  for (const char* text : {"d /run/web 0750 root web -", "L+ /run/x - - - - /srv/x",
                           "f! \"/run/a b\" 0600", "R %t/x", "a+ /srv - - - - u:web:rx"}) {
    CAPTURE(text);
    CHECK(verdict(kTmpfilesLine, text) == "ok");
  }
  CHECK(verdict(kTmpfilesLine, "# d /run/web") ==
        "a comment does nothing [write it as a comment of the blueprint]");
  CHECK(verdict(kTmpfilesLine, "y /run/web") ==
        "tmpfiles line begins with 'y', which is no type [write it as 'd /run/app 0755 app app -'; "
        "tmpfiles.d(5) lists the types]");
  CHECK(verdict(kTmpfilesLine, "d run/web") ==
        "tmpfiles line 'd run/web' has no absolute path [write it as 'd /run/app 0755 app app -']");
  CHECK(verdict(kTmpfilesLine, "d /run/a\nd /run/b") ==
        "a line break or tab in the tmpfiles line [write it on one line]");
}

TEST_CASE("the text of a unit has a section") {
  CHECK(verdict(kUnitText, "# comment\n[Service]\nExecStart=/bin/true\n") == "ok");
  CHECK(verdict(kUnitText, "ExecStart=/bin/true\n") ==
        "no section in the content, so systemd would ignore all of it [begin with a section such "
        "as '[Service]', on a line of its own]");
  CHECK(verdict(kUnitText, "[U]\n" + std::string(256 * 1024, 'x')) ==
        "content is 262148 bytes long [use at most 262144, or 'source']");
}

TEST_CASE("files of sudoers have names that sudo reads") {
  CHECK(verdict(kSudoersName, "90-ops_team") == "ok");
  CHECK(verdict(kSudoersName, "ops.conf") ==
        "sudo ignores a file with '.' in its name, such as 'ops.conf' [did you mean 'ops-conf'?]");
  CHECK(verdict(kSudoersName, "ops~") ==
        "sudo ignores a file with '~' in its name, such as 'ops~' [did you mean 'ops-'?]");
  CHECK(verdict(kSudoersName, "../ops") ==
        "'../ops' is not the name of a file of sudoers [begin with a letter or digit, and use only "
        "letters, digits, '_', '-']");
}

TEST_CASE("a sudo rule is one rule") {
  CHECK(verdict(kSudoRule, "%ops ALL=(ALL) NOPASSWD: ALL") == "ok");
  CHECK(verdict(kSudoRule, "#1000 ALL=(ALL) ALL") == "ok");
  CHECK(verdict(kSudoRule, "# ops") ==
        "a comment gives no rule [write it as a comment of the blueprint]");
  CHECK(verdict(kSudoRule, "@includedir /tmp") ==
        "a sudo rule that reads other files [give their rules here]");
  CHECK(verdict(kSudoRule, "#include /tmp/x") ==
        "a sudo rule that reads other files [give their rules here]");
  CHECK(verdict(kSudoRule, "ops ALL=(ALL) ALL, \\") ==
        "a backslash at the end of the sudo rule, which joins the next line to it [remove it]");
}

TEST_CASE("a date is a day of the calendar") {
  CHECK(verdict(kDate, "2028-02-29") == "ok");
  CHECK(verdict(kDate, "2027-02-29") == "there is no 2027-02-29 [the calendar has no such day]");
  CHECK(verdict(kDate, "2027-13-01") == "there is no 2027-13-01 [the calendar has no such day]");
  CHECK(verdict(kDate, "2027-00-01") == "there is no 2027-00-01 [the calendar has no such day]");
  CHECK(verdict(kDate, "1970-01-01") == "'1970-01-01' is out of range [years from 1971 to 2199]");
  for (const char* text : {"", "31.12.2027", "2027-1-1", "2027-12-31T00:00", "2027-12-3a"}) {
    CAPTURE(text);
    CHECK(verdict(kDate, text) ==
          "'" + std::string(text) + "' is not a date [write it as 2027-03-31]");
  }
}

TEST_CASE("a message of the day is a text, and no book") {
  CHECK(verdict(kMotd, "hello\nworld\n") == "ok");
  CHECK(verdict(kMotd, "") == "an empty message [remove the key, or give a text]");
  CHECK(verdict(kMotd, std::string(65537, 'x')) ==
        "message is 65537 bytes long [use at most 65536]");
}
