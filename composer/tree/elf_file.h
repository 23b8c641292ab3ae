#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace composer::tree {

/// What a program or shared library needs beside itself to run.
struct ElfNeeds {
  unsigned machine = 0;                ///< e_machine: a library for it has the same.
  std::string interpreter;             ///< Path of the loader; empty for a library.
  std::vector<std::string> libraries;  ///< DT_NEEDED, in the file's order.
  std::vector<std::string> folders;    ///< DT_RUNPATH, or DT_RPATH without it, cut at `:`.
  /// Of each library that it loads while it runs and works badly without: the names that it tries,
  /// best first. The priorities `required` and `recommended` of its notes, not `suggested`.
  std::vector<std::vector<std::string>> loaded;
};

/// Reads the dynamic section and the notes of a 64-bit little-endian ELF file; nothing for bytes
/// that are not one. Every offset and size in it is checked.
/// @param name  For messages.
/// @throws Error  for a file that begins as such a one and is not sound.
/// Sources: System V ABI, "gABI" chapters 4 and 5; systemd, docs/ELF_DLOPEN_METADATA.md.
std::optional<ElfNeeds> read_elf(std::string_view bytes, std::string_view name);

}  // namespace composer::tree
