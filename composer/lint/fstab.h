#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace composer::lint {

/// A line of fstab(5).
struct FstabEntry {
  int line = 0;
  std::string device, mount, type;
  std::vector<std::string> options;

  bool has_option(std::string_view option) const;
};

/// The lines that are whole; escapes (`\040`) are resolved.
std::vector<FstabEntry> read_fstab(std::string_view text);

}  // namespace composer::lint
