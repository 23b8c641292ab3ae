#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Groups 24 and 25: what an image must not have, since every machine that is made of it would have
// the same.

namespace composer::lint {
namespace {

constexpr std::size_t kMostShown = 5;

/// What is in these folders, up to five names.
Verdict empty_folders(const Examination& examination,
                      std::initializer_list<std::string_view> folders) {
  std::vector<std::string> found;
  std::size_t more = 0;
  for (const std::string_view folder : folders) {
    for (const std::string& name : examination.system.root().list(folder)) {
      if (found.size() < kMostShown) {
        found.push_back(fmt::format("{}/{} is there", folder, shown(name)));
      } else {
        ++more;
      }
    }
  }
  if (more > 0) found.push_back(fmt::format("and {} more", more));
  return failed_if(std::move(found));
}

/// Regular files that are not empty, among these paths.
std::vector<std::string> files_with_content(const Examination& examination,
                                            const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    const auto status = examination.system.root().link_status(path);
    if (status && status->kind == FileKind::regular && status->size > 0) {
      found.push_back(fmt::format("{} has {} bytes", shown(path), status->size));
    }
  }
  return found;
}

}  // namespace

Verdict check_no_ssh_host_keys(const Examination& examination) {
  std::vector<std::string> found;
  for (const std::string& name : examination.system.root().list("/etc/ssh")) {
    if (name.starts_with("ssh_host_") && name.find("key") != std::string::npos) {
      found.push_back(fmt::format("/etc/ssh/{} is there", shown(name)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_machine_id_unset(const Examination& examination) {
  const auto text = examination.system.text("/etc/machine-id");
  if (!text) return passed();  // Missing counts as unset where /etc can be written.
  const std::string_view id = trimmed(*text);
  if (id.empty() || id == "uninitialized") return passed();
  return failed("/etc/machine-id has an id");
}

Verdict check_no_resolver_leftovers(const Examination& examination) {
  const auto link = examination.system.root().link_status("/etc/resolv.conf");
  if (!link || link->kind != FileKind::regular) return passed();
  const std::string text = examination.system.text("/etc/resolv.conf").value_or("");
  for (const std::string_view line : settings_of(text)) {
    if (line.starts_with("nameserver") || line.starts_with("search")) {
      return failed(fmt::format("/etc/resolv.conf has '{}'", shown(line)));
    }
  }
  return passed();
}

Verdict check_no_dhcp_leases(const Examination& examination) {
  return empty_folders(
      examination, {"/var/lib/dhclient", "/var/lib/dhcp", "/var/lib/dhcpcd",
                    "/var/lib/systemd/network", "/var/lib/NetworkManager", "/run/systemd/netif"});
}

Verdict check_no_agent_state(const Examination& examination) {
  return empty_folders(examination, {"/var/lib/waagent"});
}

Verdict check_no_cloud_init_state(const Examination& examination) {
  std::vector<std::string> found;
  for (const char* folder : {"/var/lib/cloud/instances", "/var/lib/cloud/instance",
                             "/var/lib/cloud/data", "/var/lib/cloud/sem"}) {
    for (const std::string& name : examination.system.root().list(folder)) {
      found.push_back(fmt::format("{}/{} is there", folder, shown(name)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_no_logs(const Examination& examination) {
  std::vector<std::string> paths;
  for (const char* name :
       {"waagent.log", "cloud-init.log", "cloud-init-output.log", "wtmp", "btmp", "lastlog",
        "dnf.log", "dnf5.log", "messages", "secure", "audit/audit.log"}) {
    paths.push_back(fmt::format("/var/log/{}", name));
  }
  std::vector<std::string> found = files_with_content(examination, paths);
  for (const char* folder : {"/var/log/journal", "/var/log/azure", "/var/log/waagent"}) {
    for (const std::string& name : examination.system.root().list(folder)) {
      found.push_back(fmt::format("{}/{} is there", folder, shown(name)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_no_random_seed(const Examination& examination) {
  std::vector<std::string> paths{"/var/lib/systemd/random-seed", "/var/lib/random-seed",
                                 "/var/lib/urandom/random-seed"};
  if (const std::string& esp = examination.subject.esp; !esp.empty()) {
    paths.push_back(esp + "/loader/random-seed");
  }
  return failed_if(files_with_content(examination, paths));
}

Verdict check_no_package_caches(const Examination& examination) {
  return empty_folders(examination, {"/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/tdnf",
                                     "/var/cache/yum", "/var/cache/zypp"});
}

Verdict check_no_temporary_files(const Examination& examination) {
  return empty_folders(examination, {"/tmp", "/var/tmp"});
}

Verdict check_hostname_not_fixed(const Examination& examination) {
  const std::string text = examination.system.text("/etc/hostname").value_or("");
  for (const std::string_view line : settings_of(text)) {
    if (line != "localhost" && line != "localhost.localdomain") {
      return failed(fmt::format("/etc/hostname has '{}'", shown(line)));
    }
  }
  return passed();
}

Verdict check_no_swap_partition(const Examination& examination) {
  const Subject& subject = examination.subject;
  std::vector<std::string> found;
  for (const DiskPartition& partition : subject.disk->partitions) {
    const DiskFilesystem* filesystem = subject.filesystem_of(partition);
    // Type GUID: Discoverable Partitions Specification; MBR type 82h.
    if (partition.type_id == "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F" || partition.type_id == "82" ||
        (filesystem != nullptr && filesystem->type == "swap")) {
      found.push_back(fmt::format("partition {} is swap space", partition.number));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_no_fstab_swap(const Examination& examination) {
  std::vector<std::string> found;
  for (const FstabEntry& entry : examination.system.fstab()) {
    if (entry.type == "swap") {
      found.push_back(fmt::format("/etc/fstab:{}: {}", entry.line, shown(entry.device)));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_no_swap_file(const Examination& examination) {
  std::vector<std::string> found;
  for (const char* path : {"/swapfile", "/swap.img", "/swap", "/var/swapfile", "/var/swap",
                           "/mnt/swapfile", "/swap/swapfile"}) {
    const auto status = examination.system.root().link_status(path);
    if (status && status->kind == FileKind::regular) {
      found.push_back(fmt::format("{} has {}", path, to_text(Bytes{status->size})));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_no_zram_section(const Examination& examination) {
  System& system = examination.system;
  // zram-generator(8): the first of these is the one, drop-ins add to it.
  std::vector<std::string> files;
  for (const char* path :
       {"/etc/systemd/zram-generator.conf", "/usr/local/lib/systemd/zram-generator.conf",
        "/usr/lib/systemd/zram-generator.conf"}) {
    const auto link = system.root().link_status(path);
    if (files.empty() && link) files.emplace_back(path);
  }
  for (const char* folder :
       {"/etc/systemd/zram-generator.conf.d", "/usr/lib/systemd/zram-generator.conf.d"}) {
    for (const std::string& name : system.root().list(folder)) {
      files.push_back(fmt::format("{}/{}", folder, name));
    }
  }
  std::vector<std::string> found;
  for (const std::string& file : files) {
    for (const IniSection& section : ini_sections(system.text(file).value_or(""))) {
      if (section.name.starts_with("zram")) {
        found.push_back(fmt::format("{} has [{}]", shown(file), shown(section.name)));
      }
    }
  }
  return failed_if(std::move(found));
}

}  // namespace composer::lint
