#include "composer/host/cache.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "composer/error.h"

namespace composer::host {
namespace {

constexpr std::array<std::pair<std::string_view, HashAlgorithm>, 3> kStrong = {
    {{"sha256", HashAlgorithm::sha256},
     {"sha384", HashAlgorithm::sha384},
     {"sha512", HashAlgorithm::sha512}}};

std::size_t digits(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha1:
      return 40;
    case HashAlgorithm::sha256:
      return 64;
    case HashAlgorithm::sha384:
      return 96;
    case HashAlgorithm::sha512:
      return 128;
  }
  return 0;
}

}  // namespace

std::optional<HashAlgorithm> strong_algorithm(std::string_view name) {
  for (const auto& [known, algorithm] : kStrong) {
    if (known == name) return algorithm;
  }
  return std::nullopt;
}

std::string_view to_text(HashAlgorithm algorithm) {
  for (const auto& [name, known] : kStrong) {
    if (known == algorithm) return name;
  }
  return "sha1";
}

bool is_digest(HashAlgorithm algorithm, std::string_view hex) {
  return hex.size() == digits(algorithm) &&
         hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string hash_rest(int fd, HashAlgorithm algorithm, std::string_view what) {
  Hasher hasher(algorithm);
  std::string buffer(std::size_t{1} << 18, '\0');
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", what), errno);
    if (n == 0) return hasher.finish_hex();
    hasher.update(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)));
  }
}

bool is_intact(const std::filesystem::path& path, const Checksum& checksum,
               std::optional<std::uint64_t> size) {
  // O_NONBLOCK: a FIFO under the name must not hang us.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (size && static_cast<std::uint64_t>(status.st_size) != *size) return false;
  return hash_rest(fd.get(), checksum.algorithm, path.string()) == checksum.hex;
}

std::filesystem::path cached_package(const std::filesystem::path& cache, const Checksum& checksum) {
  return cache / "packages" / to_text(checksum.algorithm) / (checksum.hex + ".rpm");
}

std::filesystem::path cached_metadata(const std::filesystem::path& cache,
                                      const Checksum& checksum) {
  return cache / "metadata" / to_text(checksum.algorithm) / checksum.hex;
}

std::filesystem::path cached_solv(const std::filesystem::path& cache, std::string_view key) {
  return cache / "solv" / fmt::format("{}.solv", key);
}

void make_parent(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) {
    throw Error(ErrorKind::host, fmt::format("cannot make the folder '{}': {}",
                                             path.parent_path().string(), error.message()));
  }
}

PendingFile::PendingFile(std::filesystem::path destination) : destination_(std::move(destination)) {
  make_parent(destination_);
  std::string name = destination_.string() + ".XXXXXX";
  fd_ = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd_)
    throw system_error(fmt::format("cannot make a file beside '{}'", destination_.string()), errno);
  pending_ = name;
}

PendingFile::~PendingFile() {
  if (!pending_.empty()) ::unlink(pending_.c_str());
}

void PendingFile::commit() {
  if (::fchmod(fd_.get(), 0644) != 0 || ::rename(pending_.c_str(), destination_.c_str()) != 0) {
    throw system_error(fmt::format("cannot write '{}'", destination_.string()), errno);
  }
  pending_.clear();
}

}  // namespace composer::host
