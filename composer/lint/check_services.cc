#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Groups 17 to 19 and 21: the agents, and udev.

namespace composer::lint {
namespace {

constexpr std::array<std::string_view, 3> kUdevFolders{
    "/etc/udev/rules.d", "/usr/local/lib/udev/rules.d", "/usr/lib/udev/rules.d"};

Verdict enabled(const Examination& examination, std::initializer_list<std::string_view> units) {
  const UnitState state = examination.system.unit(units);
  if (state == UnitState::enabled) return passed();
  return failed(fmt::format("the unit '{}' {}", *units.begin(), to_text(state)));
}

/// Whether a file of one of these names is among the udev rules, and not hidden by a link to
/// /dev/null.
bool has_udev_rules(System& system, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (const std::string_view folder : kUdevFolders) {
      const auto status = system.root().status(fmt::format("{}/{}", folder, name));
      if (status && status->kind == FileKind::regular && status->size > 0) return true;
    }
  }
  return false;
}

/// The lines of all udev rules that hold every one of `words`.
bool has_udev_line(System& system, std::initializer_list<std::string_view> words) {
  for (const std::string_view folder : kUdevFolders) {
    for (const std::string& name : system.root().list(folder)) {
      if (!name.ends_with(".rules")) continue;
      const std::string text = system.text(fmt::format("{}/{}", folder, name)).value_or("");
      for (const std::string_view line : settings_of(text)) {
        if (std::all_of(words.begin(), words.end(), [&](std::string_view word) {
              return line.find(word) != std::string_view::npos;
            })) {
          return true;
        }
      }
    }
  }
  return false;
}

std::string option(System& system, const std::string& key) {
  const auto& options = system.waagent_options();
  const auto found = options.find(key);
  return found == options.end() ? std::string() : found->second;
}

}  // namespace

Verdict check_azure_agent_installed(const Examination& examination) {
  const InstalledPackage* package =
      examination.system.package({"WALinuxAgent", "walinuxagent", "python3-WALinuxAgent"});
  if (package == nullptr) return failed("no package of the agent is installed");
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
  // Before 2.2.45 there was Provisioning.Enabled and UseCloudInit.
  if (option(system, "Provisioning.UseCloudInit") == "y") return passed();
  return failed(agent.empty()
                    ? std::string("/etc/waagent.conf does not set Provisioning.Agent")
                    : fmt::format("/etc/waagent.conf has Provisioning.Agent={}", shown(agent)));
}

Verdict check_resource_disk_format(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/waagent.conf")) return inapplicable("there is no /etc/waagent.conf");
  const std::string value = option(system, "ResourceDisk.Format");
  if (value != "y") return passed();
  return failed("/etc/waagent.conf has ResourceDisk.Format=y");
}

Verdict check_resource_disk_swap(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/waagent.conf")) return inapplicable("there is no /etc/waagent.conf");
  if (option(system, "ResourceDisk.EnableSwap") != "y") return passed();
  return failed("/etc/waagent.conf has ResourceDisk.EnableSwap=y");
}

Verdict check_azure_datasource(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/etc/cloud")) return inapplicable("cloud-init is not installed");
  const auto list = system.cloud_list("datasource_list");
  if (!list) return failed("no file in /etc/cloud sets datasource_list");
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
                           "/usr/bin/hv_kvp_daemon"}) {
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
  std::vector<std::string> found;
  if (system.unit({"systemd-networkd.service"}) == UnitState::enabled) {
    bool unmanaged = has_udev_line(system, {"ID_NET_MANAGED_BY", "unmanaged"});
    for (const char* folder : {"/etc/systemd/network", "/usr/lib/systemd/network"}) {
      for (const std::string& name : system.root().list(folder)) {
        if (!name.ends_with(".network")) continue;
        const std::string text = system.text(fmt::format("{}/{}", folder, name)).value_or("");
        const bool names_driver = text.find("mlx5_core") != std::string::npos ||
                                  text.find("AZURE_UNMANAGED_SRIOV") != std::string::npos;
        unmanaged = unmanaged || (names_driver && text.find("Unmanaged=yes") != std::string::npos);
      }
    }
    if (!unmanaged) found.emplace_back("systemd-networkd has no file that leaves them unmanaged");
  }
  if (system.unit({"NetworkManager.service"}) == UnitState::enabled &&
      !has_udev_line(system, {"NM_UNMANAGED"})) {
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
  if (!examination.system.exists("/etc/ssh/sshd_config")) {
    return inapplicable("there is no /etc/ssh/sshd_config");
  }
  if (found == options.end()) return failed("ClientAliveInterval is not set, which means never");
  std::string_view text = found->second;
  int factor = 1;
  if (text.ends_with('m') || text.ends_with('M')) factor = 60;
  if (factor == 60 || text.ends_with('s') || text.ends_with('S')) text.remove_suffix(1);
  int seconds = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (number && seconds >= 0 && seconds < 100'000 && seconds * factor >= 30 &&
      seconds * factor <= 235) {
    return passed();
  }
  return failed(fmt::format("ClientAliveInterval is '{}'", shown(found->second)));
}

Verdict check_ssh_root_login(const Examination& examination) {
  if (!examination.system.exists("/etc/ssh/sshd_config")) {
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
  if (has_udev_line(examination.system, {"hyperv", "ptp_hyperv"})) return passed();
  return failed("no udev rule makes the link");
}

}  // namespace composer::lint
