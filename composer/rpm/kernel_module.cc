#include "composer/rpm/kernel_module.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstring>
#include <elf.h>

namespace composer::rpm {
namespace {

template <typename T>
std::optional<T> read_at(std::string_view bytes, std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Bytes of names from `offset` on, up to a zero.
std::string_view name_at(std::string_view names, std::uint64_t offset) {
  if (offset >= names.size()) return {};
  names.remove_prefix(offset);
  return names.substr(0, std::min(names.size(), names.find('\0')));
}

bool is_indexed(const Elf64_Shdr& section, std::string_view name) {
  if ((section.sh_flags & SHF_EXECINSTR) != 0) return false;
  if (section.sh_type == SHT_RELA || section.sh_type == SHT_REL) return false;
  return !name.starts_with(".debug") && !name.starts_with(".BTF") && !name.starts_with(".orc");
}

/// Whether each ends before the next one begins, and all of them within the file.
bool are_apart(std::vector<Part> parts, std::uint64_t size) {
  std::sort(parts.begin(), parts.end());
  std::uint64_t end = 0;
  for (const Part& part : parts) {
    if (part.offset < end || part.offset > size || part.size > size - part.offset) return false;
    end = part.offset + part.size;
  }
  return true;
}

}  // namespace

std::optional<ModulePath> module_path(std::string_view path) {
  if (path.starts_with("./")) path.remove_prefix(1);
  if (path.starts_with("/usr/")) path.remove_prefix(4);
  constexpr std::string_view kModules = "/lib/modules/";
  if (!path.starts_with(kModules)) return std::nullopt;
  path.remove_prefix(kModules.size());
  constexpr std::string_view kEndings[] = {".ko", ".ko.gz", ".ko.xz", ".ko.zst"};
  if (std::none_of(std::begin(kEndings), std::end(kEndings),
                   [&](std::string_view ending) { return path.ends_with(ending); })) {
    return std::nullopt;
  }
  std::vector<std::string> names(1);
  for (const char c : path) {
    if (c == '\0') return std::nullopt;
    if (c == '/') names.emplace_back();
    if (c != '/') names.back() += c;
  }
  if (names.size() < 3) return std::nullopt;
  for (const std::string& name : names) {
    if (name.empty() || name == "." || name == "..") return std::nullopt;
  }
  const std::size_t rest = names[0].size() + names[1].size() + 2;
  return ModulePath{names[0], names[1], std::string(path.substr(rest))};
}

bool is_kernel_version(std::string_view name) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const auto dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
         std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(dot), is_digit) &&
         is_digit(static_cast<unsigned char>(name[dot + 1])) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("-_.+~").find(static_cast<char>(c)) != std::string_view::npos;
         });
}

std::vector<Part> parts_not_indexed(std::string_view elf) {
  const auto header = read_at<Elf64_Ehdr>(elf, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
      header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_shentsize != sizeof(Elf64_Shdr)) {
    return {};
  }
  const std::uint64_t table_size = std::uint64_t{header->e_shnum} * sizeof(Elf64_Shdr);
  std::vector<Part> all = {{0, sizeof(Elf64_Ehdr)}, {header->e_shoff, table_size}};
  if (!are_apart(all, elf.size())) return {};
  std::vector<Elf64_Shdr> sections;
  for (std::uint64_t i = 0; i < header->e_shnum; ++i) {
    const auto section = read_at<Elf64_Shdr>(elf, header->e_shoff + i * sizeof(Elf64_Shdr));
    if (!section) return {};
    if (section->sh_type == SHT_NOBITS || section->sh_type == SHT_NULL) continue;
    sections.push_back(*section);
    if (section->sh_size != 0) all.push_back({section->sh_offset, section->sh_size});
  }
  const auto table = read_at<Elf64_Shdr>(
      elf, header->e_shoff + std::uint64_t{header->e_shstrndx} * sizeof(Elf64_Shdr));
  if (header->e_shstrndx >= header->e_shnum || !table || !are_apart(all, elf.size())) return {};
  if (table->sh_offset > elf.size()) return {};
  const std::string_view names = elf.substr(table->sh_offset, table->sh_size);
  std::vector<Part> parts;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_size == 0 || is_indexed(section, name_at(names, section.sh_name))) continue;
    parts.push_back({section.sh_offset, section.sh_size});
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

}  // namespace composer::rpm
