#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "composer/base/file_descriptor.h"
#include "composer/inspect/block_source.h"

namespace composer::inspect {

/// A regular file of the host, open for reading; also the disk of a raw image.
class ImageFile final : public BlockSource {
 public:
  /// @throws Error  when it is no regular file, or cannot be opened.
  explicit ImageFile(const std::filesystem::path& path);

  Bytes size() const override { return size_; }
  std::optional<DataRun> next_data(std::uint64_t from) const override;
  void read(std::uint64_t offset, std::span<std::byte> into) const override;

  const std::string& name() const { return name_; }
  int fd() const { return fd_.get(); }
  /// Throws: `cannot read 'disk.qcow2': ` and why.
  [[noreturn]] void refuse(std::string_view why, std::string hint = {}) const;

 private:
  std::string name_;
  FileDescriptor fd_;
  Bytes size_;
};

/// True when `length` bytes from `offset` on lie within `size`; no sum overflows.
constexpr bool is_within(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return offset <= size && length <= size - offset;
}

/// Throws unless the range lies within `disk`.
void require_within(const BlockSource& disk, std::uint64_t offset, std::size_t length);

}  // namespace composer::inspect
