#pragma once

#include <fmt/format.h>
#include <string>

#include "composer/plan.h"

namespace composer::disk {

/// What messages call a partition: its label, or its number where a base image gave it none.
inline std::string partition_name(const PlannedPartition& partition) {
  return partition.label.empty() ? fmt::format("{}", partition.number) : partition.label;
}

}  // namespace composer::disk
