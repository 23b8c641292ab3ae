#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

// The files of a root, one after the other in an order of their own: what a directory or an
// archive is made of. What lies in a root was put there by packages and is not trusted.

namespace composer::image {

/// An extended attribute: `security.capability`, `security.selinux`, `user.…`, ACLs.
struct Attribute {
  std::string name;
  std::string value;
};

struct TreeEntry {
  int parent = -1;  ///< Descriptor of the directory that holds it; of the root itself for the root.
  std::string name;         ///< In that directory; `.` for the root.
  std::string path;         ///< Relative to the root; empty for the root.
  int content = -1;         ///< Descriptor of a regular file, open for reading.
  struct stat status {};    ///< The modification time in whole seconds, none later than the epoch.
  std::string link_target;  ///< Of a symbolic link.
  std::string hard_link;    ///< The path of the file's first name, where this is a further one.
  std::vector<Attribute> attributes;  ///< By name.

  std::uint64_t size() const { return static_cast<std::uint64_t>(status.st_size); }
  bool is(unsigned kind) const { return (status.st_mode & S_IFMT) == kind; }
};

class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;
  /// Every entry, a directory before what is in it.
  virtual void enter(const TreeEntry& entry) = 0;
  /// A directory again, after all that is in it.
  virtual void leave(const TreeEntry&) {}
};

struct TreeWalk {
  std::int64_t source_date_epoch = 0;
  std::set<std::string, std::less<>> left_out;  ///< Paths that are passed over with their content.
  std::vector<std::string> left_out_attributes = {};
};

/// Walks the tree below `root`, mounts in it included. Entries come by path, bytewise, a directory
/// with a slash at its end: as `LC_ALL=C sort` has the names that tar lists. Sockets are left out,
/// since no archive holds them.
/// @throws Error  when something cannot be read, or lies deeper than 256 levels.
void walk_tree(int root, const TreeWalk& walk, TreeVisitor& visitor);

}  // namespace composer::image
