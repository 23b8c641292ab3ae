#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/inspect/archive_tree.h"
#include "composer/inspect/disk_facts.h"
#include "composer/inspect/ext_tree.h"
#include "composer/inspect/fat_tree.h"
#include "composer/inspect/mounted_root.h"
#include "composer/inspect/signature.h"

// Any bytes as a disk image, a disk, a filesystem, an archive; the first byte says which. Beside
// not crashing: every walk ends, a read gives what was asked for, and nothing but an Error is
// thrown.

namespace {

using namespace composer;
using namespace composer::inspect;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Enough for any directory that a fuzzer makes by itself.
constexpr int kMostFiles = 2000;
constexpr int kMostRuns = 200;

void walk(const ReadRoot& root, const std::string& path, int& left) {
  for (const std::string& name : root.list(path)) {
    if (--left < 0) return;
    require(is_file_name(name));
    const std::string child = path + "/" + name;
    const auto status = root.link_status(child);
    root.xattrs(child);
    root.read_link(child);
    if (!status) continue;
    if (status->kind == FileKind::regular) {
      const auto content = root.read_at(child, status->size / 2, 5000);
      require(content &&
              content->size() == std::min<std::uint64_t>(5000, status->size - status->size / 2));
    }
    if (status->kind == FileKind::directory) walk(root, child, left);
  }
}

std::string in_memory(const FileDescriptor& fd, const std::string& bytes) {
  write_all_at(fd.get(), bytes, 0, "memory");
  return fmt::format("/proc/self/fd/{}", fd.get());
}

void try_all(std::uint8_t what, const std::string& bytes) {
  const FileDescriptor fd(::memfd_create("fuzz", MFD_CLOEXEC));
  const std::string path = in_memory(fd, bytes);
  if (what % 5 == 4) {
    const MountedRoot root(open_archive(path));
    int left = kMostFiles;
    return walk(root, "", left);
  }
  DiskImage image = open_disk_image(path);
  require(image.facts.virtual_size == image.disk->size());
  const std::uint64_t size = image.disk->size().count;
  if (what % 5 == 0) {
    std::uint64_t walked = 0;
    for (int left = kMostRuns; left > 0; --left) {
      const auto run = image.disk->next_data(walked);
      if (!run) break;
      require(run->length > 0 && run->start >= walked && run->end() <= size);
      read_text(*image.disk, run->start, std::min<std::uint64_t>(run->length, 70000));
      walked = run->end();
    }
    for (const std::uint64_t at :
         {std::uint64_t{0}, size / 2, size - std::min<std::uint64_t>(size, 4096)}) {
      read_text(*image.disk, at, std::min<std::uint64_t>(70000, size - at));
    }
    return;
  }
  if (what % 5 == 1) {
    require(read_disk_facts(*image.disk).size == image.disk->size());
    return;
  }
  recognise_filesystem(*image.disk);
  const MountedRoot root(what % 5 == 2 ? open_ext(std::move(image.disk))
                                       : open_fat(std::move(image.disk)));
  int left = kMostFiles;
  walk(root, "", left);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  try {
    try_all(bytes[0], std::string(reinterpret_cast<const char*>(bytes) + 1, size - 1));
  } catch (const Error& error) {
    require(!error.problems().empty() && *error.what() != '\0');
  }
  return 0;
}
