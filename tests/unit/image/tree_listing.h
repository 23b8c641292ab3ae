#pragma once

#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <string>
#include <sys/sysmacros.h>
#include <vector>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/image/extents.h"
#include "composer/image/root_tree.h"

namespace composer::test {

/// Everything that an output of a tree must keep, one line for each entry.
class Listing final : public image::TreeVisitor {
 public:
  void enter(const image::TreeEntry& entry) override {
    std::string line =
        fmt::format("./{} {:o} {}:{} {}", entry.path, entry.status.st_mode, entry.status.st_uid,
                    entry.status.st_gid, entry.status.st_mtim.tv_sec);
    if (entry.is(S_IFREG)) line += fmt::format(" {} bytes", entry.size());
    if (entry.is(S_IFCHR)) {
      line += fmt::format(" {}:{}", major(entry.status.st_rdev), minor(entry.status.st_rdev));
    }
    if (entry.content >= 0) {
      std::string content(entry.size(), '\0');
      image::read_exactly({entry.content, entry.size(), entry.path}, 0, content.data(),
                          content.size());
      line += " " + sha256_hex(content).substr(0, 8);
    }
    if (!entry.link_target.empty()) line += " -> " + entry.link_target;
    if (!entry.hard_link.empty()) line += " is " + entry.hard_link;
    for (const image::Attribute& attribute : entry.attributes) {
      line += fmt::format(" {}={}", attribute.name, to_hex(attribute.value));
    }
    lines.push_back(std::move(line));
    paths.push_back(entry.path + (entry.is(S_IFDIR) ? "/" : ""));
  }

  std::vector<std::string> lines;
  std::vector<std::string> paths;
};

inline Listing list_tree(const std::filesystem::path& root, const image::TreeWalk& walk) {
  Listing listing;
  const FileDescriptor fd = open_file(root, O_RDONLY | O_DIRECTORY);
  image::walk_tree(fd.get(), walk, listing);
  return listing;
}

}  // namespace composer::test
