#include "composer/rpm/file_states.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <vector>

namespace composer::rpm {

std::string state_of(const struct stat& status) {
  return fmt::format("{} {} {}.{}", status.st_ino, status.st_size, status.st_ctim.tv_sec,
                     status.st_ctim.tv_nsec);
}

std::string states_below(std::span<const std::string> folders) {
  std::vector<std::string> lines;
  for (const std::string& folder : folders) {
    std::error_code none;
    for (std::filesystem::recursive_directory_iterator at(folder, none), end; at != end;
         at.increment(none)) {
      struct stat status {};
      if (::lstat(at->path().c_str(), &status) != 0) continue;
      lines.push_back(fmt::format("{} {}", at->path().string(), state_of(status)));
    }
  }
  std::sort(lines.begin(), lines.end());
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace composer::rpm
