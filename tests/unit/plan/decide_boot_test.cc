#include <catch2/catch.hpp>

#include "composer/plan/decide.h"

using namespace composer;

namespace {

/// The boot part of the plan of a blueprint whose boot section has these lines.
PlannedBoot boot_of(const std::string& lines, const std::string& arch = "x86_64") {
  const Blueprint blueprint = parse_blueprint(
      "blueprint: 1\nname: web\nversion: 4.0\narch: " + arch +
          "\nrepositories:\n  - {id: base, baseurl: /srv/base, gpgkey: base.asc}\n"
          "packages:\n  install: [kernel]\n"
          "disk:\n  size: 4 GiB\n  partitions:\n"
          "    - {label: esp, type: esp, size: 512 MiB, filesystem: vfat, mount: /boot/efi}\n"
          "    - {label: root, type: root, size: rest, filesystem: ext4, mount: /}\n"
          "boot:\n  firmware: uefi\n" +
          lines + "outputs:\n  - {format: raw}\n",
      "web.yaml");
  return decide(blueprint, {}, "1", 0).boot;
}

}  // namespace

TEST_CASE("the kernel talks to the architecture's serial port, unless told of another console") {
  CHECK(boot_of("").kernel_command_line == "console=ttyS0");
  CHECK(boot_of("", "aarch64").kernel_command_line == "console=ttyAMA0");
  CHECK(boot_of("  kernel_arguments: [quiet, rd.shell=0]\n").kernel_command_line ==
        "console=ttyS0 quiet rd.shell=0");
  CHECK(boot_of("  kernel_arguments: [console=tty0, quiet]\n").kernel_command_line ==
        "console=tty0 quiet");
  CHECK(boot_of("  serial_console: false\n  kernel_arguments: [quiet]\n").kernel_command_line ==
        "quiet");
  CHECK(boot_of("").serial_console);
  CHECK_FALSE(boot_of("  serial_console: false\n").serial_console);
}

TEST_CASE("loader, timeout and the source of unified kernel images are as was asked") {
  CHECK(boot_of("").loader == Loader::grub);
  CHECK(boot_of("").timeout_seconds == 1);
  CHECK(boot_of("  timeout: 0 s\n").timeout_seconds == 0);
  CHECK(boot_of("  timeout: 2 min\n").timeout_seconds == 120);
  CHECK(boot_of("  loader: systemd-boot\n").loader == Loader::systemd_boot);
  CHECK(boot_of("  loader: uki\n").uki == UkiSource::built);
  CHECK(boot_of("  loader: uki\n").root_argument.starts_with("root=UUID="));
}

TEST_CASE("a package's unified kernel image is given no command line") {
  const PlannedBoot boot = boot_of("  loader: uki\n  uki: packaged\n");
  CHECK(boot.uki == UkiSource::packaged);
  CHECK(boot.kernel_command_line.empty());
  CHECK(boot.root_argument.empty());
}
