#pragma once

#include <exception>
#include <ext2fs/ext2fs.h>
#include <string>
#include <utility>

#include "composer/inspect/block_source.h"

namespace composer::inspect {

/// A volume as libext2fs reads it. What the volume throws is kept here while C code unwinds, and
/// thrown again by `rethrow`.
struct ExtVolume {
  const BlockSource* source = nullptr;
  std::exception_ptr failure;

  void rethrow() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

/// The read-only io_manager of such volumes. What libext2fs takes for the file's name is
/// `ext_volume_name(volume)`: it has no other way to hand anything to an io_manager.
io_manager ext_volume_manager();
std::string ext_volume_name(const ExtVolume& volume);

}  // namespace composer::inspect
