#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"
#include "composer/lint/sshd_options.h"
#include "composer/lint/system.h"

// Groups 17 to 19 and 21: the agents, and udev.

namespace composer::lint {
namespace {

constexpr std::array<std::string_view, 4> kUdevFolders{
    "/etc/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d"};

/// The rules that count, by name. Source: systemd 257, udev(7).
std::vector<std::string> udev_files(System& system) {
  return drop_in_files(system.root(),
                       {kUdevFolders[0], kUdevFolders[1], kUdevFolders[2], kUdevFolders[3]},
                       ".rules");
}

Verdict enabled(const Examination& examination, std::initializer_list<std::string_view> units) {
  const UnitState state = examination.system.unit(units);
  if (state == UnitState::enabled) return passed();
  return failed(fmt::format("the unit '{}' {}", *units.begin(), to_text(state)));
}

/// Whether a file of one of these names is among the udev rules, and not hidden by a link to
/// /dev/null.
bool has_udev_rules(System& system, std::initializer_list<std::string_view> names) {
  for (const std::string& file : udev_files(system)) {
    const std::string_view name = std::string_view(file).substr(file.rfind('/') + 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    const auto status = system.root().status(file);
    if (status && status->kind == FileKind::regular && status->size > 0) return true;
  }
  return false;
}

/// Whether a line of the udev rules, with those that continue it, holds every one of `words`.
bool has_udev_line(System& system, std::initializer_list<std::string_view> words) {
  for (const std::string& file : udev_files(system)) {
    const std::string text = system.text(file).value_or("");
    std::string line;
    for (const std::string_view part : settings_of(text)) {
      line += part;
      if (line.ends_with('\\')) {
        line.back() = ' ';
        continue;
      }
      if (std::all_of(words.begin(), words.end(), [&](std::string_view word) {
            return line.find(word) != std::string::npos;
          })) {
        return true;
      }
      line.clear();
    }
  }
  return false;
}

/// Whether a .network file leaves devices of SR-IOV alone. Source: systemd.network(5).
bool has_unmanaged_network(System& system) {
  for (const std::string& file :
       drop_in_files(system.root(),
                     {"/etc/systemd/network", "/usr/local/lib/systemd/network",
                      "/usr/lib/systemd/network", "/lib/systemd/network"},
                     ".network")) {
    const std::string text = system.text(file).value_or("");
    if (text.find("mlx5_core") == std::string::npos &&
        text.find("AZURE_UNMANAGED_SRIOV") == std::string::npos) {
      continue;
    }
    for (const IniSection& section : ini_sections(text)) {
      if (is_yes(section.value("unmanaged"))) return true;
    }
  }
  return false;
}

/// NetworkManager.conf(5): `unmanaged-devices=driver:mlx5_core`.
bool networkmanager_leaves_drivers(System& system) {
  std::vector<std::string> files =
      drop_in_files(system.root(),
                    {"/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d",
                     "/usr/lib/NetworkManager/conf.d"},
                    ".conf");
  files.emplace_back("/etc/NetworkManager/NetworkManager.conf");
  for (const std::string& file : files) {
    for (const IniSection& section : ini_sections(system.text(file).value_or(""))) {
      if (section.value("unmanaged-devices").find("driver:mlx5_core") != std::string_view::npos) {
        return true;
      }
    }
  }
  return false;
}

bool is_on(const std::string& value) {
  return value == "y" || value == "Y";
}

std::string option(System& system, const std::string& key) {
  const auto& options = system.waagent_options();
  const auto found = options.find(key);
  return found == options.end() ? std::string() : found->second;
}

}  // namespace

Verdict check_azure_agent_installed(const Examination& examination) {
  const InstalledPackage* package = examination.system.package(
      {"WALinuxAgent", "walinuxagent", "waagent", "python3-WALinuxAgent"});
  if (package == nullptr) {
    for (const char* program : {"/usr/sbin/waagent", "/usr/bin/waagent"}) {
      if (!examination.system.exists(program)) continue;
      return skipped(fmt::format("{} is of no package, so its version is not known", program));
    }
    return failed("no package of the agent is installed");
  }
  if (compare_versions(package->version, "2.2.53.1") < 0) {
    return failed(fmt::format("{} is of version {}", package->name, shown(package->version)));
  }
  return passed();
}

Verdict check_azure_agent_enabled(const Examination& examination) {
  return enabled(examination, {"waagent.service", "walinuxagent.service"});
}

Verdict check_cloud_init_enabled(const Examination& examination) {
  if (examination.system.exists("/etc/cloud/cloud-init.disabled")) {
    return failed("/etc/cloud/cloud-init.disabled turns it off");
  }
  // cloud-init-local is the stage that finds the datasource; in 24.3 cloud-init-main runs all.
  return enabled(examination, {"cloud-init-local.service"});
}

Verdict check_provisioning_agent(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/waagent.conf")) return inapplicable("there is no /etc/waagent.conf");
  const std::string agent = option(system, "Provisioning.Agent");
  if (agent == "cloud-init" || agent == "auto") return passed();
  // Before 2.2.45 there was Provisioning.Enabled and UseCloudInit; since then `auto` is the
  // default.
  if (is_on(option(system, "Provisioning.UseCloudInit"))) return passed();
  if (agent.empty() && !is_on(option(system, "Provisioning.Enabled"))) return passed();
  return failed(agent.empty()
                    ? std::string("/etc/waagent.conf has Provisioning.Enabled=y")
                    : fmt::format("/etc/waagent.conf has Provisioning.Agent={}", shown(agent)));
}

Verdict check_resource_disk_format(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/waagent.conf")) return inapplicable("there is no /etc/waagent.conf");
  const std::string value = option(system, "ResourceDisk.Format");
  if (!is_on(value)) return passed();
  return failed("/etc/waagent.conf has ResourceDisk.Format=y");
}

Verdict check_resource_disk_swap(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/waagent.conf")) return inapplicable("there is no /etc/waagent.conf");
  if (!is_on(option(system, "ResourceDisk.EnableSwap"))) return passed();
  return failed("/etc/waagent.conf has ResourceDisk.EnableSwap=y");
}

Verdict check_azure_datasource(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/cloud")) return inapplicable("cloud-init is not installed");
  const auto list = system.cloud_list("datasource_list");
  // cloud-init's own list, cloudinit/settings.py, has Azure.
  if (!list) return passed();
  if (std::find(list->begin(), list->end(), "Azure") != list->end()) return passed();
  std::string all;
  for (const std::string& name : *list) all += fmt::format("{}{}", all.empty() ? "" : ", ", name);
  return failed(fmt::format("datasource_list is [{}]", shown(all)));
}

Verdict check_cloud_init_disk_modules(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/cloud")) return inapplicable("cloud-init is not installed");
  const auto list = system.cloud_list("cloud_init_modules");
  if (!list) return skipped("no file in /etc/cloud sets cloud_init_modules");
  // A name may be written with `-` for `_`, and as `[name, frequency]`.
  const auto place = [&](std::string_view name) {
    return std::find_if(list->begin(), list->end(), [&](std::string item) {
      std::replace(item.begin(), item.end(), '-', '_');
      return item == name;
    });
  };
  const auto setup = place("disk_setup"), mounts = place("mounts");
  std::vector<std::string> found;
  if (setup == list->end()) found.emplace_back("cloud_init_modules has no disk_setup");
  if (mounts == list->end()) found.emplace_back("cloud_init_modules has no mounts");
  if (found.empty() && mounts < setup) {
    found.emplace_back("cloud_init_modules has mounts before disk_setup");
  }
  return failed_if(std::move(found));
}

Verdict check_hyperv_kvp(const Examination& examination) {
  System& system = examination.system;
  for (const char* path : {"/usr/sbin/hypervkvpd", "/usr/bin/hypervkvpd", "/usr/sbin/hv_kvp_daemon",
                           "/usr/bin/hv_kvp_daemon", "/usr/lib/hyper-v/bin/hv_kvp_daemon"}) {
    if (system.exists(path)) return passed();
  }
  return failed("neither hypervkvpd nor hv_kvp_daemon is installed");
}

Verdict check_azure_disk_links(const Examination& examination) {
  if (has_udev_rules(examination.system, {"80-azure-disk.rules", "66-azure-storage.rules"})) {
    return passed();
  }
  return failed("there is neither 80-azure-disk.rules nor 66-azure-storage.rules");
}

Verdict check_sriov_unmanaged(const Examination& examination) {
  System& system = examination.system;
  const bool networkd = system.unit({"systemd-networkd.service"}) == UnitState::enabled;
  const bool manager = system.unit({"NetworkManager.service"}) == UnitState::enabled;
  if (!networkd && !manager) {
    return inapplicable("neither systemd-networkd nor NetworkManager is enabled");
  }
  std::vector<std::string> found;
  if (networkd && !has_udev_line(system, {"ID_NET_MANAGED_BY", "unmanaged"}) &&
      !has_unmanaged_network(system)) {
    found.emplace_back("systemd-networkd has no file that leaves them unmanaged");
  }
  if (manager && !has_udev_line(system, {"NM_UNMANAGED"}) &&
      !networkmanager_leaves_drivers(system)) {
    found.emplace_back("NetworkManager is enabled, and no udev rule sets NM_UNMANAGED");
  }
  return failed_if(std::move(found));
}

Verdict check_no_persistent_net_rules(const Examination& examination) {
  std::vector<std::string> found;
  for (const std::string_view folder : kUdevFolders) {
    for (const char* name : {"70-persistent-net.rules", "75-persistent-net-generator.rules"}) {
      const std::string path = fmt::format("{}/{}", folder, name);
      const auto status = examination.system.root().status(path);
      // A link to /dev/null, or an empty file, is how the generator is turned off.
      if (status && status->kind == FileKind::regular && status->size > 0) {
        found.push_back(fmt::format("{} is there", path));
      }
    }
  }
  return failed_if(std::move(found));
}

Verdict check_sshd_enabled(const Examination& examination) {
  return enabled(examination, {"sshd.service", "ssh.service", "sshd.socket", "ssh.socket"});
}

Verdict check_ssh_keep_alive(const Examination& examination) {
  const auto& options = examination.system.sshd_options();
  const auto found = options.find("clientaliveinterval");
  if (sshd_config_path(examination.system.root()).empty()) {
    return inapplicable("there is no /etc/ssh/sshd_config");
  }
  if (found == options.end()) return failed("ClientAliveInterval is not set, which means never");
  const int seconds = sshd_seconds(found->second);
  if (seconds >= 30 && seconds <= 235) return passed();
  return failed(fmt::format("ClientAliveInterval is '{}'", shown(found->second)));
}

Verdict check_ssh_root_login(const Examination& examination) {
  if (sshd_config_path(examination.system.root()).empty()) {
    return inapplicable("there is no /etc/ssh/sshd_config");
  }
  const auto& options = examination.system.sshd_options();
  const auto found = options.find("permitrootlogin");
  if (found != options.end() && found->second == "no") return passed();
  return failed(found == options.end()
                    ? std::string("PermitRootLogin is not set")
                    : fmt::format("PermitRootLogin is '{}'", shown(found->second)));
}

Verdict check_one_time_service(const Examination& examination) {
  const UnitState state = examination.system.unit({"systemd-timesyncd.service"});
  return state == UnitState::enabled ? failed("the unit 'systemd-timesyncd.service' is enabled")
                                     : passed();
}

Verdict check_chrony_enabled(const Examination& examination) {
  return enabled(examination, {"chronyd.service", "chrony.service"});
}

Verdict check_ptp_device_link(const Examination& examination) {
  if (has_udev_line(examination.system, {"clock_name", "SYMLINK", "ptp_hyperv"})) return passed();
  return failed("no udev rule makes the link");
}

}  // namespace composer::lint
