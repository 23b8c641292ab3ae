#include "composer/tree/grub_efi_image.h"

#include <algorithm>
#include <cstdint>

namespace composer::tree {
namespace {

constexpr std::uint32_t kModuleMagic = 0x676d696d;  // "mimg"
constexpr std::uint32_t kTypeElf = 0;
constexpr std::uint32_t kTypePrefix = 3;
constexpr std::size_t kMostModules = 2048;  ///< GRUB 2.12 has 270.
constexpr std::size_t kLongestName = 64;

/// Little-endian numbers and parts of a hostile text; what lies outside of it is "nothing".
class Bytes {
 public:
  explicit Bytes(std::string_view text) : text_(text) {}

  std::optional<std::uint64_t> number(std::uint64_t at, unsigned width) const {
    const auto bytes = part(at, width);
    if (!bytes) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>((*bytes)[i]);
    }
    return value;
  }

  std::optional<std::string_view> part(std::uint64_t at, std::uint64_t size) const {
    if (at > text_.size() || size > text_.size() - at) return std::nullopt;
    return text_.substr(at, size);
  }

  /// The text from `at` to its NUL, at most `kLongestName` bytes.
  std::string_view name(std::uint64_t at) const {
    if (at >= text_.size()) return {};
    const std::string_view rest = text_.substr(at, kLongestName);
    return rest.substr(0, rest.find('\0'));
  }

 private:
  std::string_view text_;
};

std::optional<std::string_view> pe_section(std::string_view image, std::string_view wanted) {
  const Bytes bytes(image);
  if (!image.starts_with("MZ")) return std::nullopt;
  const auto header = bytes.number(0x3c, 4);
  if (!header || bytes.part(*header, 4) != std::string_view("PE\0\0", 4)) return std::nullopt;
  const auto count = bytes.number(*header + 6, 2);
  const auto optional_size = bytes.number(*header + 20, 2);
  if (!count || !optional_size) return std::nullopt;
  for (std::uint64_t i = 0; i < *count; i++) {
    const std::uint64_t at = *header + 24 + *optional_size + 40 * i;
    const auto name = bytes.part(at, 8);
    const auto size = bytes.number(at + 16, 4);
    const auto offset = bytes.number(at + 20, 4);
    if (!name || !size || !offset) return std::nullopt;
    if (name->substr(0, name->find('\0')) == wanted) return bytes.part(*offset, *size);
  }
  return std::nullopt;
}

/// The content of section .modname of an ELF module of 32 or 64 bits.
std::string module_name(std::string_view elf) {
  const Bytes bytes(elf);
  if (!elf.starts_with("\x7f"
                       "ELF") ||
      elf.size() < 6)
    return {};
  const bool wide = elf[4] == 2;
  const auto table = bytes.number(wide ? 0x28 : 0x20, wide ? 8 : 4);
  const auto entry = bytes.number(wide ? 0x3a : 0x2e, 2);
  const auto count = bytes.number(wide ? 0x3c : 0x30, 2);
  const auto names_index = bytes.number(wide ? 0x3e : 0x32, 2);
  if (!table || !entry || !count || !names_index || *table > elf.size()) return {};
  const auto offset_of = [&](std::uint64_t section) {
    return bytes.number(*table + section * *entry + (wide ? 0x18 : 0x10), wide ? 8 : 4);
  };
  const auto names = offset_of(*names_index);
  if (!names || *names > elf.size()) return {};
  for (std::uint64_t i = 0; i < *count; i++) {
    const auto name = bytes.number(*table + i * *entry, 4);
    const auto offset = offset_of(i);
    if (!name || !offset) return {};
    if (bytes.name(*names + *name) == ".modname") return std::string(bytes.name(*offset));
  }
  return {};
}

/// `/EFI/fedora` of `/EFI/fedora`, `(,gpt1)/EFI/fedora`; empty for `(memdisk)/…` or a relative one.
std::string folder_of(std::string_view prefix) {
  prefix = prefix.substr(0, prefix.find('\0'));
  if (prefix.starts_with('(')) {
    const std::size_t end = prefix.find(')');
    if (end == std::string_view::npos || prefix.starts_with("(memdisk")) return {};
    prefix.remove_prefix(end + 1);
  }
  while (prefix.size() > 1 && prefix.ends_with('/')) prefix.remove_suffix(1);
  const bool plain = std::all_of(prefix.begin(), prefix.end(),
                                 [](char c) { return c > ' ' && c < 0x7f && c != '\\'; });
  if (!prefix.starts_with('/') || !plain || prefix.find("..") != std::string_view::npos) return {};
  return std::string(prefix);
}

}  // namespace

bool GrubEfiImage::has(std::string_view module) const {
  return std::binary_search(modules.begin(), modules.end(), module);
}

std::optional<GrubEfiImage> read_grub_efi_image(std::string_view image) {
  const auto section = pe_section(image, "mods");
  if (!section) return std::nullopt;
  const Bytes bytes(*section);
  const auto offset = bytes.number(8, 8);
  const auto size = bytes.number(16, 8);
  if (bytes.number(0, 4) != kModuleMagic || !offset || !size) return std::nullopt;

  GrubEfiImage found;
  const std::uint64_t end = std::min<std::uint64_t>(*size, section->size());
  for (std::uint64_t at = *offset; at < end && found.modules.size() < kMostModules;) {
    const auto type = bytes.number(at, 4);
    const auto length = bytes.number(at + 4, 4);
    if (!type || !length || *length < 8) break;
    const auto content = bytes.part(at + 8, *length - 8);
    if (!content) break;
    if (*type == kTypePrefix) found.prefix = folder_of(*content);
    if (*type == kTypeElf) {
      if (std::string name = module_name(*content); !name.empty()) {
        found.modules.push_back(std::move(name));
      }
    }
    at += *length;
  }
  if (found.modules.empty()) return std::nullopt;
  std::sort(found.modules.begin(), found.modules.end());
  return found;
}

}  // namespace composer::tree
