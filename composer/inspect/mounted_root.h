#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "composer/inspect/file_tree.h"
#include "composer/root.h"

namespace composer::inspect {

/// A root made of filesystems, one mounted in another. Links are resolved inside it, 40 of them for
/// one path as in Linux. A directory that is found in two places (a broken filesystem, in which a
/// walk would never end) is an error.
class MountedRoot final : public ReadRoot {
 public:
  explicit MountedRoot(std::unique_ptr<FileTree> root);

  /// Mounts a filesystem on the directory that `path` leads to; over another that is there.
  /// @throws Error  when there is no such directory.
  void mount(std::string_view path, std::unique_ptr<FileTree> tree);

  std::optional<FileStatus> status(std::string_view path) const override;
  std::optional<FileStatus> link_status(std::string_view path) const override;
  std::optional<std::string> read(std::string_view path) const override;
  std::optional<std::string> read_at(std::string_view path, std::uint64_t offset,
                                     std::size_t most) const override;
  std::vector<std::string> list(std::string_view path) const override;
  std::optional<std::string> read_link(std::string_view path) const override;
  ExtendedAttributes xattrs(std::string_view path) const override;

 private:
  struct Place {
    std::size_t tree = 0;
    Node node = 0;
    auto operator<=>(const Place&) const = default;
  };
  enum class LastLink { follow, keep };

  const FileTree& tree(const Place& place) const { return *trees_[place.tree]; }
  std::optional<Place> resolve(std::string_view path, LastLink last) const;
  /// The child of that name, or nothing. @throws Error  when it is a directory known elsewhere.
  std::optional<Place> step(const Place& directory, const std::string& name) const;
  /// What is mounted there, else the place itself.
  Place through_mounts(Place place) const;

  std::vector<std::unique_ptr<FileTree>> trees_;
  std::map<Place, std::size_t> mounts_;
  /// Where each directory that was met was found.
  mutable std::map<Place, std::pair<Place, std::string>> found_at_;
};

}  // namespace composer::inspect
