#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "composer/blueprint.h"

// The texts that GRUB reads, made from values alone. Syntax: GRUB 2.12's manual, "Writing your own
// configuration file"; boot entries: the UAPI group's Boot Loader Specification, type 1.

namespace composer::tree {

/// Which command of GRUB reads /boot/loader/entries. Both are called `blscfg`: Fedora's takes the
/// folder from the variable `blsdir`, upstream's (GRUB 2.14, module blsuki) from `--path`.
enum class BootEntryReader { none, fedora, upstream };

struct GrubMenu {
  Architecture arch = Architecture::x86_64;
  std::string title;                 ///< Of the system, e.g. `Azure Linux 4.0`.
  std::string filesystem_uuid;       ///< Of the filesystem with /boot.
  std::string boot_prefix;           ///< `/boot`, or empty.
  std::string kernel_command_line;   ///< With root=.
  std::vector<std::string> kernels;  ///< Versions, newest first.
  BootEntryReader boot_entries = BootEntryReader::none;
  std::uint64_t timeout_seconds = 1;
  bool serial_console = true;  ///< The menu is on the serial port too.
};

/// /boot/grub2/grub.cfg: the serial console, the timeout, and an entry for each kernel (or
/// `blscfg`).
std::string grub_configuration(const GrubMenu& menu);

/// grub.cfg on the ESP: finds the filesystem with /boot and goes on there.
std::string grub_stub(const GrubMenu& menu);

/// What is built into the BIOS core image: as the stub, but `normal` reads grub.cfg itself.
std::string grub_early_configuration(const GrubMenu& menu);

/// A type 1 boot entry for /boot/loader/entries.
std::string boot_loader_entry(const GrubMenu& menu, std::string_view kernel);

/// /etc/default/grub, for grub2-mkconfig in the running system.
std::string grub_defaults(const GrubMenu& menu, std::string_view kernel_arguments);

/// An empty environment block, as `grub-editenv create` makes it: 1024 bytes.
std::string grub_environment();

/// The kernel command line as words of a GRUB script: GRUB puts back the double quotes that a value
/// with blanks needs, so that they are taken off here.
/// @throws Error  for an open quote or a control character.
std::string grub_words(std::string_view command_line);

/// A name that is safe to show in a menu: PRETTY_NAME of an os-release file, or `otherwise`.
std::string system_title(std::string_view os_release, std::string_view otherwise);

}  // namespace composer::tree
