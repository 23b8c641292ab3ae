#pragma once

#include <filesystem>

namespace composer::host {

/// Makes a directory that has the given mode, owner and no access control list, whatever the umask
/// is and whatever the folder around it would hand down (a default ACL, a set-group-ID bit): what
/// is made in it goes into images.
/// @param mode  Permission bits.
/// @throws Error  when it is there, or cannot be made.
void make_plain_directory(const std::filesystem::path& path, unsigned mode);

}  // namespace composer::host
