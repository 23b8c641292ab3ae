#include "composer/error.h"
#include "composer/tree/clamp_times.h"
#include "composer/tree/host_root.h"

namespace composer::tree {

void HostRoot::clamp_times(std::int64_t epoch) {
  with_context("while setting the times of the root's files",
               [&] { tree::clamp_times(fd_.get(), epoch); });
}

}  // namespace composer::tree
