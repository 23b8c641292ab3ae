#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/initramfs_listing.h"
#include "composer/lint/portable_executable.h"
#include "composer/lint/system.h"

// Groups 32 and 33: Secure Boot and confidential VMs. Signatures are looked for, never verified: a
// build machine has not the keys of Azure's firmware.

namespace composer::lint {
namespace {

/// The EFI programs that start one after the other: what is on the ESP, then what the entries name.
std::vector<std::string> loaders(const Examination& examination) {
  std::vector<std::string> paths;
  const std::string& esp = examination.subject.esp;
  for (const std::string& folder : examination.system.root().list(esp + "/EFI")) {
    if (folder == "Linux") continue;
    for (const std::string& name :
         examination.system.root().list(fmt::format("{}/EFI/{}", esp, folder))) {
      // fallback and MokManager are shim's own, and as well signed.
      if (name.ends_with(".efi") || name.ends_with(".EFI")) {
        paths.push_back(fmt::format("{}/EFI/{}/{}", esp, folder, name));
      }
    }
  }
  return paths;
}

std::vector<std::string> kernels(const Examination& examination) {
  std::vector<std::string> paths;
  for (const BootEntry& entry : examination.system.boot_entries().entries) {
    if (entry.missing.empty() &&
        std::find(paths.begin(), paths.end(), entry.kernel) == paths.end()) {
      paths.push_back(entry.kernel);
    }
  }
  return paths;
}

std::optional<Verdict> without_esp(const Examination& examination) {
  if (!examination.subject.esp.empty()) return std::nullopt;
  return skipped(examination.subject.esp_problem.empty() ? std::string("there is no ESP")
                                                         : examination.subject.esp_problem);
}

/// What `wrong` says of each of these programs that is one.
template <typename Wrong>
void examine(const Examination& examination, const std::vector<std::string>& paths, Wrong&& wrong,
             std::vector<std::string>& found) {
  for (const std::string& path : paths) {
    const auto bytes = examination.system.root().read(path);
    const auto pe = bytes ? read_portable_executable(*bytes) : std::nullopt;
    if (!pe) {
      found.push_back(fmt::format("{} is no EFI program", shown(path)));
    } else if (const std::string what = wrong(*pe); !what.empty()) {
      found.push_back(fmt::format("{} {}", shown(path), what));
    }
  }
}

/// Kernel, Documentation/admin-guide/module-signing.rst: what a signed module ends with.
constexpr std::string_view kModuleSignature = "~Module signature appended~\n";
constexpr Bytes kLargestModule = MiB(64);

std::string signature_problem(const Examination& examination, const std::string& path) {
  const auto bytes = examination.system.root().read(path);
  if (!bytes) return fmt::format("{} is not there", shown(path));
  if (unpack(*bytes, kLargestModule).ends_with(kModuleSignature)) return {};
  return fmt::format("{} is not signed", shown(path));
}

bool is_from_elsewhere(std::string_view path) {
  return path.starts_with("extra/") || path.starts_with("updates/") ||
         path.starts_with("weak-updates/") || path.starts_with("misc/");
}

}  // namespace

Verdict check_secure_boot_signatures(const Examination& examination) {
  if (auto verdict = without_esp(examination)) return *verdict;
  const auto wrong = [](const PortableExecutable& pe) {
    return std::string(pe.certificates.empty() ? "is not signed" : "");
  };
  const auto first = loaders(examination), last = kernels(examination);
  if (first.empty() || last.empty()) {
    return skipped(first.empty() ? "the ESP has no boot loader"
                                 : "there is no boot entry whose kernel could be read");
  }
  std::vector<std::string> found;
  examine(examination, first, wrong, found);
  examine(examination, last, wrong, found);
  return failed_if(std::move(found));
}

Verdict check_secure_boot_sbat(const Examination& examination) {
  if (auto verdict = without_esp(examination)) return *verdict;
  const auto first = loaders(examination);
  if (first.empty()) return skipped("the ESP has no boot loader");
  std::vector<std::string> found;
  examine(
      examination, first,
      [](const PortableExecutable& pe) {
        const auto sbat = pe.section(".sbat");
        return std::string(sbat && sbat->starts_with("sbat,") ? "" : "has no SBAT section");
      },
      found);
  return failed_if(std::move(found));
}

Verdict check_shim_signed_by_microsoft(const Examination& examination) {
  if (auto verdict = without_esp(examination)) return *verdict;
  const bool arm = examination.system.architecture() == "aarch64";
  const std::string path =
      fmt::format("{}/EFI/BOOT/{}", examination.subject.esp, arm ? "BOOTAA64.EFI" : "BOOTX64.EFI");
  const auto bytes = examination.system.root().read(path);
  const auto pe = bytes ? read_portable_executable(*bytes) : std::nullopt;
  if (!pe) return inapplicable("the first program is not there");
  // Without any signature that is the finding, of another rule.
  if (pe->certificates.empty()) return inapplicable("the first program is not signed at all");
  for (const std::string_view authority :
       {"Microsoft Corporation UEFI CA 2011", "Microsoft UEFI CA 2023"}) {
    if (pe->certificates.find(authority) != std::string_view::npos) return passed();
  }
  return failed(fmt::format("{} is signed, and not by it", path));
}

Verdict check_modules_signed(const Examination& examination) {
  constexpr std::string_view kNeeded[] = {"hv_vmbus",   "hv_storvsc", "hv_netvsc", "hv_utils",
                                          "pci_hyperv", "nvme",       "vfat",      "mlx5_core"};
  std::vector<std::string> found;
  const auto& kernels = examination.system.kernels();
  if (kernels.empty()) return skipped("no kernel was found");
  std::string unknown;
  for (const KernelFacts& kernel : kernels) {
    if (!kernel.knows_modules()) unknown = kernel.version;
    for (const auto& [name, path] : kernel.modular) {
      if (std::find(std::begin(kNeeded), std::end(kNeeded), name) == std::end(kNeeded) &&
          !is_from_elsewhere(path)) {
        continue;
      }
      const std::string problem =
          signature_problem(examination, fmt::format("{}/{}", kernel.modules, path));
      if (!problem.empty()) found.push_back(problem);
    }
  }
  if (found.empty() && !unknown.empty()) {
    return skipped(fmt::format("what modules kernel {} has is not known", shown(unknown)));
  }
  return failed_if(std::move(found));
}

Verdict check_confidential_uki(const Examination& examination) {
  const auto& entries = examination.system.boot_entries().entries;
  if (entries.empty()) return skipped("there is no boot entry that could be read");
  std::vector<std::string> found;
  for (const BootEntry& entry : entries) {
    if (!entry.unified) {
      found.push_back(fmt::format("{} starts {}", entry.place, shown(entry.kernel)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_confidential_esp_size(const Examination& examination) {
  for (const DiskPartition& partition : examination.subject.disk->partitions) {
    if (!partition.is_esp()) continue;
    if (partition.size >= MiB(512)) return passed();
    return failed(fmt::format("the ESP has {}", to_text(partition.size)));
  }
  return inapplicable("there is no ESP");
}

Verdict check_confidential_kernel(const Examination& examination) {
  const auto& kernels = examination.system.kernels();
  if (kernels.empty()) return skipped("no kernel was found");
  const bool arm = examination.system.architecture() == "aarch64";
  std::vector<std::string> found;
  bool unknown = false;
  for (const KernelFacts& kernel : kernels) {
    if (compare_versions(kernel.version, "5.15") < 0) {
      found.push_back(fmt::format("kernel {} is older", shown(kernel.version)));
    }
    if (kernel.configured.empty()) unknown = true;
    if (kernel.configured.empty() || arm) continue;
    for (const char* option : {"CONFIG_AMD_MEM_ENCRYPT", "CONFIG_INTEL_TDX_GUEST"}) {
      const auto value = kernel.configured.find(option);
      if (value == kernel.configured.end() || value->second != "y") {
        found.push_back(fmt::format("kernel {} has no {}", shown(kernel.version), option));
      }
    }
  }
  if (found.empty() && unknown) return skipped("a kernel's configuration is not in the image");
  return failed_if(std::move(found));
}

}  // namespace composer::lint
