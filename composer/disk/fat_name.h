#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace composer::disk {

/// A name in a FAT directory: the short name that every reader knows, and the long one where the
/// short one does not say it all.
struct FatName {
  std::string name;              ///< UTF-8, as on the host.
  std::array<char, 11> alias{};  ///< Eight and three, padded with spaces, without the dot.
  std::u16string long_name;      ///< Empty when `alias` is the whole name.
  std::size_t slots() const;     ///< Directory entries of 32 bytes that the name takes.
};

/// Why FAT cannot hold the name, e.g. `has the character ':'`, or an empty text.
/// Source: Microsoft FAT Specification 1.03, "Long file name implementation".
std::string fat_name_problem(std::string_view name);

/// The names of one directory, in their order, each with an alias of its own. Depends on nothing
/// but the names.
/// @param names      Sorted bytewise, each without a fat_name_problem.
/// @param directory  Their directory, for messages.
/// @throws Error  when two of them differ in ASCII case alone, which is one name to FAT.
std::vector<FatName> fat_names(const std::vector<std::string>& names, std::string_view directory);

enum class FatKind { file, directory };

/// The directory entries of one file or directory: the long name's, last part first, then the short
/// one with the rest.
/// @param seconds  Since 1970, for all three times; clamped to FAT's 1980 to 2107 and made even.
std::string fat_entries(const FatName& name, FatKind kind, std::uint32_t first_cluster,
                        std::uint32_t size, std::int64_t seconds);

/// The `.` and `..` entries that start every directory but the root.
std::string fat_dot_entries(std::uint32_t own_cluster, std::uint32_t parent_cluster,
                            std::int64_t seconds);

}  // namespace composer::disk
