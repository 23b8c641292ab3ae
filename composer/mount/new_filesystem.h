#pragma once

#include <initializer_list>
#include <utility>

#include "composer/base/file_descriptor.h"
#include "composer/units.h"

namespace composer::mount {

/// A filesystem that the kernel makes (tmpfs, proc …), mounted nowhere yet: fsopen(2), fsmount(2).
/// It is gone with its descriptor, unless it was moved somewhere.
/// @param attributes  MOUNT_ATTR_….
FileDescriptor new_filesystem(const char* type,
                              std::initializer_list<std::pair<const char*, const char*>> options,
                              unsigned attributes);

/// An empty directory in memory of at most so many bytes, as above. @throws Error without root.
FileDescriptor new_folder_in_memory(Bytes most);

}  // namespace composer::mount
