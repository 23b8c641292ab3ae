#include "composer/tree/initramfs_key.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <set>
#include <string>
#include <vector>

#include "composer/base/checksum.h"

namespace composer::tree {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;
/// What is longer is no script of dracut's.
constexpr std::size_t kMostScript = std::size_t{4} << 20;

bool is_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

/// Adds what `path` is, and all that is below it, to a digest. Links are not followed.
void hash_tree(const Root& root, const std::string& top, Hasher& hasher) {
  std::vector<std::string> todo = {top};
  while (!todo.empty()) {
    const std::string path = std::move(todo.back());
    todo.pop_back();
    const auto status = root.link_status(path);
    if (!status) continue;
    hasher.update(fmt::format("{}\n{} {:o} {} {} {}\n", path, static_cast<int>(status->kind),
                              status->mode, status->uid, status->gid, status->size));
    if (status->kind == FileKind::symlink) {
      hasher.update(root.read_link(path).value_or("") + "\n");
    } else if (status->kind == FileKind::regular) {
      for (std::uint64_t at = 0; at < status->size;) {
        const auto bytes = root.read_at(path, at, kChunk);
        if (!bytes || bytes->empty()) break;
        hasher.update(*bytes);
        at += bytes->size();
      }
    } else if (status->kind == FileKind::directory) {
      std::vector<std::string> names = root.list(path);
      std::reverse(names.begin(), names.end());
      for (const std::string& name : names) todo.push_back(path + "/" + name);
    }
  }
}

/// Every word that dracut's scripts have, of the characters that names in /etc are made of.
std::set<std::string, std::less<>> words_of_dracut(const Root& root, Hasher& hasher) {
  std::set<std::string, std::less<>> words;
  std::vector<std::string> todo = {"/usr/lib/dracut", "/usr/bin/dracut"};
  while (!todo.empty()) {
    const std::string path = std::move(todo.back());
    todo.pop_back();
    const auto status = root.link_status(path);
    if (!status) continue;
    if (status->kind == FileKind::directory) {
      for (const std::string& name : root.list(path)) todo.push_back(path + "/" + name);
      continue;
    }
    if (status->kind != FileKind::regular || status->size > kMostScript) continue;
    const std::string text = root.read_at(path, 0, kMostScript).value_or("");
    hasher.update(path + "\n");
    hasher.update(text);
    for (auto at = text.begin(); at != text.end();) {
      at = std::find_if(at, text.end(), is_of_name);
      const auto end = std::find_if_not(at, text.end(), is_of_name);
      words.emplace(at, end);
      at = end;
    }
  }
  return words;
}

}  // namespace

host::StoreKey initramfs_key(host::StoreKey key, const Root& root, std::string_view kernel,
                             std::string_view configuration) {
  key.add("kernel", kernel);
  key.add("dracut's configuration", configuration);
  Hasher dracut(HashAlgorithm::sha256);
  const auto words = words_of_dracut(root, dracut);
  key.add("dracut", dracut.finish());
  for (const std::string& name : root.list("/etc")) {
    // `/etc/*-release` is in dracut's scripts as a pattern.
    if (!words.contains(name) && !name.ends_with("-release")) continue;
    Hasher hasher(HashAlgorithm::sha256);
    hash_tree(root, "/etc/" + name, hasher);
    key.add("/etc/" + name, hasher.finish());
  }
  return key;
}

}  // namespace composer::tree
