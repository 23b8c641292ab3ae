#pragma once

#include <string_view>

#include "composer/lint/rule.h"

// The public documents that the rules come from, and the sets of profiles that they are for.

namespace composer::lint {

namespace source {
inline constexpr std::string_view kPrepare =
    "https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic";
inline constexpr std::string_view kCertification =
    "https://learn.microsoft.com/partner-center/marketplace-offers/azure-vm-certification-faq";
inline constexpr std::string_view kImageStandard =
    "https://github.com/microsoft/lisa/blob/main/lisa/microsoft/testsuites/core/"
    "azure_image_standard.py";
inline constexpr std::string_view kAzureLinuxTests =
    "https://github.com/microsoft/azurelinux/tree/4.0/base/images";
inline constexpr std::string_view kTimeSync =
    "https://learn.microsoft.com/azure/virtual-machines/linux/time-sync";
inline constexpr std::string_view kTrustedLaunch =
    "https://learn.microsoft.com/azure/virtual-machines/trusted-launch";
inline constexpr std::string_view kGeneration2 =
    "https://learn.microsoft.com/azure/virtual-machines/generation-2";
inline constexpr std::string_view kConfidential =
    "https://learn.microsoft.com/azure/confidential-computing/"
    "how-to-create-custom-image-confidential-vm";
inline constexpr std::string_view kAgent = "https://github.com/Azure/WALinuxAgent";
inline constexpr std::string_view kVmUtils = "https://github.com/Azure/azure-vm-utils";
inline constexpr std::string_view kVhd =
    "https://learn.microsoft.com/windows/win32/vstor/about-vhd";
inline constexpr std::string_view kCreator =
    "https://github.com/microsoft/azure-linux-image-tools/issues/364";
inline constexpr std::string_view kFstab = "https://man7.org/linux/man-pages/man5/fstab.5.html";
}  // namespace source

namespace profiles {
using enum LintProfile;
inline constexpr Profiles kGeneration1{azure_gen1};
inline constexpr Profiles kGeneration2{azure_gen2, trusted_launch, confidential};
inline constexpr Profiles kAzure = kGeneration1 | kGeneration2;
inline constexpr Profiles kMachines = kAzure | Profiles{hyperv};
inline constexpr Profiles kAll = kMachines | Profiles{wsl, container};
/// A confidential VM has no channel to its host for such things.
inline constexpr Profiles kTrustsHost = kGeneration1 | Profiles{azure_gen2, trusted_launch, hyperv};
inline constexpr Profiles kSecureBoot{trusted_launch, confidential};
inline constexpr Profiles kConfidential{confidential};
}  // namespace profiles

}  // namespace composer::lint
