#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace composer {

enum class HashAlgorithm { sha1, sha256, sha384, sha512 };

/// An incremental digest (OpenSSL's).
class Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(std::string_view bytes);
  /// The digest in lower-case hexadecimal; the hasher is then spent.
  std::string finish_hex();
  /// The digest's bytes; the hasher is then spent.
  std::string finish();

 private:
  struct Free {
    void operator()(void*) const;
  };
  std::unique_ptr<void, Free> context_;
};

std::string sha256_hex(std::string_view bytes);
/// @throws Error when the file cannot be read.
std::string sha256_file(const std::filesystem::path& path);
std::string to_hex(std::string_view bytes);

}  // namespace composer
