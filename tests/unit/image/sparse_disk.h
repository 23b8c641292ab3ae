#pragma once

#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>

#include "composer/base/file_descriptor.h"
#include "composer/image/extents.h"
#include "composer/plan.h"

namespace composer::test {

/// Bytes that no compressor shortens, the same for the same seed (xorshift64*).
inline std::string noise(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  std::uint64_t x = seed * 0x9e3779b97f4a7c15 + 1;
  for (char& byte : bytes) {
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    byte = static_cast<char>(x * 0x2545f4914f6cdd1d >> 56);
  }
  return bytes;
}

/// Text that compresses about as well as a program does.
inline std::string prose(std::size_t size, std::uint64_t seed) {
  const std::string words = noise(size / 4 + 64, seed);
  std::string text;
  while (text.size() < size) {
    const auto i =
        static_cast<std::size_t>(static_cast<unsigned char>(words[text.size() / 4])) % 48;
    text += words.substr(i, 4) + "line of text, ";
  }
  return text.substr(0, size);
}

/// A raw disk under construction: holes where nothing is written.
class SparseDisk {
 public:
  SparseDisk(std::filesystem::path path, std::uint64_t size)
      : path_(std::move(path)), size_(size), fd_(open_file(path_, O_RDWR | O_CREAT | O_TRUNC)) {
    std::filesystem::resize_file(path_, size);
  }

  SparseDisk& write(std::uint64_t offset, std::string_view bytes) {
    write_all_at(fd_.get(), bytes, offset, path_.string());
    return *this;
  }

  image::RawDisk raw() const { return {fd_.get(), size_, path_.string()}; }
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }

 private:
  std::filesystem::path path_;
  std::uint64_t size_;
  FileDescriptor fd_;
};

/// A bit of everything a writer must tell apart, in 8 MiB and a bit: text, noise, zeros written as
/// data, holes, runs that begin and end off every grain, data in the last bytes.
inline SparseDisk mixed_disk(const std::filesystem::path& path,
                             std::uint64_t size = (8 << 20) + 512) {
  SparseDisk disk(path, size);
  disk.write(0, prose(200'000, 1))
      .write(300'000, noise(150'000, 2))
      .write(1 << 20, std::string(300'000, '\0'))
      .write((2 << 20) + 7, prose(1'500'000, 3))
      .write((5 << 20) - 100, noise(70'000, 4))
      .write(6 << 20, std::string(65'536, 'x'))
      .write(size - 1000, prose(1000, 5));
  return disk;
}

}  // namespace composer::test
