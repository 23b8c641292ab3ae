#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/lint/checks.h"
#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Groups 14 to 16, and NVMe: the kernels, their drivers, and what the initramfs has of them.

namespace composer::lint {
namespace {

using Names = std::initializer_list<std::string_view>;

std::string joined(const std::vector<std::string_view>& names) {
  std::string list;
  for (const std::string_view name : names) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
  }
  return list;
}

/// The modules that are neither built into the kernel nor in its initramfs.
std::vector<std::string_view> missing_early(System& system, const KernelFacts& kernel,
                                            Names names) {
  std::vector<std::string_view> missing;
  for (const std::string_view name : names) {
    if (kernel.builtin.contains(std::string(name))) continue;
    const auto& files = system.initramfs_of(kernel);
    const bool there = std::any_of(files.begin(), files.end(), [&](const std::string& file) {
      return file.find(".ko") != std::string::npos && module_name(file) == name;
    });
    if (!there) missing.push_back(name);
  }
  return missing;
}

/// What is wrong with a kernel, empty when all is well, or nothing when that is not known.
using Judgement = std::optional<std::string>;

template <typename Wrong>
Verdict for_each_kernel(const Examination& examination, Wrong&& wrong) {
  const auto& kernels = examination.system.kernels();
  if (kernels.empty()) return skipped("no kernel was found");
  std::vector<std::string> found, unknown;
  for (const KernelFacts& kernel : kernels) {
    const Judgement what = wrong(kernel);
    if (!what) {
      unknown.push_back(shown(kernel.version));
    } else if (!what->empty()) {
      found.push_back(fmt::format("kernel {}: {}", shown(kernel.version), *what));
    }
  }
  if (found.empty() && !unknown.empty()) {
    return skipped(fmt::format("what kernel {} has is not known", unknown.front()));
  }
  return failed_if(std::move(found));
}

Verdict with_modules(const Examination& examination, Names names) {
  return for_each_kernel(examination, [&](const KernelFacts& kernel) -> Judgement {
    std::vector<std::string_view> missing;
    for (const std::string_view name : names) {
      if (!kernel.has(name)) missing.push_back(name);
    }
    if (missing.empty()) return std::string();
    // That there is no list of modules is the finding of another rule.
    if (!kernel.knows_modules()) return std::nullopt;
    return fmt::format("there is no {}", joined(missing));
  });
}

Verdict with_early_modules(const Examination& examination, Names names) {
  return for_each_kernel(examination, [&](const KernelFacts& kernel) -> Judgement {
    const auto missing = missing_early(examination.system, kernel, names);
    return missing.empty()
               ? std::string()
               : fmt::format("{} is neither built in nor in the initramfs", joined(missing));
  });
}

/// All of dracut's configuration, what is read later last. Source: dracut.conf(5).
std::string dracut_configuration(System& system) {
  std::string text = system.text("/etc/dracut.conf").value_or("");
  for (const std::string& file : drop_in_files(
           system.root(), {"/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d"}, ".conf")) {
    text += "\n" + system.text(file).value_or("");
  }
  return text;
}

bool has_dracut(System& system) {
  return system.exists("/usr/bin/dracut") || system.exists("/usr/sbin/dracut");
}

std::string denied(const Examination& examination, const std::string& module) {
  System& system = examination.system;
  const auto& kernels = system.kernels();
  // What is compiled in is not loaded, so cannot be denied.
  if (!kernels.empty() &&
      std::all_of(kernels.begin(), kernels.end(),
                  [&](const KernelFacts& kernel) { return kernel.builtin.contains(module); })) {
    return {};
  }
  const auto& all = system.denied_modules();
  if (const auto found = all.find(module); found != all.end()) {
    return fmt::format("{} denies {}", found->second, module);
  }
  for (const BootEntry& entry : system.boot_entries().entries) {
    for (const char* key : {"modprobe.blacklist", "module_blacklist"}) {
      for (const std::string& list : entry.values(key)) {
        if (("," + list + ",").find("," + module + ",") != std::string::npos) {
          return fmt::format("{}: {} denies {}", entry.place, key, module);
        }
      }
    }
  }
  return {};
}

/// Whether cloud-init can provision without a medium. @throws Error  when that is not known.
bool provisions_without_medium(const Examination& examination) {
  const InstalledPackage* package = examination.system.package({"cloud-init"});
  return package != nullptr && compare_versions(package->version, "21.2") >= 0;
}

}  // namespace

Verdict check_hyperv_boot_drivers(const Examination& examination) {
  return with_early_modules(examination, {"hv_vmbus", "hv_storvsc", "hv_netvsc"});
}

Verdict check_hyperv_service_drivers(const Examination& examination) {
  return with_modules(examination, {"hv_utils", "hv_balloon"});
}

Verdict check_hyperv_input_drivers(const Examination& examination) {
  return with_modules(examination, {"hid_hyperv", "hyperv_keyboard"});
}

Verdict check_accelerated_network_drivers(const Examination& examination) {
  return with_modules(examination, {"pci_hyperv", "mlx4_core", "mlx5_core", "mana"});
}

Verdict check_nvme_ready(const Examination& examination) {
  return with_early_modules(examination, {"nvme"});
}

Verdict check_generic_initramfs(const Examination& examination) {
  System& system = examination.system;
  if (!has_dracut(system)) return inapplicable("the image has no dracut");
  // Since dracut 060 the default is not host-only; distributions set it.
  std::string hostonly;
  const std::string text = dracut_configuration(system);
  for (const std::string_view line : settings_of(text)) {
    if (line.starts_with("hostonly=")) hostonly = line.substr(9);
  }
  std::erase(hostonly, '"');
  if (hostonly == "no") return passed();
  return failed(hostonly.empty()
                    ? std::string("dracut's configuration does not set hostonly")
                    : fmt::format("dracut's configuration has hostonly={}", shown(hostonly)));
}

Verdict check_dracut_keeps_drivers(const Examination& examination) {
  System& system = examination.system;
  if (!has_dracut(system)) return inapplicable("the image has no dracut");
  const std::string text = dracut_configuration(system);
  std::string drivers;
  for (const std::string_view line : settings_of(text)) {
    if (line.starts_with("add_drivers") || line.starts_with("force_drivers")) {
      drivers += " " + std::string(line) + " ";
    }
  }
  std::replace(drivers.begin(), drivers.end(), '"', ' ');
  std::replace(drivers.begin(), drivers.end(), '=', ' ');
  const auto words = words_of(drivers);
  return for_each_kernel(examination, [&](const KernelFacts& kernel) -> Judgement {
    std::vector<std::string_view> missing;
    for (const std::string_view name : {"hv_utils", "hv_vmbus", "hv_storvsc", "hv_netvsc"}) {
      if (!kernel.builtin.contains(std::string(name)) &&
          std::find(words.begin(), words.end(), name) == words.end()) {
        missing.push_back(name);
      }
    }
    return missing.empty() ? std::string()
                           : fmt::format("dracut's configuration does not add {}", joined(missing));
  });
}

Verdict check_vfat_allowed(const Examination& examination) {
  const std::string what = denied(examination, "vfat");
  return what.empty() ? passed() : failed(what);
}

Verdict check_udf_allowed(const Examination& examination) {
  const std::string what = denied(examination, "udf");
  if (what.empty() || provisions_without_medium(examination)) return passed();
  return failed(what + ", and cloud-init is older than 21.2 or not installed");
}

Verdict check_udf_custom_data(const Examination& examination) {
  const std::string what = denied(examination, "udf");
  if (what.empty() || !provisions_without_medium(examination)) return passed();
  return failed(what);
}

Verdict check_watchdog_and_cifs(const Examination& examination) {
  return for_each_kernel(examination, [](const KernelFacts& kernel) -> Judgement {
    std::vector<std::string_view> missing;
    if (kernel.knows_modules() && !kernel.has("cifs")) missing.emplace_back("CIFS");
    if (!kernel.configured.empty() && !kernel.configured.contains("CONFIG_WATCHDOG")) {
      missing.emplace_back("watchdogs (CONFIG_WATCHDOG)");
    }
    if (!missing.empty()) return fmt::format("there is no {}", joined(missing));
    if (!kernel.knows_modules() || kernel.configured.empty()) return std::nullopt;
    return std::string();
  });
}

Verdict check_modules_match_kernel(const Examination& examination) {
  return for_each_kernel(examination, [](const KernelFacts& kernel) -> Judgement {
    if (kernel.is_monolithic) return std::string();
    if (kernel.modules.empty()) {
      return fmt::format("{} is there, and /usr/lib/modules/{} is not", kernel.image,
                         shown(kernel.version));
    }
    return kernel.has_modules_dep ? std::string()
                                  : fmt::format("{}/modules.dep is not there", kernel.modules);
  });
}

Verdict check_kernel_bootable(const Examination& examination) {
  System& system = examination.system;
  const auto& entries = system.boot_entries().entries;
  // With no entry at all, that is the finding, of another rule.
  if (entries.empty()) return skipped("there is no boot entry that could be read");
  return for_each_kernel(examination, [&](const KernelFacts& kernel) -> Judgement {
    const bool offered = std::any_of(entries.begin(), entries.end(),
                                     [&](const BootEntry& entry) { return starts(entry, kernel); });
    if (offered) return std::string();
    return std::string(kernel.image.empty() ? "there are modules, but no vmlinuz and no boot entry"
                                            : "no boot entry starts it");
  });
}

}  // namespace composer::lint
