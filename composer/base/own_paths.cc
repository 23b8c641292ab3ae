#include "composer/base/own_paths.h"

#include <fmt/format.h>

namespace composer {
namespace {

constexpr std::string_view kRemoveOne = "remove one of the two";
constexpr std::string_view kOtherName = "use another name";

struct Fixed {
  std::string_view path;  ///< With a slash at its end: everything below.
  std::string_view why;
  std::string_view hint;
};

// Source: the configure steps (composer/tree) and passwd(5), group(5), fstab(5), machine-id(5).
constexpr Fixed kFixed[] = {
    {"/etc/fstab", "it is written from 'disk.partitions'",
     "use 'mount' and 'mount_options' of the partitions"},
    {"/etc/passwd", "it is written from 'system.users'", "use 'users'"},
    {"/etc/shadow", "it is written from 'system.users'", "use 'users'"},
    {"/etc/group", "it is written from 'system.groups'", "use 'groups'"},
    {"/etc/gshadow", "it is written from 'system.groups'", "use 'groups'"},
    {"/etc/machine-id", "each machine makes its own at its first start", "remove it"},
    {"/boot/grub2/grub.cfg", "it is written from 'boot'", "use the keys of 'boot'"},
    {"/boot/grub2/grubenv", "it is written from 'boot'", "use the keys of 'boot'"},
    {"/etc/default/grub", "it is written from 'boot'", "use the keys of 'boot'"},
    {"/etc/kernel/cmdline", "it is written from 'boot.kernel_arguments'",
     "use 'boot.kernel_arguments'"},
    {"/tmp/", "the folder is emptied at the end of the build", "use 'tmpfiles', or another folder"},
    {"/var/tmp/", "the folder is emptied at the end of the build",
     "use 'tmpfiles', or another folder"},
    {"/run/", "the running system mounts a filesystem over it", "use 'tmpfiles'"},
    {"/proc/", "the running system mounts a filesystem over it", "use 'sysctl'"},
    {"/sys/", "the running system mounts a filesystem over it", "use 'tmpfiles'"},
    {"/dev/", "the running system mounts a filesystem over it", "use 'tmpfiles', or udev's rules"},
};

}  // namespace

std::string merged_path(std::string_view path) {
  for (const std::string_view link : {"/bin", "/sbin", "/lib", "/lib64"}) {
    const bool behind =
        path.starts_with(link) && (path.size() == link.size() || path[link.size()] == '/');
    if (behind) return fmt::format("/usr{}", path);
  }
  return std::string(path);
}

std::string home_of(const UserRequest& user) {
  if (user.home) return **user.home;
  return *user.name == "root" ? "/root" : "/home/" + *user.name;
}

std::optional<PathProblem> problem_of_path(std::string_view path, std::string_view noun) {
  for (const Fixed& fixed : kFixed) {
    const bool below = fixed.path.ends_with('/');
    if (below ? !path.starts_with(fixed.path) : path != fixed.path) continue;
    return PathProblem{fmt::format("the {} '{}' cannot be written: {}", noun, path, fixed.why),
                       std::string(fixed.hint)};
  }
  return std::nullopt;
}

OwnPaths::OwnPaths(const Blueprint& blueprint) {
  add_system(blueprint);
  add_named(blueprint.system);
  if (blueprint.system.firewall) add_firewall(*blueprint.system.firewall);
  add_repositories(blueprint);
}

std::optional<PathProblem> OwnPaths::problem_of(std::string_view path,
                                                std::string_view noun) const {
  if (auto problem = problem_of_path(path, noun)) return problem;
  const auto found = writers_.find(merged_path(path));
  if (found == writers_.end()) return std::nullopt;
  return PathProblem{fmt::format("'{}' is what '{}' writes", path, found->second.key),
                     std::string(found->second.hint)};
}

void OwnPaths::add(std::string_view path, std::string_view key, std::string_view hint) {
  writers_.try_emplace(merged_path(path), Writer{key, hint});
}

void OwnPaths::add_system(const Blueprint& blueprint) {
  const SystemRequest& system = blueprint.system;
  if (system.hostname) add("/etc/hostname", "hostname", kRemoveOne);
  if (system.locale) add("/etc/locale.conf", "locale", kRemoveOne);
  if (system.timezone) add("/etc/localtime", "timezone", kRemoveOne);
  if (system.keymap) add("/etc/vconsole.conf", "keymap", kRemoveOne);
  if (system.motd) add("/etc/motd", "motd", kRemoveOne);
  if (system.selinux.mode || system.selinux.policy) {
    add("/etc/selinux/config", "selinux", kRemoveOne);
  }
  if (system.default_target) {
    add("/etc/systemd/system/default.target", "default_target", kRemoveOne);
  }
  const bool has_ntp = !system.ntp.servers.empty() || !system.ntp.pools.empty();
  if (has_ntp) add("/etc/chrony.d/blueprint.conf", "ntp", kOtherName);
  if (!system.sysctl.empty()) add("/etc/sysctl.d/99-blueprint.conf", "sysctl", kOtherName);
  const KernelModulesRequest& modules = system.kernel_modules;
  if (!modules.load.empty()) {
    add("/etc/modules-load.d/blueprint.conf", "kernel_modules", kOtherName);
  }
  if (!modules.deny.empty() || !modules.options.empty()) {
    add("/etc/modprobe.d/blueprint.conf", "kernel_modules", kOtherName);
  }
  if (!system.tmpfiles.empty()) add("/etc/tmpfiles.d/blueprint.conf", "tmpfiles", kOtherName);
  const ServicesRequest& services = system.services;
  // Time servers, networks and the firewall enable a service.
  if (!services.enable.empty() || !services.disable.empty() || !services.presets.empty() ||
      has_ntp || !system.network.empty() || system.firewall) {
    add("/etc/systemd/system-preset/00-blueprint.preset", "services", kOtherName);
  }
  const PackagesRequest& packages = blueprint.packages;
  if (packages.locales || (packages.documentation && !**packages.documentation)) {
    add("/etc/rpm/macros.image-composer", "packages", kOtherName);
  }
}

/// Files that are named after what the author calls an entry.
void OwnPaths::add_named(const SystemRequest& system) {
  for (const UserRequest& user : system.users) {
    if (user.ssh_keys.empty()) continue;
    const std::string home = home_of(user);
    add((home == "/" ? "" : home) + "/.ssh/authorized_keys", "ssh_keys", kRemoveOne);
  }
  for (const auto& item : system.sudoers) {
    add("/etc/sudoers.d/" + *item.name, "sudoers", kRemoveOne);
  }
  for (const UnitRequest& unit : system.units) {
    const std::string path = "/etc/systemd/system/" + *unit.name;
    if (unit.content || unit.source) add(path, "units", kRemoveOne);
    for (const DropInRequest& drop_in : unit.drop_ins) {
      add(fmt::format("{}.d/{}", path, *drop_in.name), "units", kRemoveOne);
    }
  }
  for (const auto& unit : system.services.mask) {
    add("/etc/systemd/system/" + *unit, "services.mask", kRemoveOne);
  }
  for (const NetworkRequest& network : system.network) {
    add(fmt::format("/etc/systemd/network/{}.network", *network.name), "network", kRemoveOne);
  }
  for (const auto& certificate : system.ca_certificates) {
    add(fmt::format("/etc/pki/ca-trust/source/anchors/{}.pem", *certificate.name),
        "ca_certificates", kRemoveOne);
  }
}

// Which file of nftables it is, the image's own service says: Fedora and Azure Linux have it
// elsewhere than Debian. The other one would not be loaded.
void OwnPaths::add_firewall(const FirewallRequest& firewall) {
  const auto& backend = firewall.backend;
  if (!backend || **backend == FirewallBackend::nftables) {
    add("/etc/sysconfig/nftables.conf", "firewall", kRemoveOne);
    add("/etc/nftables.conf", "firewall", kRemoveOne);
  }
  if (!backend || **backend == FirewallBackend::firewalld) {
    add("/etc/firewalld/zones/public.xml", "firewall", kRemoveOne);
  }
}

void OwnPaths::add_repositories(const Blueprint& blueprint) {
  for (const RepositoryRequest& repository : blueprint.repositories) {
    if (!repository.in_image || !**repository.in_image) continue;
    add(fmt::format("/etc/yum.repos.d/{}.repo", *repository.id), "repositories", kRemoveOne);
    add("/etc/pki/rpm-gpg/RPM-GPG-KEY-" + *repository.id, "repositories", kRemoveOne);
  }
}

}  // namespace composer
