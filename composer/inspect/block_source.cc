#include "composer/inspect/block_source.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/inspect/byte_order.h"
#include "composer/inspect/image_file.h"

namespace composer::inspect {
namespace {

class Part final : public BlockSource {
 public:
  Part(const BlockSource& disk, Bytes offset, Bytes size)
      : disk_(disk), offset_(offset), size_(size) {}

  Bytes size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> into) const override {
    require_within(*this, offset, into.size());
    disk_.read(offset_.count + offset, into);
  }

 private:
  const BlockSource& disk_;
  Bytes offset_, size_;
};

std::string with_hyphens(const std::string& hex) {
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                     hex.substr(16, 4), hex.substr(20, 12));
}

}  // namespace

void require_within(const BlockSource& disk, std::uint64_t offset, std::size_t length) {
  if (is_within(offset, length, disk.size().count)) return;
  throw Error(ErrorKind::build, fmt::format("{} bytes at {} are not within the {} bytes there are",
                                            length, offset, disk.size().count));
}

std::string read_text(const BlockSource& disk, std::uint64_t offset, std::size_t length) {
  require_within(disk, offset, length);
  std::string text(length, '\0');
  disk.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

std::unique_ptr<BlockSource> part_of(const BlockSource& disk, Bytes offset, Bytes size) {
  if (!is_within(offset.count, size.count, disk.size().count)) {
    throw Error(ErrorKind::build,
                fmt::format("the {} bytes from {} on reach past the disk's end at {}", size.count,
                            offset.count, disk.size().count));
  }
  return std::make_unique<Part>(disk, offset, size);
}

std::string_view to_text(ContainerFormat format) {
  switch (format) {
    case ContainerFormat::raw:
      return "raw";
    case ContainerFormat::vhd_fixed:
      return "fixed VHD";
    case ContainerFormat::vhd_dynamic:
      return "dynamic VHD";
    case ContainerFormat::vhdx:
      return "VHDX";
    case ContainerFormat::qcow2:
      return "qcow2";
  }
  return "unknown";
}

std::string uuid_text(std::string_view bytes) {
  return with_hyphens(to_hex(bytes.substr(0, 16)));
}

std::string guid_text(std::string_view bytes) {
  std::string turned(bytes.substr(0, 16));
  turned.resize(16, '\0');
  std::reverse(turned.begin(), turned.begin() + 4);
  std::reverse(turned.begin() + 4, turned.begin() + 6);
  std::reverse(turned.begin() + 6, turned.begin() + 8);
  return uuid_text(turned);
}

ImageFile::ImageFile(const std::filesystem::path& path)
    // A fifo that is opened to read would wait for a writer.
    : name_(path.string()), fd_(open_file(path, O_RDONLY | O_NONBLOCK)) {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) {
    throw system_error(fmt::format("cannot read '{}'", name_), errno);
  }
  if (!S_ISREG(status.st_mode)) refuse("it is not a regular file");
  size_ = {static_cast<std::uint64_t>(status.st_size)};
}

void ImageFile::refuse(std::string_view why, std::string hint) const {
  throw Error(ErrorKind::build, fmt::format("cannot read '{}': {}", name_, why), std::move(hint));
}

std::optional<DataRun> ImageFile::next_data(std::uint64_t from) const {
  if (from >= size_.count) return std::nullopt;
  const off_t start = ::lseek(fd_.get(), static_cast<off_t>(from), SEEK_DATA);
  if (start < 0 && errno == ENXIO) return std::nullopt;  // The rest is a hole.
  // A filesystem that does not know holes.
  if (start < 0 && errno == EINVAL) return DataRun{from, size_.count - from};
  const off_t end = start < 0 ? start : ::lseek(fd_.get(), start, SEEK_HOLE);
  if (end < 0) throw system_error(fmt::format("cannot find the data of '{}'", name_), errno);
  const DataRun run{static_cast<std::uint64_t>(start),
                    std::min(static_cast<std::uint64_t>(end), size_.count) -
                        std::min(static_cast<std::uint64_t>(start), size_.count)};
  if (run.length == 0) refuse("it has become shorter meanwhile");
  return run;
}

void ImageFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (!is_within(offset, into.size(), size_.count)) {
    refuse(fmt::format("it ends at {}, and {} bytes at {} are needed", size_.count, into.size(),
                       offset));
  }
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = ::pread(fd_.get(), into.data() + done, into.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw system_error(fmt::format("cannot read '{}'", name_), errno);
    if (n == 0) refuse("it has become shorter meanwhile");
    done += static_cast<std::size_t>(n);
  }
}

}  // namespace composer::inspect
