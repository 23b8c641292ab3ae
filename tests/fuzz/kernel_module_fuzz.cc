#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "composer/rpm/kernel_module.h"

// A kernel module of a package. What is left out of it lies in it, and is in order.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint64_t end = 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& part : composer::rpm::parts_not_indexed(bytes)) {
    if (part.offset < end) std::abort();
    end = part.offset + part.size;
  }
  if (end > size) std::abort();
  return 0;
}
