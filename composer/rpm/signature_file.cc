#include "composer/rpm/signature_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/error.h"

namespace composer::rpm {
namespace {

constexpr std::size_t kLeadSize = 96;
constexpr std::string_view kLeadMagic = "\xed\xab\xee\xdb";
constexpr std::size_t kIntroSize = 16, kEntrySize = 16;
constexpr std::string_view kHeaderMagic{"\x8e\xad\xe8\x01\0\0\0\0", 8};

// librpm's own limits (4.18, lib/header.c).
struct Limits {
  std::uint32_t entries, data;
};
constexpr Limits kSignatureLimits{32, std::uint32_t{64} << 20};
constexpr Limits kHeaderLimits{0xffff, 0x0fffffff};

constexpr std::uint32_t kTagSignatureRegion = 62, kTagHeaderRegion = 63;
constexpr std::uint32_t kTagPayloadFormat = 1124, kTagRpmFormat = 5114;
constexpr std::uint32_t kTypeInt32 = 4, kTypeString = 6, kTypeBinary = 7, kTypeStringArray = 8,
                        kTypeI18nString = 9;

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

/// Reads exactly `size` bytes; a file that ends before is cut short.
std::string read_exactly(const PackageFile& file, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n = ::read(file.fd.get(), bytes.data() + have, size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read package '{}'", file.name), errno);
    if (n == 0) throw Error(ErrorKind::build, fmt::format("package '{}' is cut short", file.name));
    have += static_cast<std::size_t>(n);
  }
  return bytes;
}

[[noreturn]] void refuse(const PackageFile& file, std::string_view cause) {
  throw Error(ErrorKind::build, fmt::format("package '{}' is damaged: {}", file.name, cause));
}

SignatureHeader read_header(const PackageFile& file, Limits limits, std::uint64_t left) {
  std::string bytes = read_exactly(file, kIntroSize);
  if (!bytes.starts_with(kHeaderMagic)) refuse(file, "a header does not begin as one");
  const std::uint32_t entries = big_endian(bytes, 8), data = big_endian(bytes, 12);
  if (entries == 0 || entries > limits.entries || data > limits.data) {
    refuse(file, "a header has an impossible size");
  }
  const std::size_t size = std::size_t{entries} * kEntrySize + data;
  if (size > left)
    throw Error(ErrorKind::build, fmt::format("package '{}' is cut short", file.name));
  bytes += read_exactly(file, size);
  try {
    return SignatureHeader(std::move(bytes));
  } catch (const std::string_view cause) {
    refuse(file, cause);
  }
}

}  // namespace

SignatureHeader::SignatureHeader(std::string bytes) : bytes_(std::move(bytes)) {
  const std::uint32_t count = big_endian(bytes_, 8);
  entries_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = kIntroSize + i * kEntrySize;
    entries_.push_back({big_endian(bytes_, at), big_endian(bytes_, at + 4),
                        big_endian(bytes_, at + 8), big_endian(bytes_, at + 12)});
    if (entries_.back().offset > data().size()) {
      throw std::string_view("a header entry lies outside of it");
    }
  }
  // Two entries of one tag: which one counts would depend on the reader.
  std::vector<std::uint32_t> tags;
  for (const Entry& entry : entries_) tags.push_back(entry.tag);
  std::sort(tags.begin(), tags.end());
  if (std::adjacent_find(tags.begin(), tags.end()) != tags.end()) {
    throw std::string_view("a header has an entry twice");
  }
}

std::string_view SignatureHeader::data() const {
  return std::string_view(bytes_).substr(kIntroSize + big_endian(bytes_, 8) * kEntrySize);
}

const SignatureHeader::Entry* SignatureHeader::find(std::uint32_t tag, std::uint32_t type) const {
  for (const Entry& entry : entries_) {
    if (entry.tag == tag && entry.type == type) return &entry;
  }
  return nullptr;
}

bool SignatureHeader::has(std::uint32_t tag) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.tag == tag; });
}

std::optional<std::string_view> SignatureHeader::binary(std::uint32_t tag) const {
  const Entry* entry = find(tag, kTypeBinary);
  if (!entry || entry->count > data().size() - entry->offset) return std::nullopt;
  return data().substr(entry->offset, entry->count);
}

std::optional<std::string_view> SignatureHeader::text(std::uint32_t tag) const {
  for (const std::uint32_t type : {kTypeString, kTypeStringArray, kTypeI18nString}) {
    const Entry* entry = find(tag, type);
    if (!entry || entry->count == 0) continue;
    const std::string_view rest = data().substr(entry->offset);
    const auto end = rest.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    return rest.substr(0, end);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> SignatureHeader::number(std::uint32_t tag) const {
  const Entry* entry = find(tag, kTypeInt32);
  if (!entry || entry->count == 0 || data().size() - entry->offset < 4) return std::nullopt;
  return big_endian(data(), entry->offset);
}

PackageFile open_package(const std::filesystem::path& path, std::string_view name) {
  PackageFile file;
  file.name = name.empty() ? path.filename().string() : std::string(name);
  file.fd = open_file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (::fstat(file.fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw Error(ErrorKind::build, fmt::format("'{}' is not an RPM package", file.name));
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < kLeadMagic.size() ||
      read_exactly(file, kLeadMagic.size()) != std::string(kLeadMagic)) {
    throw Error(ErrorKind::build, fmt::format("'{}' is not an RPM package", file.name));
  }
  const std::string lead = read_exactly(file, kLeadSize - kLeadMagic.size());
  const int major = lead[0];
  if (major < 3 || major > 4 || lead[2] != 0 || lead[3] != 0) {
    throw Error(ErrorKind::build,
                fmt::format("package '{}' is a source package or of an unknown format", file.name));
  }
  file.signatures = read_header(file, kSignatureLimits, size);
  // The signature header is padded to a multiple of 8 bytes.
  read_exactly(file, (8 - file.signatures.bytes().size() % 8) % 8);
  file.header = read_header(file, kHeaderLimits, size);
  const std::uint32_t format = file.header.number(kTagRpmFormat).value_or(4);
  if (format > 4) {
    throw Error(ErrorKind::build,
                fmt::format("package '{}' is of RPM format {}, which this machine's librpm 4.18 "
                            "cannot install",
                            file.name, format),
                "use a build of the package in RPM format 4");
  }
  if (!file.signatures.has(kTagSignatureRegion) || !file.header.has(kTagHeaderRegion)) {
    refuse(file, "a header has no region that could be signed");
  }
  const auto payload = file.header.text(kTagPayloadFormat).value_or("cpio");
  if (payload != "cpio") {
    throw Error(
        ErrorKind::build,
        fmt::format("package '{}' has a payload of the unknown format '{}'", file.name, payload));
  }
  return file;
}

}  // namespace composer::rpm
