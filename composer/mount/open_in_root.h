#pragma once

#include <optional>
#include <string_view>

#include "composer/base/file_descriptor.h"

namespace composer::mount {

/// Opens `path` as if `root` were "/": absolute links and `..` stay inside, links of /proc are not
/// followed. Close-on-exec. (openat2, Linux 5.6; there is no safe way without it.)
///
/// @param flags  As of open(2). A fifo or device that is opened for reading may block or act: open
///               with O_NONBLOCK, or with O_PATH first and look at what it is.
/// @return  The file, or nothing when a component is missing (ENOENT) or not a directory (ENOTDIR).
/// @throws Error  of kind host when the kernel has no openat2, of kind build for anything else.
std::optional<FileDescriptor> open_in_root(int root, std::string_view path, int flags,
                                           unsigned mode = 0);

/// The same, and nothing where a component is a symbolic link.
std::optional<FileDescriptor> open_without_links(int root, std::string_view path, int flags);

}  // namespace composer::mount
