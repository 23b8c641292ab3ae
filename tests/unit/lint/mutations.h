#pragma once

#include <span>

#include "tests/unit/lint/sample_image.h"

namespace composer::lint {

/// How a good image is spoiled so that one rule fails, and no other.
struct Mutation {
  std::string_view rule;
  void (*apply)(SampleImage&);
};

std::span<const Mutation> mutations_of_disk();
std::span<const Mutation> mutations_of_system();

}  // namespace composer::lint
