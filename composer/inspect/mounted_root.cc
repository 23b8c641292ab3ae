#include "composer/inspect/mounted_root.h"

#include <algorithm>
#include <deque>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer::inspect {
namespace {

constexpr std::size_t kMostContent = std::size_t{256} << 20;
/// path_resolution(7).
constexpr int kMostLinks = 40;
/// A path with its links written out; PATH_MAX is 4096 bytes.
constexpr std::size_t kMostSteps = 65536;

std::deque<std::string> components(std::string_view path) {
  std::deque<std::string> found;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, end - at);
    if (!name.empty() && name != ".") found.emplace_back(name);
    at = end + 1;
  }
  return found;
}

[[noreturn]] void refuse(std::string_view path, std::string_view why) {
  throw Error(ErrorKind::build, fmt::format("cannot read '{}' in the image: {}", path, why));
}

}  // namespace

bool is_file_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

MountedRoot::MountedRoot(std::unique_ptr<FileTree> root) {
  trees_.push_back(std::move(root));
}

MountedRoot::Place MountedRoot::through_mounts(Place place) const {
  for (auto found = mounts_.find(place); found != mounts_.end(); found = mounts_.find(place)) {
    place = {found->second, trees_[found->second]->root()};
  }
  return place;
}

void MountedRoot::mount(std::string_view path, std::unique_ptr<FileTree> mounted) {
  const auto place = resolve(path, LastLink::follow);
  if (!place || tree(*place).status(place->node).kind != FileKind::directory) {
    refuse(path, "it is to be a mount point, and there is no such directory");
  }
  trees_.push_back(std::move(mounted));
  mounts_[*place] = trees_.size() - 1;
}

std::optional<MountedRoot::Place> MountedRoot::step(const Place& directory,
                                                    const std::string& name) const {
  const auto node = tree(directory).find(directory.node, name);
  if (!node) return std::nullopt;
  const Place child{directory.tree, *node};
  if (tree(child).status(child.node).kind != FileKind::directory) return child;
  const auto [known, added] = found_at_.try_emplace(child, directory, name);
  // FAT finds one directory by several names in the same place: any case, and the short one.
  const bool again = !added && known->second.first != directory;
  if (again || child.node == tree(child).root()) {
    refuse(name, "the directory is in two places of its filesystem, which is broken");
  }
  return through_mounts(child);
}

std::optional<MountedRoot::Place> MountedRoot::resolve(std::string_view path, LastLink last) const {
  std::vector<Place> above{through_mounts({0, trees_[0]->root()})};  // Down to where we are.
  std::deque<std::string> todo = components(path);
  // A final slash asks for a directory: a link before it is followed.
  if (path.ends_with('/')) last = LastLink::follow;
  int links = 0;
  for (std::size_t steps = 0; !todo.empty(); ++steps) {
    if (steps > kMostSteps || todo.size() > kMostSteps) refuse(path, "its links lead too far");
    const std::string name = std::move(todo.front());
    todo.pop_front();
    const Place here = above.back();
    if (tree(here).status(here.node).kind != FileKind::directory) return std::nullopt;
    if (name == "..") {
      if (above.size() > 1) above.pop_back();
      continue;
    }
    const auto next = step(here, name);
    if (!next) return std::nullopt;
    const bool is_link = tree(*next).status(next->node).kind == FileKind::symlink;
    if (!is_link || (todo.empty() && last == LastLink::keep)) {
      above.push_back(*next);
      continue;
    }
    if (++links > kMostLinks) refuse(path, "too many levels of symbolic links");
    const std::string target = tree(*next).target(next->node);
    if (target.starts_with('/')) above.resize(1);
    const auto more = components(target);
    todo.insert(todo.begin(), more.begin(), more.end());
  }
  return above.back();
}

std::optional<FileStatus> MountedRoot::status(std::string_view path) const {
  const auto place = resolve(path, LastLink::follow);
  return place ? std::optional(tree(*place).status(place->node)) : std::nullopt;
}

std::optional<FileStatus> MountedRoot::link_status(std::string_view path) const {
  const auto place = resolve(path, LastLink::keep);
  return place ? std::optional(tree(*place).status(place->node)) : std::nullopt;
}

std::optional<std::string> MountedRoot::read(std::string_view path) const {
  const auto found = status(path);
  if (found && found->kind == FileKind::regular && found->size > kMostContent) {
    refuse(path, "it is larger than 256 MiB");
  }
  return read_at(path, 0, kMostContent);
}

std::optional<std::string> MountedRoot::read_at(std::string_view path, std::uint64_t offset,
                                                std::size_t most) const {
  const auto place = resolve(path, LastLink::follow);
  if (!place) return std::nullopt;
  const FileStatus found = tree(*place).status(place->node);
  if (found.kind != FileKind::regular) refuse(path, "it is not a regular file");
  if (offset >= found.size) return std::string();
  const std::size_t length = std::min<std::uint64_t>(most, found.size - offset);
  return with_context(fmt::format("while reading '{}' in the image", path),
                      [&] { return tree(*place).read(place->node, offset, length); });
}

std::vector<std::string> MountedRoot::list(std::string_view path) const {
  const auto place = resolve(path, LastLink::follow);
  if (!place || tree(*place).status(place->node).kind != FileKind::directory) return {};
  auto names = tree(*place).names(place->node);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::optional<std::string> MountedRoot::read_link(std::string_view path) const {
  const auto place = resolve(path, LastLink::keep);
  if (!place || tree(*place).status(place->node).kind != FileKind::symlink) return std::nullopt;
  return tree(*place).target(place->node);
}

ExtendedAttributes MountedRoot::xattrs(std::string_view path) const {
  const auto place = resolve(path, LastLink::keep);
  return place ? tree(*place).xattrs(place->node) : ExtendedAttributes{};
}

}  // namespace composer::inspect
