#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace composer::lint {

struct PeSection {
  std::string name;
  std::string_view content;  ///< Of the file's bytes.
};

/// What the rules want to know of an EFI program.
struct PortableExecutable {
  std::uint16_t machine = 0;  ///< 8664h x86-64, AA64h AArch64.
  std::vector<PeSection> sections;
  /// The attribute certificate table: Authenticode signatures; empty when unsigned.
  std::string_view certificates;

  /// The content of a section, or nothing.
  std::optional<std::string_view> section(std::string_view name) const;
};

/// Reads the headers of a PE image; nothing when the bytes are not one, or contradict themselves.
/// The result refers to `bytes`. The signatures themselves are not verified.
/// Source: Microsoft, PE Format, "COFF File Header", "The Attribute Certificate Table".
std::optional<PortableExecutable> read_portable_executable(std::string_view bytes);

}  // namespace composer::lint
