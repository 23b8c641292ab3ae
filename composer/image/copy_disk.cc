#include "composer/image/copy_disk.h"

#include <algorithm>
#include <cerrno>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vector>

namespace composer::image {
namespace {

// Small enough for an interrupt to be felt, large enough to cost no time.
constexpr std::uint64_t kStep = 8ULL << 20;
// Zeros inside data become holes from this size on: a filesystem block, and qcow2's cluster.
constexpr std::size_t kZeroGrain = 64 << 10;

bool copy_is_unsupported(int errno_value) {
  // EXDEV: other filesystem; EINVAL, EOPNOTSUPP, ENOSYS, EBADF, EPERM: this one cannot
  // (copy_file_range(2) and what network filesystems and sandboxes answer). A real error comes back
  // from read or write.
  return errno_value == EXDEV || errno_value == EINVAL || errno_value == EOPNOTSUPP ||
         errno_value == ENOSYS || errno_value == EBADF || errno_value == EPERM;
}

/// Copies one run within the kernel; less than `length` when the kernel cannot.
std::uint64_t copy_in_kernel(const ExportJob& job, PartialFile& file, Extent run) {
  std::uint64_t done = 0;
  while (done < run.length) {
    off_t from = static_cast<off_t>(run.start + done);
    off_t to = from;
    const ssize_t n = ::copy_file_range(job.disk.fd, &from, file.fd(), &to, run.length - done, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && !copy_is_unsupported(errno)) file.fail("write", errno);
    if (n <= 0) break;
    done += static_cast<std::uint64_t>(n);
  }
  return done;
}

void read_and_write(const ExportJob& job, PartialFile& file, Extent run,
                    std::vector<char>& buffer) {
  buffer.resize(1 << 20);
  while (run.length > 0) {
    const std::size_t n = std::min<std::uint64_t>(run.length, buffer.size());
    read_exactly(job.disk, run.start, buffer.data(), n);
    for (std::size_t at = 0; at < n; at += kZeroGrain) {
      const std::string_view piece(buffer.data() + at, std::min(kZeroGrain, n - at));
      if (!is_zero(piece)) file.write_at(piece, run.start + at);
    }
    run.start += n;
    run.length -= n;
  }
}

}  // namespace

void copy_extents(const ExportJob& job, PartialFile& file, CopyWay way) {
  file.resize(job.disk.size);
  std::vector<char> buffer;
  std::uint64_t at = 0;
  while (const auto extent = next_data(job.disk, at)) {
    at = extent->end();
    for (std::uint64_t start = extent->start; start < extent->end(); start += kStep) {
      job.meter.check();
      Extent run{start, std::min(kStep, extent->end() - start)};
      const std::uint64_t length = run.length;
      if (way == CopyWay::in_kernel) {
        const std::uint64_t copied = copy_in_kernel(job, file, run);
        run.start += copied;
        run.length -= copied;
        if (run.length > 0) way = CopyWay::read_and_write;
      }
      if (run.length > 0) read_and_write(job, file, run, buffer);
      if (job.write_back == WriteBack::at_once) file.begin_writeback(start, length);
      job.meter.advance(length, job.output.filename);
    }
  }
}

void copy_disk(const ExportJob& job, PartialFile& file) {
  const Bytes data = data_size(job.disk);
  file.expect(data);
  if (::ioctl(file.fd(), FICLONE, job.disk.fd) == 0) {
    file.resize(job.disk.size);  // The file may hold more than the disk: a VHD's footer.
    job.meter.advance(data.count, job.output.filename);
    return;
  }
  copy_extents(job, file, CopyWay::in_kernel);
}

}  // namespace composer::image
