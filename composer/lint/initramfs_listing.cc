#include "composer/lint/initramfs_listing.h"

#include <cstdint>
#include <fmt/format.h>
#include <functional>

#include "composer/base/decompress.h"
#include "composer/error.h"

namespace composer::lint {
namespace {

constexpr std::size_t kHeaderSize = 110;     // Of "newc" and "crc".
constexpr std::size_t kLongestName = 4096;   // Linux's PATH_MAX.
constexpr std::size_t kMostFiles = 1 << 20;  // A large initramfs has some ten thousand.

[[noreturn]] void refuse(std::string_view cause) {
  throw Error(ErrorKind::build, fmt::format("cannot read the initramfs: {}", cause));
}

std::size_t padded(std::size_t size) {
  return (size + 3) & ~std::size_t{3};
}

/// Reads cpio archives as their bytes come, keeping names alone.
class CpioNames {
 public:
  explicit CpioNames(std::set<std::string>& names) : names_(names) {}

  /// Takes bytes; returns how many it used, less than all only where an archive has ended and
  /// something else than another archive or padding follows.
  std::size_t feed(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size()) {
      if (skip_ > 0) {
        const std::uint64_t n = std::min<std::uint64_t>(skip_, bytes.size() - used);
        skip_ -= n;
        used += static_cast<std::size_t>(n);
        continue;
      }
      if (buffer_.empty() && between_) {
        if (bytes[used] == '\0') {
          ++used;
          continue;
        }
        if (bytes[used] != '0') return used;
      }
      between_ = false;
      buffer_ += bytes[used++];
      if (buffer_.size() >= 6 && !buffer_.starts_with("070701") && !buffer_.starts_with("070702")) {
        refuse("it is not a cpio archive in the \"newc\" format");
      }
      if (buffer_.size() >= kHeaderSize && buffer_.size() == name_end()) take();
    }
    return used;
  }

  bool at_end() const { return between_; }

 private:
  std::uint64_t field(std::size_t number) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const char c = buffer_[6 + number * 8 + i];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) refuse("a cpio header has a number that is none");
      value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    return value;
  }

  std::size_t name_end() const {
    const std::uint64_t length = field(11);
    if (length == 0 || length > kLongestName)
      refuse("a cpio header has a name of an absurd length");
    return padded(kHeaderSize + static_cast<std::size_t>(length));
  }

  void take() {
    std::string name = buffer_.substr(kHeaderSize, static_cast<std::size_t>(field(11)) - 1);
    skip_ = (field(6) + 3) & ~std::uint64_t{3};
    buffer_.clear();
    if (name == "TRAILER!!!") {
      skip_ = 0;
      between_ = true;
      return;
    }
    if (names_.size() >= kMostFiles) refuse("it has more than a million files");
    while (name.starts_with('/') || name.starts_with("./")) name.erase(0, name[0] == '/' ? 1 : 2);
    names_.insert(std::move(name));
  }

  std::set<std::string>& names_;
  std::string buffer_;
  std::uint64_t skip_ = 0;
  bool between_ = true;
};

}  // namespace

std::set<std::string> list_initramfs(std::string_view bytes) {
  std::set<std::string> names;
  Bytes unpacked;
  bool any = false;
  while (!bytes.empty()) {
    CpioNames cpio(names);
    if (compression_of(bytes) == StreamCompression::none) {
      const std::size_t used = cpio.feed(bytes);
      if (used == 0)
        refuse("it begins with neither a cpio archive nor a compression that is known");
      bytes.remove_prefix(used);
    } else {
      bytes.remove_prefix(decompress(bytes, [&](std::string_view part) {
        unpacked += Bytes{part.size()};
        if (unpacked > kLargestInitramfs) refuse("it unpacks to more than 1 GiB");
        if (cpio.feed(part) != part.size()) refuse("something else than cpio is compressed in it");
      }));
      while (bytes.starts_with('\0')) bytes.remove_prefix(1);
    }
    if (!cpio.at_end()) refuse("it ends in the middle of a file");
    any = true;
  }
  if (!any || names.empty()) refuse("it is empty");
  return names;
}

std::string unpack(std::string_view bytes, Bytes most) {
  if (compression_of(bytes) == StreamCompression::none) return std::string(bytes);
  std::string whole;
  decompress(bytes, [&](std::string_view part) {
    whole += part;
    if (Bytes{whole.size()} > most) {
      throw Error(ErrorKind::build, fmt::format("it unpacks to more than {}", to_text(most)));
    }
  });
  return whole;
}

}  // namespace composer::lint
