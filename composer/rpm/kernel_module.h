#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace composer::rpm {

/// Where the file of a kernel module is: /usr/lib/modules/VERSION/FOLDER/REST.
struct ModulePath {
  std::string version, folder, rest;
  friend auto operator<=>(const ModulePath&, const ModulePath&) = default;
};

/// Of a path in a package (`/usr/lib/modules/…`, `./lib/modules/…`); nothing for what is no module
/// (.ko, .ko.gz, .ko.xz, .ko.zst), and for a path with `..` and the like in it.
std::optional<ModulePath> module_path(std::string_view path);

/// Whether depmod takes `name` for a kernel's version: two numbers and a dot at its beginning (kmod
/// 34, tools/depmod.c, is_version_number); no character in it is of use to anything but a version.
bool is_kernel_version(std::string_view name);

/// A stretch of a file.
struct Part {
  std::uint64_t offset = 0, size = 0;  ///< Bytes.
  friend auto operator<=>(const Part&, const Part&) = default;
};

/// The parts of a module, not compressed, in which nothing is that depmod reads, in their order:
/// code, relocations, what debuggers take. They may as well be zeros. None of bytes that are no
/// 64-bit little-endian ELF file, or one whose sections overlap.
/// Sources: System V ABI, "gABI" chapter 4; kmod 34, libkmod/libkmod-elf.c.
std::vector<Part> parts_not_indexed(std::string_view elf);

}  // namespace composer::rpm
