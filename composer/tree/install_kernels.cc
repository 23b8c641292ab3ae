#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/configure.h"
#include "composer/tree/steps/steps.h"

// What needs the initramfs: systemd-boot reads it from the partition of the kernels, and a unified
// kernel image has it inside. GRUB reads both from /boot, where they are already.

namespace composer::tree {
namespace {

constexpr ConfigureStep kSteps[] = {
    {"boot entries", boot_entries::wanted, boot_entries::describe, boot_entries::apply},
    {"unified kernel images", unified_kernels::wanted, unified_kernels::describe,
     unified_kernels::apply},
};

}  // namespace

std::span<const ConfigureStep> kernel_steps() {
  return kSteps;
}

void install_kernels(const Plan& plan, Root& root, Progress& progress) {
  for (const ConfigureStep& step : kSteps) {
    if (!step.wanted(plan)) continue;
    with_context(fmt::format("while configuring the image: {}", step.name),
                 [&] { step.apply(plan, root, progress); });
  }
}

}  // namespace composer::tree
