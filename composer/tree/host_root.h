#pragma once

#include <filesystem>

#include "composer/base/file_descriptor.h"
#include "composer/root.h"

namespace composer::tree {

/// A root in a directory of this host, reached through openat2(RESOLVE_IN_ROOT) alone. It holds the
/// directory open, so it has to go before a filesystem that is mounted there can be unmounted.
class HostRoot final : public Root {
 public:
  /// @throws Error  of kind host when the kernel has no openat2, of kind build when `directory`
  ///                cannot be opened.
  explicit HostRoot(const std::filesystem::path& directory);

  const std::filesystem::path& directory() const { return directory_; }

  std::optional<FileStatus> status(std::string_view path) const override;
  std::optional<FileStatus> link_status(std::string_view path) const override;
  std::optional<std::string> read(std::string_view path) const override;
  std::optional<std::string> read_at(std::string_view path, std::uint64_t offset,
                                     std::size_t most) const override;
  std::vector<std::string> list(std::string_view path) const override;
  std::optional<std::string> read_link(std::string_view path) const override;
  ExtendedAttributes xattrs(std::string_view path) const override;  // In host_root_xattrs.cc.
  void write(std::string_view path, std::string_view content, FileAttributes) override;
  void make_directories(std::string_view path, FileAttributes) override;
  void make_link(std::string_view target, std::string_view path) override;
  void set_attributes(std::string_view path, FileAttributes) override;
  void remove(std::string_view path) override;
  void clamp_times(std::int64_t epoch) override;  // In host_root_times.cc.
  RootCommandResult run(const RootCommand& command) override;

 private:
  std::filesystem::path directory_;
  FileDescriptor fd_;
};

}  // namespace composer::tree
