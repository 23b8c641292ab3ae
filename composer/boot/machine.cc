#include "composer/boot/machine.h"

#include <fmt/format.h>
#include <iterator>

namespace composer::vm {
namespace {

using Arguments = std::vector<std::string>;

void append(Arguments& to, Arguments from) {
  to.insert(to.end(), std::move_iterator(from.begin()), std::move_iterator(from.end()));
}

/// The machine without graphics: SeaBIOS then copies what is written to the screen, its own
/// messages and GRUB's, to the first serial port. System management mode is for Secure Boot and
/// costs time.
Arguments board(const Machine& machine) {
  if (machine.generation == Generation::gen1) return {"-machine", "pc,graphics=off"};
  Arguments list = {"-machine", "q35,smm=off,graphics=off"};
  if (machine.uefi) {
    append(list, {"-drive",
                  fmt::format("if=pflash,unit=0,format=raw,readonly=on,file={}",
                              option_value(machine.uefi->code.string())),
                  "-drive",
                  // snapshot: the store starts as the distribution ships it, and nothing is kept.
                  fmt::format("if=pflash,unit=1,format=raw,snapshot=on,file={}",
                              option_value(machine.uefi->variables.string()))});
  }
  return list;
}

/// The format is always said, never probed. A fixed VHD is its disk and then a footer: as raw, cut
/// by the size that the footer says, since QEMU's vpc driver may take the size from the footer's
/// cylinders, heads and sectors instead, which is smaller.
Arguments format_options(const RecognisedImage& image) {
  switch (image.format) {
    case ImageFormat::raw:
      return {"driver=raw"};
    case ImageFormat::vhd_fixed:
      return {"driver=raw", fmt::format("size={}", image.virtual_size.count)};
    case ImageFormat::vhd_dynamic:
      return {"driver=vpc", "force_size_calc=current_size"};
    case ImageFormat::vhdx:
      return {"driver=vhdx"};
    case ImageFormat::qcow2:
      return {"driver=qcow2"};
  }
  return {"driver=raw"};
}

/// The image as the options of a drive, or of what a drive is backed by.
std::string image_options(const RecognisedImage& image, std::string_view prefix) {
  Arguments options = format_options(image);
  append(options, {"file.driver=file", "file.filename=/dev/fdset/1"});
  std::string text;
  for (const std::string& option : options) text += fmt::format(",{}{}", prefix, option);
  return text;
}

Arguments disk(const Machine& machine) {
  Arguments list = {"-add-fd", fmt::format("fd={},set=1", machine.disk)};
  if (machine.overlay) {
    append(list, {"-add-fd", fmt::format("fd={},set=2", *machine.overlay), "-drive",
                  // QEMU would first open it for reading, which our descriptor is not for.
                  fmt::format("if=none,id=disk,driver=qcow2,file.driver=file,"
                              "file.filename=/dev/fdset/2,file.auto-read-only=off,discard=unmap{}",
                              image_options(machine.image, "backing."))});
  } else {
    append(list, {"-drive", fmt::format("if=none,id=disk{},snapshot=on,discard=unmap",
                                        image_options(machine.image, ""))});
  }
  if (machine.generation == Generation::gen1) {
    append(list, {"-device", "ide-hd,drive=disk,bootindex=0"});
  } else {
    append(list, {"-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk,bootindex=0"});
  }
  return list;
}

}  // namespace

std::string option_value(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == ',' ? 2u : 1u, c);
  return escaped;
}

std::vector<std::string> qemu_arguments(const Machine& machine) {
  Arguments list = {
      machine.qemu, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
      // The guest is not trusted: QEMU may not gain privileges, or start programs without need.
      // What starts one for a guest's connection (libslirp 4.7, fork_exec) calls setsid, and
      // QEMU 7.2 kills for that under elevateprivileges=deny and =children. no_new_privs holds in
      // any case.
      "-sandbox",
      fmt::format("on,obsolete=deny,elevateprivileges={},spawn={},resourcecontrol=deny",
                  machine.starts_programs ? "allow" : "deny",
                  machine.starts_programs ? "allow" : "deny")};
  append(list, board(machine));
  append(list, {"-accel", machine.accelerator.argument, "-cpu", machine.accelerator.cpu});
  append(list, {"-smp", fmt::format("{}", machine.cpus), "-m",
                fmt::format("{}M", machine.memory_mib), "-rtc", "base=utc", "-nic", "none"});
  append(list, {"-object", "rng-random,id=entropy,filename=/dev/urandom", "-device",
                "virtio-rng-pci,rng=entropy"});
  append(list, {"-chardev", fmt::format("socket,id=console,fd={}", machine.console), "-serial",
                "chardev:console", "-chardev", fmt::format("socket,id=port,fd={}", machine.port),
                "-serial", "chardev:port"});
  append(list, disk(machine));
  if (!machine.chassis_asset_tag.empty()) {
    append(list,
           {"-smbios", fmt::format("type=3,asset={}", option_value(machine.chassis_asset_tag))});
  }
  for (const std::string& text : machine.oem_strings) {
    append(list, {"-smbios", fmt::format("type=11,value={}", option_value(text))});
  }
  append(list, machine.extra);
  return list;
}

}  // namespace composer::vm
