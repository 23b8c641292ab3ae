#include "composer/solve/solv_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/solve/libsolv.h"

namespace composer::solve {
namespace {

/// Of our own part; a change of it changes every key.
constexpr std::string_view kMagic = "image-composer solv 2\n";
/// The size of the names that follow: ten digits and a newline.
constexpr std::size_t kSizeField = 11;
constexpr std::size_t kDigestSize = 32;
/// What repositories say of packages and nobody here asks for.
constexpr Id kLeftOut[] = {SOLVABLE_DESCRIPTION, SOLVABLE_GROUP,     SOLVABLE_URL,
                           SOLVABLE_PACKAGER,    SOLVABLE_BUILDHOST, SOLVABLE_HEADEREND};

/// A second descriptor of the same open file, for a C library that closes what it is given.
int duplicate(int fd) {
  return ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/// A FILE that reads another one and fails past a bound: a few KB of compressed metadata must not
/// become terabytes.
struct Bounded {
  std::FILE* inner;
  std::uint64_t left;
  bool exceeded = false;
};

ssize_t read_bounded(void* cookie, char* buffer, std::size_t size) noexcept {
  auto& bounded = *static_cast<Bounded*>(cookie);
  const std::size_t n = std::fread(buffer, 1, size, bounded.inner);
  if (n > bounded.left) {
    bounded.exceeded = true;
    return -1;
  }
  bounded.left -= n;
  return n == 0 && std::ferror(bounded.inner) ? -1 : static_cast<ssize_t>(n);
}

/// Opens a metadata file for reading, decompressed, and hands it to `use`.
template <typename Use>
void with_metadata(const StoredMetadata& metadata, std::string_view what, Use&& use) {
  const FileDescriptor fd = open_file(metadata.path, O_RDONLY);
  // libsolv tells the compression by the name's ending.
  const OpenFile inner(solv_xfopen_fd(metadata.about.location.c_str(), duplicate(fd.get()), "r"));
  if (!inner) {
    throw Error(ErrorKind::build,
                fmt::format("cannot read '{}': its compression is unknown", what));
  }
  Bounded bounded{inner.get(), metadata.about.open_size};
  cookie_io_functions_t functions{};
  functions.read = read_bounded;
  const OpenFile outer(::fopencookie(&bounded, "r", functions));
  if (!outer) throw Error(ErrorKind::host, "cannot open a stream");
  const std::string failure = use(outer.get());
  if (bounded.exceeded) {
    throw Error(ErrorKind::build,
                fmt::format("cannot read '{}': uncompressed it is larger than the {} bytes that "
                            "repomd.xml says",
                            what, metadata.about.open_size));
  }
  if (!failure.empty() || std::ferror(outer.get())) {
    throw Error(ErrorKind::build, fmt::format("cannot read '{}': {}", what,
                                              failure.empty() ? "it is damaged" : failure));
  }
}

void add_xml(Repo* repo, const StoredMetadata& metadata, const char* language, int flags,
             std::string_view what) {
  with_metadata(metadata, what, [&](std::FILE* file) -> std::string {
    if (repo_add_rpmmd(repo, file, language, flags) == 0) return {};
    return pool_errstr(repo->pool);
  });
}

std::vector<std::string> package_names(Repo* repo) {
  std::vector<std::string> names;
  Id id = 0;
  Solvable* solvable = nullptr;
  FOR_REPO_SOLVABLES(repo, id, solvable) {
    names.emplace_back(pool_id2str(repo->pool, solvable->name));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

int storage_of(Repo* repo, Repokey* key, void* context) noexcept {
  if (std::find(std::begin(kLeftOut), std::end(kLeftOut), key->name) != std::end(kLeftOut)) {
    return KEY_STORAGE_DROPPED;
  }
  return repo_write_stdkeyfilter(repo, key, context);
}

/// What libsolv reads by the byte is read in pieces of this size.
constexpr std::size_t kReadSize = std::size_t{256} << 10;

/// SHA-256 of the first `size` bytes; nothing when they cannot be read.
std::optional<std::string> digest_of(int fd, std::uint64_t size) {
  std::vector<char> buffer(kReadSize);
  Hasher hasher(HashAlgorithm::sha256);
  for (std::uint64_t at = 0; at < size;) {
    const auto wanted = std::min<std::uint64_t>(buffer.size(), size - at);
    const ssize_t n = ::pread(fd, buffer.data(), wanted, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    hasher.update(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    at += static_cast<std::uint64_t>(n);
  }
  return hasher.finish();
}

/// Whether the last bytes of a file of `size` are the digest of those before.
bool is_whole(const FileDescriptor& fd, std::uint64_t size) {
  std::string digest(kDigestSize, '\0');
  const auto at = static_cast<off_t>(size - kDigestSize);
  return ::pread(fd.get(), digest.data(), kDigestSize, at) == ssize_t{kDigestSize} &&
         digest == digest_of(fd.get(), size - kDigestSize);
}

}  // namespace

std::string solv_key(const MetadataFile& primary, const MetadataFile* filelists) {
  std::string inputs = fmt::format("{}{}\n{} {}\n", kMagic, LIBSOLV_VERSION_STRING,
                                   primary.checksum.hex, primary.location);
  if (filelists) inputs += fmt::format("{} {}\n", filelists->checksum.hex, filelists->location);
  return sha256_hex(inputs);
}

std::optional<SolvFile> open_solv(const std::filesystem::path& path) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < kMagic.size() + kDigestSize || !is_whole(fd, size)) return std::nullopt;

  SolvFile solv;
  solv.file = OpenFile(::fdopen(duplicate(fd.get()), "r"));
  if (!solv.file) return std::nullopt;
  std::setvbuf(solv.file.get(), nullptr, _IOFBF, kReadSize);
  const auto read = [&](std::size_t bytes) {
    std::string text(bytes, '\0');
    if (std::fread(text.data(), 1, bytes, solv.file.get()) != bytes) text.clear();
    return text;
  };
  if (read(kMagic.size()) != kMagic) return std::nullopt;
  const std::string field = read(kSizeField);
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), bytes);
  if (error != std::errc() || end != field.data() + kSizeField - 1 || *end != '\n' ||
      bytes > size) {
    return std::nullopt;
  }
  solv.names = read(bytes);
  if (solv.names.size() != bytes) return std::nullopt;
  return solv;
}

void write_solv(const StoredMetadata& primary, const StoredMetadata* filelists,
                const std::filesystem::path& destination, std::string_view what) {
  const PoolHandle pool(pool_create());
  pool_setdisttype(pool.get(), DISTTYPE_RPM);
  Repo* repo = repo_create(pool.get(), "x");
  add_xml(repo, primary, nullptr, 0, what);
  if (filelists) add_xml(repo, *filelists, "FL", REPO_EXTEND_SOLVABLES, what);
  std::string names;
  for (const std::string& name : package_names(repo)) {
    if (name.empty() || name.find('\n') != std::string::npos) {
      throw Error(ErrorKind::build, fmt::format("cannot read '{}': a package has no name", what));
    }
    names += name + "\n";
  }
  const auto fail = [&](int cause) {
    throw system_error(fmt::format("cannot write '{}'", destination.string()), cause);
  };
  host::PendingFile pending(destination);
  {
    const OpenFile file(::fdopen(duplicate(pending.fd()), "w"));
    if (!file) fail(errno);
    fmt::print(file.get(), "{}{:010}\n{}", kMagic, names.size(), names);
    if (repo_write_filtered(repo, file.get(), storage_of, nullptr, nullptr) != 0 ||
        std::fflush(file.get()) != 0) {
      fail(errno);
    }
  }
  struct stat status {};
  if (::fstat(pending.fd(), &status) != 0) fail(errno);
  const auto digest = digest_of(pending.fd(), static_cast<std::uint64_t>(status.st_size));
  if (!digest) fail(errno);
  write_all(pending.fd(), *digest, destination.string());
  pending.commit();
}

std::string read_metadata(const StoredMetadata& metadata, std::string_view what) {
  std::string text;
  with_metadata(metadata, what, [&](std::FILE* file) -> std::string {
    std::string buffer(std::size_t{1} << 16, '\0');
    for (;;) {
      const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file);
      if (n == 0) return {};
      text.append(buffer, 0, n);
    }
  });
  return text;
}

}  // namespace composer::solve
