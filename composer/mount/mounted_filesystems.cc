#include "composer/mount/mounted_filesystems.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "composer/error.h"

namespace composer::mount {
namespace {

/// proc_pid_mountinfo(5): space, tab, line feed and backslash are three octal digits after a
/// backslash.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      int code = 0;
      for (std::size_t digit = 1; digit <= 3; ++digit) code = code * 8 + (text[i + digit] - '0');
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Where in `root` something is mounted, `/` always among them.
std::set<std::string> mount_points_in(const std::string& root) {
  std::set<std::string> found{"/"};
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, top, place;
    fields >> id >> parent >> device >> top >> place;
    place = unescaped(place);
    if (place.size() > root.size() + 1 && place.starts_with(root) && place[root.size()] == '/') {
      found.insert(place.substr(root.size()));
    }
  }
  return found;
}

}  // namespace

std::vector<MountedFilesystem> filesystems_below(const std::filesystem::path& root) {
  std::string top = std::filesystem::canonical(root).string();
  if (top == "/") top.clear();
  std::vector<MountedFilesystem> filesystems;
  for (const std::string& path : mount_points_in(top)) {
    FileDescriptor tree(static_cast<int>(::syscall(SYS_open_tree, AT_FDCWD, (top + path).c_str(),
                                                   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    mount_attr quiet{};
    quiet.attr_set = MOUNT_ATTR_NOATIME;
    quiet.attr_clr = MOUNT_ATTR__ATIME;
    if (!tree ||
        ::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &quiet, sizeof quiet) != 0) {
      throw system_error(fmt::format("cannot show the filesystem at '{}' by itself", top + path),
                         errno);
    }
    filesystems.push_back({path, std::move(tree)});
  }
  return filesystems;
}

}  // namespace composer::mount
