#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/blueprint.h"
#include "composer/plan.h"

namespace composer {

/// The certificates; those from files are read from the folder of the file that names them, or from
/// `folder` where that is not known, and checked.
/// @throws Error  of kind usage, with every one that is not what it should be; a private key is
///                never shown.
std::vector<PlannedCaCertificate> plan_ca_certificates(
    const std::vector<CaCertificateRequest>& requests, const std::filesystem::path& folder);

PlannedSelinux plan_selinux(const SelinuxRequest& request);

/// What `system` asks for and no package of the plan brings: dracut-fips, an SELinux policy.
/// @throws Error  of kind usage, at the keys.
void check_security_packages(const SystemRequest& request,
                             const std::vector<PlannedPackage>& packages);

/// Whether the kernel is told to be in FIPS mode.
bool has_fips(const PlannedBoot& boot);

/// A kernel command line with what FIPS mode needs on it, each argument once: dracut.cmdline(7),
/// `fips=` and `boot=`.
std::string with_fips_arguments(std::string command_line, const PlannedDisk& disk);

}  // namespace composer
