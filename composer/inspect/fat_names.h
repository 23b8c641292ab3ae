#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// How FAT writes names: 11 bytes of a directory's entry, and before it the pieces of a long one.
// Source: Microsoft FAT Specification 1.03, "FAT Directory Structure", "Long File Name".

namespace composer::inspect {

/// Without the spaces at its end.
std::string without_spaces(std::string_view padded);

/// ASCII letters in lower case: names are found whatever their case.
std::string fat_lower(std::string_view text);

/// The pieces of a long name, which stand before the short entry, last piece first.
class LongName {
 public:
  /// @param entry  The 32 bytes of a piece. One that does not continue the others ends the name.
  void add(std::string_view entry);

  /// The name, when it is whole and belongs to this short entry; then forgotten.
  std::string take(std::string_view entry);

  void clear() {
    units_.clear();
    next_ = 0;
  }

 private:
  std::u16string units_;
  int next_ = 0;  ///< Of the piece that was added last; 1 when the name is whole.
  std::uint8_t sum_ = 0;
};

/// The short name of an entry's 32 bytes, as Linux shows it.
std::string short_name(std::string_view entry);

}  // namespace composer::inspect
