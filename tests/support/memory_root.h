#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "composer/root.h"

namespace composer {

/// A Root in memory for unit tests: regular files, directories and symbolic links, resolved inside
/// it as the real ones are. Commands are answered by `on_run`; without one each is a failure.
class MemoryRoot final : public Root {
 public:
  struct Node {
    FileKind kind = FileKind::directory;
    FileAttributes attributes{0755, 0, 0};
    std::string content;  ///< Of a file, or a link's target.
    ExtendedAttributes xattrs;
  };

  MemoryRoot();

  /// Puts a file there, with its parents: for the state that a test begins with.
  MemoryRoot& file(std::string_view path, std::string_view content, FileAttributes = {});
  MemoryRoot& directory(std::string_view path, FileAttributes = {0755, 0, 0});
  MemoryRoot& link(std::string_view path, std::string_view target);
  /// Gives what is at `path` an extended attribute.
  MemoryRoot& attribute(std::string_view path, const std::string& name, std::string value);

  std::optional<FileStatus> status(std::string_view path) const override;
  std::optional<FileStatus> link_status(std::string_view path) const override;
  std::optional<std::string> read(std::string_view path) const override;
  std::optional<std::string> read_at(std::string_view path, std::uint64_t offset,
                                     std::size_t most) const override;
  std::vector<std::string> list(std::string_view path) const override;
  std::optional<std::string> read_link(std::string_view path) const override;
  ExtendedAttributes xattrs(std::string_view path) const override;
  void write(std::string_view path, std::string_view content, FileAttributes) override;
  void make_directories(std::string_view path, FileAttributes) override;
  void make_link(std::string_view target, std::string_view path) override;
  void set_attributes(std::string_view path, FileAttributes) override;
  void remove(std::string_view path) override;
  void clamp_times(std::int64_t epoch) override { clamped_to.push_back(epoch); }
  RootCommandResult run(const RootCommand& command) override;

  /// One line per path below `path`: mode, owner, group, kind and name, sorted; for whole-tree
  /// checks.
  std::string tree_text(std::string_view path) const;

  std::function<RootCommandResult(MemoryRoot&, const RootCommand&)> on_run;
  std::vector<RootCommand> commands;     ///< Every command that was run.
  std::vector<std::int64_t> clamped_to;  ///< Every clamp_times.

 private:
  /// The canonical path of `path`, whose last component need not exist.
  std::string resolve(std::string_view path, bool follow_last) const;
  const Node* find(std::string_view path, bool follow_last) const;

  std::map<std::string, Node> nodes_;  ///< By canonical path; the root is "/".
};

}  // namespace composer
