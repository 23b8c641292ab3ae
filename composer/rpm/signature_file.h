#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "composer/base/file_descriptor.h"

// The parts of an .rpm file that signatures are about: lead, signature header, header, payload.
// Read by ourselves, strictly: what is hashed for a signature is then exactly what lies in the
// file, and nothing of an unchecked file goes through a larger parser. Format: the rpm source's
// docs/manual/format.md.

namespace composer::rpm {

/// RPMTAG_PAYLOADCOMPRESSOR: the name of what compressed the payload; gzip where it is missing.
inline constexpr std::uint32_t kTagPayloadCompressor = 1125;

/// A header structure: an index of typed entries and the bytes that they point into.
class SignatureHeader {
 public:
  SignatureHeader() = default;
  /// @param bytes  Intro, index and data as they lie in the file.
  /// @throws std::string_view  what is wrong with it.
  explicit SignatureHeader(std::string bytes);

  /// All of it, as signatures cover it.
  const std::string& bytes() const { return bytes_; }

  bool has(std::uint32_t tag) const;
  std::optional<std::string_view> binary(std::uint32_t tag) const;
  /// A string, or the first of an array of strings.
  std::optional<std::string_view> text(std::uint32_t tag) const;
  /// The first of an array of 32-bit numbers.
  std::optional<std::uint32_t> number(std::uint32_t tag) const;

 private:
  struct Entry {
    std::uint32_t tag, type, offset, count;
  };
  const Entry* find(std::uint32_t tag, std::uint32_t type) const;

  std::string bytes_;
  std::string_view data() const;
  std::vector<Entry> entries_;
};

/// An opened .rpm file, its headers read and its payload next.
struct PackageFile {
  std::string name;  ///< For errors.
  SignatureHeader signatures, header;
  FileDescriptor fd;  ///< Stands at the payload's first byte.
};

/// @throws Error  for a file that is cut short, is no package, or is one of a format that librpm
///                4.18 cannot install.
PackageFile open_package(const std::filesystem::path& path, std::string_view name);

}  // namespace composer::rpm
