#pragma once

#include <string>
#include <vector>

#include "composer/blueprint.h"

namespace composer::disk {

/// Our arguments for mkfs with the blueprint's own after them. Where mkfs takes a list of settings
/// in one argument (`-O` and `-E` of mke2fs, all of mkfs.xfs), the blueprint's are put into our
/// list: mke2fs would forget the first of two lists, and mkfs.xfs refuses a setting that is given
/// twice.
/// @param own  As the blueprint has them: `-m`, `5`, `-O^64bit`.
std::vector<std::string> with_own_options(FilesystemType type, std::vector<std::string> arguments,
                                          const std::vector<std::string>& own);

}  // namespace composer::disk
