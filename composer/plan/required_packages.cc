#include "composer/plan/required_packages.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>
#include <vector>

#include "composer/error.h"

namespace composer {
namespace {

/// `kernel`, `kernel-core`, `kernel-azure`, `kernel-uki-virt`, …: what brings a kernel is called so
/// in every distribution of RPMs; which of them does is the distribution's.
bool is_kernel(const PlannedPackage& package) {
  return package.name == "kernel" || package.name.starts_with("kernel-");
}

bool has_package(const Plan& plan, std::string_view name) {
  return std::any_of(plan.packages.begin(), plan.packages.end(),
                     [&](const PlannedPackage& package) { return package.name == name; });
}

}  // namespace

void check_required_packages(const Blueprint& blueprint, const Plan& plan) {
  std::vector<Problem> problems;
  const auto require = [&](bool met, const Span& at, std::string message, std::string hint) {
    if (!met) problems.push_back({std::move(message), at, {}, std::move(hint)});
  };
  if (plan.has_disk()) {
    require(std::any_of(plan.packages.begin(), plan.packages.end(), is_kernel),
            blueprint.boot.firmware.at, "the image cannot boot: no package of it is a kernel",
            "add 'kernel' to packages.install");
    const bool packaged = plan.boot.loader == Loader::uki && plan.boot.uki == UkiSource::packaged;
    if (!packaged && plan.boot.initramfs == InitramfsMaker::dracut) {
      require(has_package(plan, "dracut"), blueprint.boot.firmware.at,
              "the image cannot boot: 'dracut', which makes its initramfs, is not installed",
              "add 'dracut' to packages.install, or write 'initramfs: systemd'");
    }
  }
  const std::optional<FirewallRequest>& firewall = blueprint.system.firewall;
  if (firewall && firewall->backend) {
    const std::string_view name =
        **firewall->backend == FirewallBackend::nftables ? "nftables" : "firewalld";
    require(has_package(plan, name), firewall->backend->at,
            fmt::format("the firewall '{}' is not installed", name),
            fmt::format("add '{}' to packages.install", name));
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));
}

}  // namespace composer
