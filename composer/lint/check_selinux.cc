#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Group 31.

namespace composer::lint {
namespace {

constexpr std::string_view kConfig = "/etc/selinux/config";

struct SelinuxConfig {
  std::string mode, policy;

  bool on() const { return mode == "enforcing" || mode == "permissive"; }
};

SelinuxConfig selinux_config(System& system) {
  SelinuxConfig config;
  const auto values = shell_assignments(system.text(kConfig).value_or(""));
  if (const auto found = values.find("SELINUX"); found != values.end()) {
    // libselinux does not mind the case.
    config.mode = found->second;
    std::transform(config.mode.begin(), config.mode.end(), config.mode.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
  }
  if (const auto found = values.find("SELINUXTYPE"); found != values.end()) {
    config.policy = found->second;
  }
  return config;
}

bool has_read_only_root(System& system) {
  for (const FstabEntry& entry : system.fstab()) {
    if (entry.mount == "/" && entry.has_option("ro")) return true;
  }
  return false;
}

bool has_policy(System& system, const std::string& type) {
  if (type.empty() || type.find('/') != std::string::npos) return false;
  for (const std::string& name : system.root().list(fmt::format("/etc/selinux/{}/policy", type))) {
    if (name.starts_with("policy.")) return true;
  }
  return false;
}

}  // namespace

Verdict check_selinux_policy(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists(kConfig)) {
    return inapplicable("there is no /etc/selinux/config, so SELinux is off");
  }
  const SelinuxConfig config = selinux_config(system);
  if (!config.on() && config.mode != "disabled") {
    return failed(config.mode.empty()
                      ? fmt::format("{} sets no SELINUX", kConfig)
                      : fmt::format("{} has SELINUX={}", kConfig, shown(config.mode)));
  }
  if (!config.on()) return passed();
  // The library and its file alone, as Debian has them: systemd says so, and starts without.
  if (config.mode == "permissive" && !has_policy(system, config.policy)) {
    return inapplicable("SELinux is permissive, and has no policy to load");
  }
  std::vector<std::string> found;
  if (config.policy.empty() || config.policy.find('/') != std::string::npos) {
    found.push_back(fmt::format("{} has SELINUXTYPE={}", kConfig, shown(config.policy)));
  } else {
    if (!has_policy(system, config.policy)) {
      found.push_back(fmt::format("/etc/selinux/{}/policy has no policy", shown(config.policy)));
    }
    const std::string contexts =
        fmt::format("/etc/selinux/{}/contexts/files/file_contexts", config.policy);
    if (!system.exists(contexts)) found.push_back(fmt::format("{} is not there", shown(contexts)));
  }
  return failed_if(std::move(found));
}

Verdict check_selinux_enforcing(const Examination& examination) {
  System& system = examination.system;
  if (!system.is_azure_linux()) return inapplicable("this is not Azure Linux");
  if (!system.exists(kConfig)) return failed("there is no /etc/selinux/config");
  const SelinuxConfig config = selinux_config(system);
  // A mode that is none is the finding of another rule.
  if (config.mode != "permissive" && config.mode != "disabled") return passed();
  return failed(fmt::format("{} has SELINUX={}", kConfig, config.mode));
}

Verdict check_selinux_labels(const Examination& examination) {
  System& system = examination.system;
  const SelinuxConfig config = selinux_config(system);
  if (!config.on()) return inapplicable("SELinux is off");
  if (!has_policy(system, config.policy)) return inapplicable("SELinux has no policy to load");
  if (system.exists("/.autorelabel") && !has_read_only_root(system)) {
    return inapplicable("/.autorelabel has the first start label every file");
  }
  const TreeFacts& tree = system.tree();
  if (tree.unlabelled == 0) return passed();
  std::vector<std::string> found;
  for (const std::string& path : tree.unlabelled_some) {
    found.push_back(fmt::format("{} has no label", shown(path)));
  }
  if (tree.unlabelled > found.size()) {
    found.push_back(
        fmt::format("and {} more of {} files", tree.unlabelled - found.size(), tree.files));
  }
  return failed_if(std::move(found));
}

Verdict check_no_autorelabel(const Examination& examination) {
  System& system = examination.system;
  if (!system.exists("/.autorelabel")) return passed();
  if (!has_read_only_root(system)) return passed();
  return failed("/.autorelabel is there, and fstab mounts the root read-only");
}

}  // namespace composer::lint
