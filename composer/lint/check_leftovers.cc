#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Groups 24 and 25: what an image must not have, since every machine that is made of it would have
// the same.

namespace composer::lint {
namespace {

/// Files below a folder, an empty one in it counting for nothing: the first few, and how many.
class Leftovers {
 public:
  explicit Leftovers(const ReadRoot& root) : root_(root) {}

  /// @param least  Bytes that a regular file must have.
  void look(const std::string& folder, std::uint64_t least = 0, int depth = 0) {
    for (const std::string& name : root_.list(folder)) {
      const std::string path = fmt::format("{}/{}", folder, name);
      const auto status = root_.link_status(path);
      if (!status || (status->kind == FileKind::regular && status->size < least)) continue;
      if (status->kind == FileKind::directory && depth < kDeepest && count_ < kMostCounted) {
        look(path, least, depth + 1);
        continue;
      }
      if (least > 0 && status->kind != FileKind::regular) continue;
      if (++count_ <= kMostShown) found_.push_back(fmt::format("{} is there", shown(path)));
    }
  }

  Verdict verdict() && {
    if (count_ > kMostShown) found_.push_back(fmt::format("and {} more", count_ - kMostShown));
    return failed_if(std::move(found_));
  }

 private:
  static constexpr std::size_t kMostShown = 5, kMostCounted = 100'000;
  static constexpr int kDeepest = 32;

  const ReadRoot& root_;
  std::size_t count_ = 0;
  std::vector<std::string> found_;
};

Verdict empty_folders(const Examination& examination, std::initializer_list<const char*> folders) {
  Leftovers left(examination.system.root());
  for (const char* folder : folders) left.look(folder);
  return std::move(left).verdict();
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
  std::vector<std::string> found;
  // Missing counts as unset where /etc can be written. D-Bus had one of its own, and systemd takes
  // it over where the first is empty.
  for (const char* path : {"/etc/machine-id", "/var/lib/dbus/machine-id"}) {
    const std::string text = examination.system.text(path).value_or("");
    const std::string_view id = trimmed(text);
    if (!id.empty() && id != "uninitialized") found.push_back(fmt::format("{} has an id", path));
  }
  return failed_if(std::move(found));
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
  return empty_folders(examination, {"/var/lib/cloud"});
}

Verdict check_no_logs(const Examination& examination) {
  Leftovers left(examination.system.root());
  left.look("/var/log", 1);
  return std::move(left).verdict();
}

Verdict check_no_random_seed(const Examination& examination) {
  std::vector<std::string> paths{"/var/lib/systemd/random-seed", "/var/lib/random-seed",
                                 "/var/lib/urandom/random-seed"};
  if (const std::string& esp = examination.subject.esp; !esp.empty()) {
    paths.push_back(esp + "/loader/random-seed");
  }
  if (examination.subject.esp != "/boot") paths.emplace_back("/boot/loader/random-seed");
  return failed_if(files_with_content(examination, paths));
}

Verdict check_no_package_caches(const Examination& examination) {
  Leftovers left(examination.system.root());
  // apt leaves an empty file to lock.
  for (const char* folder :
       {"/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/tdnf", "/var/cache/yum",
        "/var/cache/zypp", "/var/cache/apt/archives", "/var/lib/apt/lists"}) {
    left.look(folder, 1);
  }
  return std::move(left).verdict();
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
  const ReadRoot& root = examination.system.root();
  // mkswap(8) signs the end of the first page.
  constexpr std::uint64_t kSignatureAt = 4086;
  constexpr std::string_view kSignature = "SWAPSPACE2";
  std::vector<std::string> found;
  for (const char* folder : {"", "/mnt", "/mnt/resource", "/opt", "/swap", "/var", "/var/lib"}) {
    for (const std::string& name : root.list(*folder == '\0' ? "/" : folder)) {
      const std::string path = fmt::format("{}/{}", folder, name);
      const auto status = root.link_status(path);
      if (!status || status->kind != FileKind::regular) continue;
      const bool named = name == "swapfile" || name == "swap.img" || name == "swap";
      if (named || root.read_at(path, kSignatureAt, kSignature.size()) == kSignature) {
        found.push_back(fmt::format("{} has {}", shown(path), to_text(Bytes{status->size})));
      }
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
  for (std::string& file : drop_in_files(
           system.root(),
           {"/etc/systemd/zram-generator.conf.d", "/usr/local/lib/systemd/zram-generator.conf.d",
            "/usr/lib/systemd/zram-generator.conf.d"},
           ".conf")) {
    files.push_back(std::move(file));
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
