#include "composer/tree/initramfs_tree.h"

#include <algorithm>
#include <array>
#include <deque>
#include <fmt/format.h>
#include <optional>
#include <utility>

#include "composer/base/checksum.h"
#include "composer/base/newc.h"
#include "composer/error.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

constexpr int kMostLinks = 40;  ///< As the kernel's MAXSYMLINKS.
/// Of an entry: the header, and padding twice.
constexpr std::size_t kMostOverhead = 128;
constexpr std::uint32_t kDirectory = 0040000, kRegular = 0100000, kLink = 0120000;
/// Where the loader looks without being told to: Fedora's, then Debian's folders.
constexpr std::array<std::string_view, 4> kLibraryFolders{
    "/usr/lib64", "/usr/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"};

std::deque<std::string> parts_of(std::string_view path) {
  std::deque<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

/// The program of a script's first line, or nothing.
std::string interpreter_of(std::string_view content) {
  if (!content.starts_with("#!")) return {};
  content.remove_prefix(2);
  content = content.substr(0, std::min<std::size_t>(content.find('\n'), 256));
  content.remove_prefix(std::min(content.find_first_not_of(" \t"), content.size()));
  return std::string(content.substr(0, content.find_first_of(" \t")));
}

}  // namespace

/// The links and folders on the way to a file, and where it is in the end.
struct InitramfsTree::Way {
  std::vector<std::pair<std::string, Node>> nodes;
  std::optional<std::string> file;
};

InitramfsTree::Way InitramfsTree::way_to(std::string_view path) const {
  Way way;
  std::deque<std::string> todo = parts_of(path);
  std::string at;
  for (int links = 0; !todo.empty();) {
    const std::string part = std::move(todo.front());
    todo.pop_front();
    if (part == "..") {
      at.resize(at.empty() ? 0 : at.rfind('/'));
      continue;
    }
    const std::string next = at + "/" + part;
    const auto status = root_->link_status(next);
    if (!status) return way;
    if (status->kind == FileKind::symlink) {
      const std::string target = root_->read_link(next).value_or("");
      if (target.empty() || ++links > kMostLinks) return way;
      way.nodes.emplace_back(next, Node{FileKind::symlink, 0777, target});
      if (target.starts_with('/')) at.clear();
      const std::deque<std::string> parts = parts_of(target);
      todo.insert(todo.begin(), parts.begin(), parts.end());
    } else if (status->kind == FileKind::directory) {
      way.nodes.emplace_back(next, Node{FileKind::directory, status->mode, {}});
      at = next;
    } else if (status->kind == FileKind::regular && todo.empty()) {
      way.nodes.emplace_back(next, Node{FileKind::regular, status->mode, {}});
      way.file = next;
    } else {
      return way;
    }
  }
  return way;
}

bool InitramfsTree::take(std::string_view path) {
  Way way = way_to(path);
  if (!way.file) return false;
  const bool is_new = !nodes_.contains(*way.file);
  for (auto& [at, node] : way.nodes) nodes_.try_emplace(at, std::move(node));
  if (!is_new) return true;
  nodes_.at(*way.file).content = root_->read(*way.file).value_or("");
  todo_.push_back(*way.file);
  if (todo_.size() > 1) return true;  // What is needed is taken by the first.
  for (std::size_t i = 0; i < todo_.size(); ++i) {
    const std::string file = todo_[i];
    take_needs(file, nodes_.at(file).content);
  }
  todo_.clear();
  return true;
}

void InitramfsTree::take_needs(const std::string& path, const std::string& content) {
  const std::string interpreter = interpreter_of(content);
  if (interpreter.starts_with('/')) take(interpreter);
  const auto needs = read_elf(content, path);
  if (!needs) return;
  if (!needs->interpreter.empty() && !take(needs->interpreter)) {
    throw Error(ErrorKind::build, fmt::format("'{}' needs the loader '{}', which the image has not",
                                              path, needs->interpreter));
  }
  for (const std::string& library : needs->libraries) {
    if (find_library(library, *needs, path)) continue;
    throw Error(ErrorKind::build,
                fmt::format("'{}' needs the library '{}', which is in none of the image's folders "
                            "of libraries",
                            path, library),
                "write 'initramfs: dracut' where it is in a folder of /etc/ld.so.conf");
  }
  for (const std::vector<std::string>& names : needs->loaded) {
    std::any_of(names.begin(), names.end(),
                [&](const std::string& name) { return find_library(name, *needs, path); });
  }
}

bool InitramfsTree::find_library(const std::string& name, const ElfNeeds& user,
                                 std::string_view user_path) {
  const auto taken = library_names_.find(name);
  if (taken != library_names_.end() && taken->second == user.machine) return true;
  if (name.find('/') != std::string::npos) return name.starts_with('/') && take(name);
  std::vector<std::string> folders;
  for (std::string folder : user.folders) {
    constexpr std::string_view kOrigin = "$ORIGIN";
    if (folder.starts_with(kOrigin)) {
      folder.replace(0, kOrigin.size(), parent_of(user_path));
    }
    if (folder.starts_with('/')) folders.push_back(std::move(folder));
  }
  folders.insert(folders.end(), kLibraryFolders.begin(), kLibraryFolders.end());
  for (const std::string& folder : folders) {
    const std::string path = fmt::format("{}/{}", folder, name);
    const auto content = root_->status(path) ? root_->read(path) : std::nullopt;
    if (!content) continue;
    // Of another machine in a folder for several.
    const auto library = read_elf(*content, path);
    if (!library || library->machine != user.machine) continue;
    library_names_.emplace(name, user.machine);
    return take(path);
  }
  return false;
}

void InitramfsTree::take_library(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    for (const std::string_view folder : kLibraryFolders) {
      if (take(fmt::format("{}/{}", folder, name))) return;
    }
  }
}

void InitramfsTree::add_parents(std::string_view path) {
  for (std::string_view parent = parent_of(path); parent != "/"; parent = parent_of(parent)) {
    nodes_.try_emplace(std::string(parent), Node{FileKind::directory, 0755, {}});
  }
}

void InitramfsTree::add_folder(std::string_view path, std::uint32_t mode) {
  add_parents(path);
  nodes_.try_emplace(std::string(path), Node{FileKind::directory, mode, {}});
}

void InitramfsTree::add_link(std::string_view target, std::string_view path) {
  add_parents(path);
  nodes_.insert_or_assign(std::string(path), Node{FileKind::symlink, 0777, std::string(target)});
}

void InitramfsTree::add_file(std::string_view path, std::string content, std::uint32_t mode) {
  add_parents(path);
  nodes_.insert_or_assign(std::string(path), Node{FileKind::regular, mode, std::move(content)});
}

void InitramfsTree::add_to(host::StoreKey& key, std::string_view folder) const {
  Hasher inside(HashAlgorithm::sha256);
  for (const auto& [path, node] : nodes_) {
    Hasher alone(HashAlgorithm::sha256);
    const bool is_inside = path.starts_with(folder);
    Hasher& hasher = is_inside ? inside : alone;
    hasher.update(fmt::format("{}\n{} {:o} {}\n", path, static_cast<int>(node.kind), node.mode,
                              node.content.size()));
    hasher.update(node.content);
    if (!is_inside) key.add(path, alone.finish());
  }
  key.add(std::string(folder), inside.finish());
}

std::string InitramfsTree::archive(std::int64_t time) const {
  std::string bytes;
  std::size_t size = kMostOverhead;
  for (const auto& [path, node] : nodes_) {
    size += path.size() + node.content.size() + kMostOverhead;
  }
  bytes.reserve(size);
  std::uint32_t inodes = 0;
  for (const auto& [path, node] : nodes_) {
    const bool folder = node.kind == FileKind::directory;
    const std::uint32_t kind = folder                           ? kDirectory
                               : node.kind == FileKind::symlink ? kLink
                                                                : kRegular;
    bytes += newc_entry(path.substr(1), {.inode = ++inodes,
                                         .mode = kind | node.mode,
                                         .links = folder ? 2U : 1U,
                                         .time = time,
                                         .size = node.content.size()});
    bytes += node.content;
    bytes += newc_padding(node.content.size());
  }
  bytes += newc_entry(kNewcTrailer, {});
  return bytes;
}

}  // namespace composer::tree
