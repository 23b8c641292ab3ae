#pragma once

#include <span>
#include <string>
#include <sys/stat.h>

namespace composer::rpm {

/// A file in such a way that a change of it is seen: inode, size, and when it was last changed.
std::string state_of(const struct stat& status);

/// The same of all that is below folders, of links themselves, with their paths, sorted. A folder
/// that is not there has nothing below it.
std::string states_below(std::span<const std::string> folders);

}  // namespace composer::rpm
