#include "composer/boot/machine.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "composer/boot/firmware.h"
#include "composer/error.h"

using namespace composer;
using namespace composer::vm;

namespace {

using Arguments = std::vector<std::string>;

Machine sample(Generation generation) {
  Machine machine;
  machine.generation = generation;
  machine.image = {ImageFormat::vhd_fixed, GiB(5)};
  machine.accelerator = {"tcg", "tcg,thread=multi", "max,-cx16", "why"};
  machine.oem_strings = {"io.systemd.credential.binary:a=Yg=="};
  if (generation == Generation::gen2) machine.uefi = {"/fw/CODE.fd", "/fw/VARS.fd"};
  return machine;
}

}  // namespace

TEST_CASE("a generation 2 machine has UEFI and its disk on SCSI") {
  REQUIRE(qemu_arguments(sample(Generation::gen2)) ==
          Arguments{"qemu-system-x86_64",
                    "-nodefaults",
                    "-no-user-config",
                    "-no-reboot",
                    "-display",
                    "none",
                    "-sandbox",
                    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                    "-machine",
                    "q35,smm=off,graphics=off",
                    "-drive",
                    "if=pflash,unit=0,format=raw,readonly=on,file=/fw/CODE.fd",
                    "-drive",
                    "if=pflash,unit=1,format=raw,snapshot=on,file=/fw/VARS.fd",
                    "-accel",
                    "tcg,thread=multi",
                    "-cpu",
                    "max,-cx16",
                    "-smp",
                    "2",
                    "-m",
                    "2048M",
                    "-rtc",
                    "base=utc",
                    "-nic",
                    "none",
                    "-object",
                    "rng-random,id=entropy,filename=/dev/urandom",
                    "-device",
                    "virtio-rng-pci,rng=entropy",
                    "-chardev",
                    "socket,id=console,fd=3",
                    "-serial",
                    "chardev:console",
                    "-chardev",
                    "socket,id=port,fd=4",
                    "-serial",
                    "chardev:port",
                    "-add-fd",
                    "fd=5,set=1",
                    "-drive",
                    "if=none,id=disk,driver=raw,size=5368709120,file.driver=file,"
                    "file.filename=/dev/fdset/1,snapshot=on,discard=unmap",
                    "-device",
                    "virtio-scsi-pci",
                    "-device",
                    "scsi-hd,drive=disk,bootindex=0",
                    "-smbios",
                    "type=11,value=io.systemd.credential.binary:a=Yg=="});
}

TEST_CASE("a generation 1 machine has SeaBIOS and its disk on IDE") {
  Machine machine = sample(Generation::gen1);
  machine.image = {ImageFormat::qcow2, GiB(5)};
  machine.oem_strings = {};
  machine.chassis_asset_tag = "7783,x";
  machine.extra = {"-S"};
  machine.cpus = 1;
  machine.memory_mib = 512;
  REQUIRE(qemu_arguments(machine) ==
          Arguments{"qemu-system-x86_64",
                    "-nodefaults",
                    "-no-user-config",
                    "-no-reboot",
                    "-display",
                    "none",
                    "-sandbox",
                    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
                    "-machine",
                    "pc,graphics=off",
                    "-accel",
                    "tcg,thread=multi",
                    "-cpu",
                    "max,-cx16",
                    "-smp",
                    "1",
                    "-m",
                    "512M",
                    "-rtc",
                    "base=utc",
                    "-nic",
                    "none",
                    "-object",
                    "rng-random,id=entropy,filename=/dev/urandom",
                    "-device",
                    "virtio-rng-pci,rng=entropy",
                    "-chardev",
                    "socket,id=console,fd=3",
                    "-serial",
                    "chardev:console",
                    "-chardev",
                    "socket,id=port,fd=4",
                    "-serial",
                    "chardev:port",
                    "-add-fd",
                    "fd=5,set=1",
                    "-drive",
                    "if=none,id=disk,driver=qcow2,file.driver=file,file.filename=/dev/fdset/1,"
                    "snapshot=on,discard=unmap",
                    "-device",
                    "ide-hd,drive=disk,bootindex=0",
                    "-smbios",
                    "type=3,asset=7783,,x",
                    "-S"});
}

TEST_CASE("every image format names its QEMU driver, and none is probed") {
  const std::pair<ImageFormat, std::string> expected[] = {
      {ImageFormat::raw, "if=none,id=disk,driver=raw,file.driver"},
      {ImageFormat::vhd_fixed, "if=none,id=disk,driver=raw,size=1048576,file.driver"},
      {ImageFormat::vhd_dynamic,
       "if=none,id=disk,driver=vpc,force_size_calc=current_size,file.driver"},
      {ImageFormat::vhdx, "if=none,id=disk,driver=vhdx,file.driver"},
      {ImageFormat::qcow2, "if=none,id=disk,driver=qcow2,file.driver"}};
  for (const auto& [format, prefix] : expected) {
    Machine machine = sample(Generation::gen1);
    machine.image = {format, MiB(1)};
    const Arguments list = qemu_arguments(machine);
    CHECK(std::any_of(list.begin(), list.end(),
                      [&](const std::string& a) { return a.starts_with(prefix); }));
  }
}

TEST_CASE("commas in a file's name cannot become options") {
  Machine machine = sample(Generation::gen2);
  machine.uefi = {"/fw/a,readonly=off", "/fw/b"};
  const Arguments list = qemu_arguments(machine);
  CHECK(std::count(list.begin(), list.end(),
                   "if=pflash,unit=0,format=raw,readonly=on,file=/fw/a,,readonly=off") == 1);
}

TEST_CASE("UEFI code and variables come from the same pair") {
  const std::set<std::filesystem::path> files = {"/usr/share/OVMF/OVMF_CODE_4M.fd",
                                                 "/usr/share/OVMF/OVMF_CODE.fd",
                                                 "/usr/share/OVMF/OVMF_VARS.fd"};
  const auto firmware = find_uefi_firmware([&](const auto& path) { return files.contains(path); });
  CHECK(firmware.code == "/usr/share/OVMF/OVMF_CODE.fd");
  CHECK(firmware.variables == "/usr/share/OVMF/OVMF_VARS.fd");
}

TEST_CASE("a host without UEFI firmware is told which package has it") {
  try {
    find_uefi_firmware([](const auto&) { return false; });
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::host);
    CHECK(error.to_text() ==
          "error: cannot find the UEFI firmware OVMF, needed to boot the image\n"
          "  hint: apt install ovmf\n");
  }
}

TEST_CASE("an overlay takes the guest's writes, and the image is what it is backed by") {
  Machine machine = sample(Generation::gen2);
  machine.overlay = 6;
  const Arguments list = qemu_arguments(machine);
  const auto has = [&](std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
  };
  CHECK(has("fd=5,set=1"));
  CHECK(has("fd=6,set=2"));
  CHECK(
      has("if=none,id=disk,driver=qcow2,file.driver=file,file.filename=/dev/fdset/2,"
          "file.auto-read-only=off,discard=unmap,backing.driver=raw,backing.size=5368709120,"
          "backing.file.driver=file,"
          "backing.file.filename=/dev/fdset/1"));
}

TEST_CASE("QEMU may start programs only where a guest's connections need them") {
  Machine machine = sample(Generation::gen2);
  machine.starts_programs = true;
  const Arguments list = qemu_arguments(machine);
  CHECK(std::find(list.begin(), list.end(),
                  "on,obsolete=deny,elevateprivileges=allow,spawn=allow,resourcecontrol=deny") !=
        list.end());
}
