#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"

// The store that builds share: files named by the checksum of their content, put there by rename
// after they were checked. Any number of processes may use one store at once, and any of them may
// be killed at any moment: what bears a final name is whole.

namespace composer::host {

/// A digest that a file must have.
struct Checksum {
  HashAlgorithm algorithm = HashAlgorithm::sha256;
  std::string hex;  ///< Lower case.

  friend bool operator==(const Checksum&, const Checksum&) = default;
};

/// The algorithm that repository metadata calls `name`, where it is strong enough to trust a file
/// by: sha256, sha384, sha512. Nothing for md5, sha, sha1, sha224 and unknown ones.
std::optional<HashAlgorithm> strong_algorithm(std::string_view name);

/// The name that repository metadata has for `algorithm`.
std::string_view to_text(HashAlgorithm algorithm);

/// `hex` is of the length that `algorithm` gives, in lower-case hexadecimal.
bool is_digest(HashAlgorithm algorithm, std::string_view hex);

/// The digest of what `fd` holds from its current position to its end.
/// @throws Error naming `what` when it cannot be read.
std::string hash_rest(int fd, HashAlgorithm algorithm, std::string_view what);

/// True when the file is there, is a regular file of `size` bytes (where given) and has the
/// checksum. It is read whole: a store on a disk that lost bits is never trusted by name alone.
bool is_intact(const std::filesystem::path& path, const Checksum& checksum,
               std::optional<std::uint64_t> size);

/// `cache/packages/sha256/HEX.rpm`
std::filesystem::path cached_package(const std::filesystem::path& cache, const Checksum& checksum);
/// `cache/metadata/sha256/HEX`
std::filesystem::path cached_metadata(const std::filesystem::path& cache, const Checksum& checksum);
/// `cache/solv/KEY.solv`
std::filesystem::path cached_solv(const std::filesystem::path& cache, std::string_view key);

/// Makes the folder that `path` lies in. @throws Error of kind host naming it and the cause.
void make_parent(const std::filesystem::path& path);

/// A file on its way into the store: a name of its own beside the final one, removed again unless
/// `commit` ran.
class PendingFile {
 public:
  /// @throws Error when no file can be made beside `destination`; its folder is made.
  explicit PendingFile(std::filesystem::path destination);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  int fd() const { return fd_.get(); }
  const std::filesystem::path& path() const { return pending_; }

  /// Gives the file its final name, mode 0644. @throws Error when that fails.
  void commit();

 private:
  std::filesystem::path destination_, pending_;
  FileDescriptor fd_;
};

}  // namespace composer::host
