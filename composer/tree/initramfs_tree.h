#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "composer/host/store.h"
#include "composer/root.h"
#include "composer/tree/elf_file.h"

namespace composer::tree {

/// The files of an initramfs, taken from a root at the same paths: links with what they lead to,
/// programs with their loader and libraries, scripts with their interpreter. All belong to root.
class InitramfsTree {
 public:
  explicit InitramfsTree(const ReadRoot& root) : root_(&root) {}

  /// Takes what is at `path`, a file or a link to one. False, and nothing is taken, where there is
  /// none.
  /// @throws Error  when a program's library is not in the root.
  bool take(std::string_view path);
  /// Takes the library that is loaded under one of `names`, the first that is there; nothing
  /// where none is.
  void take_library(const std::vector<std::string>& names);

  bool has(std::string_view path) const { return nodes_.contains(path); }

  void add_folder(std::string_view path, std::uint32_t mode = 0755);
  /// @param target  As it is written into the link.
  void add_link(std::string_view target, std::string_view path);
  void add_file(std::string_view path, std::string content, std::uint32_t mode = 0644);

  /// Adds what was taken to a key: each file by its path, those in `folder` as one.
  void add_to(host::StoreKey& key, std::string_view folder) const;

  /// The cpio archive (newc): the bytes depend on what was taken alone, not on its order.
  /// @param time  Of every file, seconds since 1970.
  std::string archive(std::int64_t time) const;

 private:
  struct Node {
    FileKind kind = FileKind::regular;
    std::uint32_t mode = 0644;
    std::string content;  ///< Of a link its target.
  };
  struct Way;

  Way way_to(std::string_view path) const;
  void add_parents(std::string_view path);
  void take_needs(const std::string& path, const std::string& content);
  bool find_library(const std::string& name, const ElfNeeds& user, std::string_view user_path);

  const ReadRoot* root_;
  std::map<std::string, Node, std::less<>> nodes_;              ///< By absolute path.
  std::map<std::string, unsigned, std::less<>> library_names_;  ///< Taken ones, and their machines.
  std::vector<std::string> todo_;  ///< Taken files whose needs are not all taken yet.
};

}  // namespace composer::tree
