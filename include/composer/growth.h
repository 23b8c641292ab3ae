#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "composer/plan.h"

namespace composer {

/// What makes a partition with `grow` larger at the first boot; its filesystem follows by
/// systemd-growfs in both cases.
enum class Growth { systemd_repart, growpart };

/// By the packages of the plan: systemd-repart on a GPT (it knows no other table), which Fedora's
/// systemd-udev holds; else growpart. Nothing where the image has neither.
inline std::optional<Growth> growth_of(const Plan& plan) {
  const auto has = [&](std::string_view name) {
    return std::any_of(plan.packages.begin(), plan.packages.end(),
                       [&](const PlannedPackage& package) { return package.name == name; });
  };
  if (plan.disk.table == PartitionTableType::gpt &&
      (has("systemd-udev") || has("systemd-repart") || has("systemd-standalone-repart"))) {
    return Growth::systemd_repart;
  }
  if (has("cloud-utils-growpart")) return Growth::growpart;
  return std::nullopt;
}

}  // namespace composer
