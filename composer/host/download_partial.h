#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/host/cache.h"

namespace composer::host {

/// The beginning of a download. With a checksum it is `DESTINATION.partial`, locked, and stays when
/// the download breaks off, so that a later run goes on from there; where another process holds the
/// lock, or without a checksum, it is a file of its own name that goes when this object does. With
/// no destination it is kept in memory.
class PartialFile {
 public:
  /// @throws Error of kind host when no file can be made beside `destination`.
  PartialFile(const std::filesystem::path& destination, const std::optional<Checksum>& checksum);
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  ~PartialFile();

  std::uint64_t size() const { return size_; }

  /// Forgets what is there.
  void restart();
  void append(std::string_view bytes);
  /// The digest of all that was appended; once.
  std::string finish_hex();
  /// Gives the file its final name, mode 0644.
  void commit();
  /// What was kept in memory.
  std::string take_content() { return std::move(content_); }

 private:
  bool open_shared(const std::filesystem::path& path);
  void hash_existing();

  std::filesystem::path destination_, path_;
  std::string content_;
  HashAlgorithm algorithm_ = HashAlgorithm::sha256;
  bool keep_ = false;  ///< The name is the shared one, so the file may stay for a later run.
  std::uint64_t size_ = 0;
  FileDescriptor fd_;
  std::unique_ptr<Hasher> hasher_;
};

}  // namespace composer::host
