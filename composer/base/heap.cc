#include "composer/base/heap.h"

#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace composer {
namespace {

constexpr int kHugePage = 2 << 20;
/// More than resolving among 63,000 packages takes, or making an initramfs.
constexpr int kReserved = 256 << 20;
/// From this size on a block is a mapping of its own, that is given back when it is freed; glibc's
/// default is 128 KiB at first.
constexpr int kOwnMapping = 32 << 20;

std::uintptr_t heap_end() {
  return reinterpret_cast<std::uintptr_t>(::sbrk(0));
}

}  // namespace

void use_huge_pages() {
  // What follows begins at a huge page.
  ::sbrk(static_cast<std::intptr_t>(-heap_end() % kHugePage));
  const std::uintptr_t begin = heap_end();
  ::mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  ::mallopt(M_TRIM_THRESHOLD, 2 * kReserved);  // What is free stays, for who allocates next.
  ::mallopt(M_TOP_PAD, kReserved);
  // What is left of the heap is too small for it, so that it grows, by the padding as well;
  // volatile, since the compiler takes out a block that nobody looks at.
  void* volatile block = std::malloc(kHugePage);
  std::free(block);
  ::mallopt(M_TOP_PAD, kHugePage);
  const std::uintptr_t end = heap_end() / kHugePage * kHugePage;
  if (end <= begin) return;
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace composer
