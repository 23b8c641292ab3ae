#include "composer/lint/system.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"
#include "composer/lint/initramfs_listing.h"
#include "composer/lint/portable_executable.h"
#include "composer/lint/sshd_options.h"

namespace composer::lint {
namespace {

constexpr std::uint64_t kMostFiles = 4'000'000;
constexpr int kDeepestFolder = 128;

template <typename T, typename Read>
const T& once(std::optional<T>& value, Read&& read) {
  if (!value) value = read();
  return *value;
}

class Walk {
 public:
  Walk(const ReadRoot& root, const std::string& esp) : root_(root), esp_(esp) {}

  TreeFacts take() {
    visit(std::string(), 0);
    return std::move(facts_);
  }

 private:
  void visit(const std::string& folder, int depth) {
    if (depth > kDeepestFolder) throw Error(ErrorKind::build, "its folders are nested without end");
    for (const std::string& name : root_.list(folder.empty() ? "/" : folder)) {
      const std::string path = folder + '/' + name;
      const auto status = root_.link_status(path);
      if (!status) continue;
      if (++facts_.files > kMostFiles) {
        throw Error(ErrorKind::build, "it has more than 4 million files");
      }
      if (status->kind == FileKind::regular) facts_.size += Bytes{status->size};
      if (is_labelled(path, status->kind) && !root_.xattr(path, "security.selinux")) {
        ++facts_.unlabelled;
        if (facts_.unlabelled_some.size() < 5) facts_.unlabelled_some.push_back(path);
      }
      if (status->kind == FileKind::directory) visit(path, depth + 1);
    }
  }

  /// vfat has no labels, what is mounted over some folders gets its own, and a few files no policy
  /// labels. Source: `<<none>>` in file_contexts of refpolicy 2.20250213 and Fedora's policy.
  bool is_labelled(const std::string& path, FileKind kind) const {
    if (!esp_.empty() && path.starts_with(esp_) &&
        (path.size() == esp_.size() || path[esp_.size()] == '/')) {
      return false;
    }
    for (const std::string_view other : {"/dev/", "/proc/", "/run/", "/sys/"}) {
      if (path.starts_with(other)) return false;
    }
    if (path == "/proc") return false;
    // Users' crontabs and jobs: their users' contexts are known only to cron.
    return kind != FileKind::regular ||
           (!path.starts_with("/var/spool/cron/") && !path.starts_with("/var/spool/at/"));
  }

  const ReadRoot& root_;
  const std::string& esp_;
  TreeFacts facts_;
};

std::string elf_architecture(std::string_view head) {
  if (!head.starts_with("\x7f"
                        "ELF") ||
      head.size() < 20) {
    return {};
  }
  if (head[4] == 1) return "32-bit";
  const int machine = static_cast<unsigned char>(head[18]) | static_cast<unsigned char>(head[19])
                                                                 << 8;
  // System V ABI, "ELF Header": EM_X86_64 is 62, EM_AARCH64 183.
  return machine == 62 ? "x86_64" : machine == 183 ? "aarch64" : std::string();
}

}  // namespace

std::optional<std::string> System::text(std::string_view path) const {
  return read_config(root(), path);
}

const std::vector<FstabEntry>& System::fstab() {
  return once(fstab_, [&] { return read_fstab(text("/etc/fstab").value_or("")); });
}

const BootEntries& System::boot_entries() {
  return once(entries_, [&] { return read_boot_entries(root(), subject_.esp); });
}

const std::vector<KernelFacts>& System::kernels() {
  return once(kernels_, [&] { return read_kernels(root()); });
}

const std::set<std::string>& System::initramfs_of(const KernelFacts& kernel) {
  const auto known = initramfs_.find(kernel.version);
  if (known != initramfs_.end()) return known->second;
  const auto keep = [&](std::string_view bytes) -> const std::set<std::string>& {
    return initramfs_[kernel.version] = list_initramfs(bytes);
  };
  std::vector<std::string> paths;
  for (const BootEntry& entry : boot_entries().entries) {
    if (!starts(entry, kernel)) continue;
    if (entry.unified) {
      const auto bytes = root().read(entry.kernel);
      const auto pe = bytes ? read_portable_executable(*bytes) : std::nullopt;
      if (const auto initrd = pe ? pe->section(".initrd") : std::nullopt) return keep(*initrd);
    }
    if (!entry.initramfs.empty()) paths.push_back(entry.initramfs.back());
  }
  paths.push_back(fmt::format("/boot/initramfs-{}.img", kernel.version));
  paths.push_back(fmt::format("/boot/initrd.img-{}", kernel.version));
  for (const std::string& path : paths) {
    if (const auto bytes = root().read(path)) return keep(*bytes);
  }
  throw Error(ErrorKind::build,
              fmt::format("there is no initramfs for kernel {}", shown(kernel.version)));
}

const std::map<std::string, std::string>& System::denied_modules() {
  return once(denied_, [&] { return lint::denied_modules(root()); });
}

const std::map<std::string, std::string>& System::sshd_options() {
  return once(sshd_, [&] { return read_sshd_options(root()); });
}

const std::map<std::string, std::string>& System::os_release() {
  return once(os_release_, [&] {
    auto found = text("/etc/os-release");
    if (!found) found = text("/usr/lib/os-release");
    return shell_assignments(found.value_or(""));
  });
}

const std::map<std::string, std::string>& System::waagent_options() {
  return once(waagent_, [&] { return agent_options(text("/etc/waagent.conf").value_or("")); });
}

std::optional<std::vector<std::string>> System::cloud_list(std::string_view key) {
  std::vector<std::string> files{"/etc/cloud/cloud.cfg"};
  for (const std::string& name : root().list("/etc/cloud/cloud.cfg.d")) {
    if (name.ends_with(".cfg")) files.push_back("/etc/cloud/cloud.cfg.d/" + name);
  }
  std::optional<std::vector<std::string>> items;
  for (const std::string& file : files) {
    const YamlList list = yaml_list(text(file).value_or(""), key);
    if (list.state == YamlList::State::not_understood) {
      throw Error(ErrorKind::build,
                  fmt::format("'{}' in {} is written in a way that is not understood", key, file));
    }
    if (list.state == YamlList::State::read) items = list.items;
  }
  return items;
}

const TreeFacts& System::tree() {
  return once(tree_, [&] { return Walk(root(), subject_.esp).take(); });
}

bool System::is_azure_linux() {
  const auto id = os_release().find("ID");
  return id != os_release().end() && id->second == "azurelinux";
}

const std::string& System::architecture() {
  if (!architecture_.empty()) return architecture_;
  for (const char* program :
       {"/usr/bin/bash", "/usr/lib/systemd/systemd", "/usr/bin/sh", "/usr/bin/ls",
        "/usr/lib64/libc.so.6", "/usr/sbin/ldconfig", "/bin/sh", "/bin/ls"}) {
    const auto status = root().status(program);
    if (!status || status->kind != FileKind::regular) continue;
    architecture_ = elf_architecture(root().read_at(program, 0, 64).value_or(""));
    if (!architecture_.empty()) return architecture_;
  }
  return architecture_ = "unknown";
}

const InstalledPackage* System::package(std::initializer_list<std::string_view> names) const {
  if (!subject_.packages) {
    throw Error(ErrorKind::build, subject_.packages_problem.empty()
                                      ? std::string("it is not known what packages are installed")
                                      : subject_.packages_problem);
  }
  for (const std::string_view name : names) {
    for (const InstalledPackage& package : *subject_.packages) {
      if (package.name == name) return &package;
    }
  }
  return nullptr;
}

}  // namespace composer::lint
