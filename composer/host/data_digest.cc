#include "composer/host/data_digest.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"

namespace composer::host {
namespace {

constexpr off_t kBlock = off_t{64} << 10;

}  // namespace

std::string data_digest(const std::filesystem::path& path) {
  const FileDescriptor fd = open_file(path, O_RDONLY | O_NOFOLLOW);
  const auto fail = [&] {
    throw system_error(fmt::format("cannot read '{}'", path.string()), errno);
  };
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail();
  Hasher hasher(HashAlgorithm::sha256);
  hasher.update(fmt::format("{}\n", status.st_size));
  std::string block(static_cast<std::size_t>(kBlock), '\0');
  for (off_t at = 0; at < status.st_size;) {
    throw_if_interrupted();
    const off_t data = ::lseek(fd.get(), at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // All that is left is a hole.
    if (data < 0) fail();
    at = std::max(at, data / kBlock * kBlock);
    const auto wanted = static_cast<std::size_t>(std::min(kBlock, status.st_size - at));
    for (std::size_t have = 0; have < wanted;) {
      const ssize_t n =
          ::pread(fd.get(), block.data() + have, wanted - have, at + static_cast<off_t>(have));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail();
      have += static_cast<std::size_t>(n);
    }
    const std::string_view bytes = std::string_view(block).substr(0, wanted);
    if (bytes.find_first_not_of('\0') != std::string_view::npos) {
      hasher.update(fmt::format("{}\n", at / kBlock));
      hasher.update(bytes);
    }
    at += kBlock;
  }
  return "data:" + hasher.finish_hex();
}

}  // namespace composer::host
