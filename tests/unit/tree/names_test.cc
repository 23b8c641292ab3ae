#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

TEST_CASE("the host name is written with a newline") {
  MemoryRoot root;
  test::apply("hostname", test::full_plan(), root);
  CHECK(root.read("/etc/hostname") == "vm1\n");
}

TEST_CASE("the locale is written when glibc has it") {
  MemoryRoot root;
  Plan plan = test::full_plan();
  test::apply("locale", plan, root);
  CHECK(root.read("/etc/locale.conf") == "LANG=C.UTF-8\n");
  plan.system.locale = "de_DE.UTF-8";
  root.directory("/usr/lib/locale/de_DE.utf8");
  test::apply("locale", plan, root);
  CHECK(root.read("/etc/locale.conf") == "LANG=de_DE.UTF-8\n");
}

TEST_CASE("a locale that is not installed is refused with the package that has it") {
  MemoryRoot root;
  Plan plan = test::full_plan();
  plan.system.locale = "de_DE.UTF-8";
  CHECK_THAT(test::message_of([&] { test::apply("locale", plan, root); }),
             Equals("error: the locale 'de_DE.UTF-8' is not in the image\n"
                    "  hint: add 'glibc-langpack-de' to packages.install\n"));
  CHECK_FALSE(root.exists("/etc/locale.conf"));
}

TEST_CASE("the time zone is a relative link and replaces the one that is there") {
  MemoryRoot root = test::sample_root();
  root.link("/etc/localtime", "../usr/share/zoneinfo/UTC");
  test::apply("timezone", test::full_plan(), root);
  CHECK(root.read_link("/etc/localtime") == "../usr/share/zoneinfo/Europe/Berlin");
  CHECK(root.read("/etc/localtime") == "TZif");
}

TEST_CASE("a time zone that is not in the image is refused") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::full_plan();
  plan.system.timezone = "Europe";
  CHECK_THAT(test::message_of([&] { test::apply("timezone", plan, root); }),
             Equals("error: the time zone 'Europe' is not in the image\n"));
  plan.system.timezone = "../../../etc/os-release";
  CHECK_THAT(test::message_of([&] { test::apply("timezone", plan, root); }),
             Equals("error: the time zone '../../../etc/os-release' is not in the image\n"));
  MemoryRoot bare;
  plan.system.timezone = "UTC";
  CHECK_THAT(test::message_of([&] { test::apply("timezone", plan, bare); }),
             Equals("error: the time zone 'UTC' is not in the image\n"
                    "  hint: add 'tzdata' to packages.install\n"));
}

TEST_CASE("the machine id is uninitialized, D-Bus' copy goes, and nobody is asked at the console") {
  MemoryRoot root = test::sample_root();
  root.file("/var/lib/dbus/machine-id", "0123456789abcdef0123456789abcdef\n");
  test::apply("machine-id", test::sample_plan(), root);
  CHECK(root.read("/etc/machine-id") == "uninitialized\n");
  CHECK(root.status("/etc/machine-id")->mode == 0444);
  CHECK_FALSE(root.exists("/var/lib/dbus/machine-id"));
  CHECK(root.read("/etc/systemd/system/systemd-firstboot.service.d/10-no-prompt.conf") ==
        "[Service]\nExecStart=\nExecStart=systemd-firstboot\n");
}

TEST_CASE("D-Bus' link to the machine id stays, and no drop-in is made without its unit") {
  MemoryRoot root;
  root.link("/var/lib/dbus/machine-id", "/etc/machine-id");
  test::apply("machine-id", test::sample_plan(), root);
  CHECK(root.read_link("/var/lib/dbus/machine-id") == "/etc/machine-id");
  CHECK_FALSE(root.exists("/etc/systemd"));
}
