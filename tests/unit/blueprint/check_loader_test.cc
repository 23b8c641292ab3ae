#include "blueprint_text.h"

using namespace composer::test;

namespace {

/// The one problem of a text, or how many there are.
std::string only(const std::string& text) {
  const Problems problems = problems_of(text);
  return problems.size() == 1 ? problems[0] : std::to_string(problems.size()) + " problems";
}

/// The good blueprint for UEFI alone with these further lines in its boot section.
std::string booting(const std::string& lines, const std::string& esp_size = "100 MiB") {
  std::string text = with("    - {label: bios, type: bios-boot, size: 1 MiB}\n", "");
  text = with("size: 100 MiB", "size: " + esp_size, text);
  return with("  firmware: both\n", "  firmware: uefi\n" + lines, text);
}

}  // namespace

TEST_CASE("systemd-boot and unified kernel images need UEFI alone") {
  CHECK(only(booting("  loader: systemd-boot\n")) == "0 problems");
  CHECK(only(booting("  loader: uki\n  uki: built\n")) == "0 problems");
  CHECK(only(with("  firmware: both\n", "  firmware: both\n  loader: uki\n")) ==
        "21: boot loader 'uki' with firmware 'both', which does not start it [write 'firmware: "
        "uefi', or 'loader: grub']");
}

TEST_CASE("'uki' is for the loader of that name") {
  CHECK(only(booting("  uki: built\n")) ==
        "20: 'uki' with the boot loader 'grub', which has no unified kernel images [remove it, or "
        "write 'loader: uki']");
  CHECK(only(booting("  loader: uki\n  uki: ukify\n")).find("unknown source of UKIs 'ukify'") !=
        std::string::npos);
}

TEST_CASE("where systemd-boot has its kernels there is room, in a filesystem that it reads") {
  CHECK(only(booting("  loader: uki\n", "63 MiB")) ==
        "15: partition 'esp' of 63 MiB, where 'uki' has its kernels, has no room for one with its "
        "initramfs [write 'size: 512 MiB', which holds several]");
  const std::string extended =
      with("{label: data, type: linux-data, size: 1 GiB, filesystem: xfs, mount: /data}",
           "{label: boot, type: xbootldr, size: 32 MiB, filesystem: ext4, mount: /boot}",
           booting("  loader: systemd-boot\n", "32 MiB"));
  CHECK(problems_of(extended) ==
        Problems{"16: partition 'boot' of 32 MiB, where 'systemd-boot' has its kernels, has no "
                 "room for one with its initramfs [write 'size: 512 MiB', which holds several]",
                 "16: partition 'boot' of type 'xbootldr' is not vfat, and 'systemd-boot' reads no "
                 "other [write 'filesystem: vfat', or remove the partition: kernels then go to the "
                 "ESP]"});
}

TEST_CASE("a package's unified kernel image is not told what it says itself") {
  const std::string packaged = "  loader: uki\n  uki: packaged\n";
  CHECK(only(booting(packaged)) == "0 problems");
  CHECK(only(booting(packaged + "  serial_console: false\n  kernel_arguments: []\n")) ==
        "0 problems");
  CHECK(only(booting(packaged + "  kernel_arguments: [quiet]\n")) ==
        "22: kernel arguments with 'uki: packaged', whose command line is in the package [remove "
        "them, or write 'uki: built']");
  CHECK(only(booting(packaged + "  serial_console: true\n")) ==
        "22: 'serial_console' with 'uki: packaged', whose command line is in the package [remove "
        "it, or write 'uki: built']");
}

TEST_CASE("FIPS mode is not asked of a kernel whose command line is in its package") {
  const auto fips = [](const std::string& value) {
    return with("system:\n", "system:\n  fips: " + value + "\n",
                booting("  loader: uki\n  uki: packaged\n"));
  };
  CHECK(only(fips("true")) ==
        "23: 'fips' with 'uki: packaged', whose command line is in the package and does not turn "
        "it on [remove it, or write 'uki: built']");
  CHECK(only(fips("false")) == "0 problems");
}

TEST_CASE("a boot menu waits at most five minutes") {
  CHECK(only(booting("  timeout: 0 s\n")) == "0 problems");
  CHECK(only(booting("  timeout: 5 min\n")) == "0 problems");
  CHECK(only(booting("  timeout: 301 s\n")) ==
        "20: duration '301 s' is out of range [between '0 s' and '5 min']");
  CHECK(only(booting("  timeout: 5\n")) == "20: duration '5' has no unit [did you mean '5 s'?]");
}
