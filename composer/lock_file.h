#pragma once

#include <filesystem>

#include "composer/plan/lock.h"

namespace composer {

/// `vm.yaml.lock` of `vm.yaml`, where nothing else is said.
std::filesystem::path lock_path(const std::filesystem::path& blueprint,
                                const std::filesystem::path& asked = {});

/// @throws Error  of kind usage when there is none, or it is damaged.
Lock read_lock(const std::filesystem::path& path, const std::filesystem::path& blueprint);

}  // namespace composer
