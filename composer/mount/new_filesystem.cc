#include "composer/mount/new_filesystem.h"

#include <cerrno>
#include <fmt/format.h>
#include <string>
#include <sys/mount.h>

#include "composer/error.h"

namespace composer::mount {

FileDescriptor new_filesystem(const char* type,
                              std::initializer_list<std::pair<const char*, const char*>> options,
                              unsigned attributes) {
  const auto refuse = [&] { throw system_error(fmt::format("cannot make a {}", type), errno); };
  const FileDescriptor context(::fsopen(type, FSOPEN_CLOEXEC));
  if (!context) refuse();
  for (const auto& [key, value] : options) {
    if (::fsconfig(context.get(), FSCONFIG_SET_STRING, key, value, 0) != 0) refuse();
  }
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) refuse();
  FileDescriptor mounted(::fsmount(context.get(), FSMOUNT_CLOEXEC, attributes));
  if (!mounted) refuse();
  return mounted;
}

FileDescriptor new_folder_in_memory(Bytes most) {
  const std::string size = fmt::format("{}", most.count);
  return new_filesystem("tmpfs", {{"mode", "0755"}, {"size", size.c_str()}, {"source", "memory"}},
                        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

}  // namespace composer::mount
