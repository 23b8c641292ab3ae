#include "tests/support/memory_root.h"

#include <deque>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer {
namespace {

std::string_view parent(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

void push_components(std::deque<std::string>& todo, std::string_view path) {
  std::deque<std::string> found;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at && path.substr(at, end - at) != ".") {
      found.emplace_back(path.substr(at, end - at));
    }
    at = end + 1;
  }
  todo.insert(todo.begin(), found.begin(), found.end());
}

[[noreturn]] void fail(std::string_view what, std::string_view path, std::string_view why) {
  throw Error(ErrorKind::build, fmt::format("cannot {} '{}': {}", what, path, why));
}

}  // namespace

MemoryRoot::MemoryRoot() {
  nodes_["/"] = {};
}

MemoryRoot& MemoryRoot::file(std::string_view path, std::string_view content,
                             FileAttributes attributes) {
  make_directories(parent(path), {0755, 0, 0});
  write(path, content, attributes);
  return *this;
}

MemoryRoot& MemoryRoot::directory(std::string_view path, FileAttributes attributes) {
  make_directories(parent(path), {0755, 0, 0});
  make_directories(path, attributes);
  return *this;
}

MemoryRoot& MemoryRoot::link(std::string_view path, std::string_view target) {
  make_directories(parent(path), {0755, 0, 0});
  make_link(target, path);
  return *this;
}

MemoryRoot& MemoryRoot::attribute(std::string_view path, const std::string& name,
                                  std::string value) {
  const auto found = nodes_.find(resolve(path, false));
  if (found == nodes_.end()) fail("change", path, "no such file");
  found->second.xattrs[name] = std::move(value);
  return *this;
}

std::string MemoryRoot::resolve(std::string_view path, bool follow_last) const {
  std::deque<std::string> todo;
  push_components(todo, path);
  std::string at = "/";
  for (int links = 0; !todo.empty();) {
    const std::string name = todo.front();
    todo.pop_front();
    if (name == "..") {
      at = std::string(parent(at));
      continue;
    }
    const std::string next = (at == "/" ? at : at + "/") + name;
    const auto found = nodes_.find(next);
    if (found != nodes_.end() && found->second.kind == FileKind::symlink &&
        (follow_last || !todo.empty())) {
      if (++links > 40) fail("open", path, "too many links");
      if (found->second.content.starts_with('/'))
        at.resize(1);  // g++ 12 warns wrongly (-Wrestrict) of an assigned "/".
      push_components(todo, found->second.content);
      continue;
    }
    at = next;
  }
  return at;
}

const MemoryRoot::Node* MemoryRoot::find(std::string_view path, bool follow_last) const {
  const auto found = nodes_.find(resolve(path, follow_last));
  return found == nodes_.end() ? nullptr : &found->second;
}

std::optional<FileStatus> MemoryRoot::status(std::string_view path) const {
  const Node* node = find(path, true);
  if (!node) return std::nullopt;
  return FileStatus{node->kind, node->attributes.mode, node->attributes.uid, node->attributes.gid,
                    node->content.size()};
}

std::optional<FileStatus> MemoryRoot::link_status(std::string_view path) const {
  const Node* node = find(path, false);
  if (!node) return std::nullopt;
  return FileStatus{node->kind, node->attributes.mode, node->attributes.uid, node->attributes.gid,
                    node->content.size()};
}

std::optional<std::string> MemoryRoot::read(std::string_view path) const {
  const Node* node = find(path, true);
  if (!node) return std::nullopt;
  if (node->kind != FileKind::regular) fail("read", path, "it is not a regular file");
  return node->content;
}

std::optional<std::string> MemoryRoot::read_at(std::string_view path, std::uint64_t offset,
                                               std::size_t most) const {
  const auto content = read(path);
  if (!content) return std::nullopt;
  return offset >= content->size() ? std::string() : content->substr(offset, most);
}

ExtendedAttributes MemoryRoot::xattrs(std::string_view path) const {
  const Node* node = find(path, false);
  return node ? node->xattrs : ExtendedAttributes{};
}

std::vector<std::string> MemoryRoot::list(std::string_view path) const {
  std::vector<std::string> names;
  const Node* node = find(path, true);
  if (!node || node->kind != FileKind::directory) return names;
  std::string prefix = resolve(path, true);
  if (prefix != "/") prefix += '/';
  for (auto it = nodes_.lower_bound(prefix); it != nodes_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    const std::string name = it->first.substr(prefix.size());
    if (!name.empty() && name.find('/') == std::string::npos) names.push_back(name);
  }
  return names;
}

std::optional<std::string> MemoryRoot::read_link(std::string_view path) const {
  const Node* node = find(path, false);
  if (!node || node->kind != FileKind::symlink) return std::nullopt;
  return node->content;
}

void MemoryRoot::write(std::string_view path, std::string_view content, FileAttributes attributes) {
  const Node* above = find(parent(path), true);
  if (!above || above->kind != FileKind::directory) fail("write", path, "no such directory");
  Node& node = nodes_[resolve(path, false)];
  node = {FileKind::regular, attributes, std::string(content), {}};
}

void MemoryRoot::make_directories(std::string_view path, FileAttributes attributes) {
  if (path == "/" || path.empty()) return;
  if (const Node* node = find(path, true)) {
    if (node->kind != FileKind::directory) fail("make", path, "it is not a directory");
    return;
  }
  make_directories(parent(path), attributes);
  nodes_[resolve(path, true)] = {FileKind::directory, attributes, {}, {}};
}

void MemoryRoot::make_link(std::string_view target, std::string_view path) {
  const Node* above = find(parent(path), true);
  if (!above || above->kind != FileKind::directory) fail("link", path, "no such directory");
  const Node* old = find(path, false);
  if (old && old->kind == FileKind::directory) fail("link", path, "it is a directory");
  nodes_[resolve(path, false)] = {FileKind::symlink, {0777, 0, 0}, std::string(target), {}};
}

void MemoryRoot::set_attributes(std::string_view path, FileAttributes attributes) {
  const auto found = nodes_.find(resolve(path, true));
  if (found == nodes_.end()) fail("change", path, "no such file");
  found->second.attributes = attributes;
}

void MemoryRoot::remove(std::string_view path) {
  const std::string key = resolve(path, false);
  const auto found = nodes_.find(key);
  if (found == nodes_.end()) return;
  if (found->second.kind == FileKind::directory && !list(key).empty()) {
    fail("remove", path, "it is not empty");
  }
  nodes_.erase(found);
}

RootCommandResult MemoryRoot::run(const RootCommand& command) {
  commands.push_back(command);
  if (on_run) return on_run(*this, command);
  return {127, {}, fmt::format("{}: not found\n", command.arguments.at(0))};
}

std::string MemoryRoot::tree_text(std::string_view path) const {
  std::string text;
  const std::string top = resolve(path, true);
  for (const auto& [name, node] : nodes_) {
    if (name != top && !name.starts_with(top == "/" ? top : top + "/")) continue;
    text += fmt::format("{:04o} {}:{} {}{}\n", node.attributes.mode, node.attributes.uid,
                        node.attributes.gid, name,
                        node.kind == FileKind::directory ? "/"
                        : node.kind == FileKind::symlink ? " -> " + node.content
                                                         : "");
  }
  return text;
}

}  // namespace composer
