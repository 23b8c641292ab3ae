#include "composer/lint/kernels.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

/// modules.dep of a distribution's kernel has half a MiB.
constexpr std::uint64_t kLargestList = 16 << 20;

std::string text_of(const ReadRoot& root, const std::string& path) {
  return read_config(root, path, kLargestList).value_or("");
}

/// For kernels without modules.builtin: what the option says that compiles the module in.
constexpr std::pair<const char*, const char*> kOptions[] = {
    {"CONFIG_HYPERV", "hv_vmbus"},
    {"CONFIG_HYPERV_STORAGE", "hv_storvsc"},
    {"CONFIG_HYPERV_NET", "hv_netvsc"},
    {"CONFIG_HYPERV_UTILS", "hv_utils"},
    {"CONFIG_HYPERV_BALLOON", "hv_balloon"},
    {"CONFIG_HID_HYPERV_MOUSE", "hid_hyperv"},
    {"CONFIG_HYPERV_KEYBOARD", "hyperv_keyboard"},
    {"CONFIG_PCI_HYPERV", "pci_hyperv"},
    {"CONFIG_MLX4_CORE", "mlx4_core"},
    {"CONFIG_MLX5_CORE", "mlx5_core"},
    {"CONFIG_MICROSOFT_MANA", "mana"},
    {"CONFIG_BLK_DEV_NVME", "nvme"},
    {"CONFIG_CIFS", "cifs"},
    {"CONFIG_VFAT_FS", "vfat"},
    {"CONFIG_UDF_FS", "udf"}};

void read_modules(const ReadRoot& root, KernelFacts& kernel) {
  const std::string builtin = text_of(root, kernel.modules + "/modules.builtin");
  for (const std::string_view line : settings_of(builtin)) {
    kernel.builtin.insert(module_name(line));
  }
  // Of a kernel with everything built in the file is there and empty.
  kernel.has_modules_dep = root.exists(kernel.modules + "/modules.dep");
  const std::string dependencies = text_of(root, kernel.modules + "/modules.dep");
  for (const std::string_view line : settings_of(dependencies)) {
    const std::string_view path = line.substr(0, line.find(':'));
    // A module that is listed and was removed is not there.
    if (root.exists(fmt::format("{}/{}", kernel.modules, path))) {
      kernel.modular.emplace(module_name(path), path);
    }
  }
}

void read_configuration(const ReadRoot& root, KernelFacts& kernel) {
  for (const std::string& path :
       {fmt::format("{}/config", kernel.modules), fmt::format("/boot/config-{}", kernel.version)}) {
    kernel.configured = shell_assignments(text_of(root, path));
    if (!kernel.configured.empty()) break;
  }
  const auto is_builtin = [&](const char* option) {
    const auto found = kernel.configured.find(option);
    return found != kernel.configured.end() && found->second == "y";
  };
  for (const auto& [option, module] : kOptions) {
    if (is_builtin(option)) kernel.builtin.insert(module);
  }
  kernel.is_monolithic = !kernel.configured.empty() && !is_builtin("CONFIG_MODULES");
}

/// `kernel` and the lists of built-in modules come with the kernel's packages; a folder without
/// them holds what another package, or a removed kernel, has left.
bool is_of_kernel(const ReadRoot& root, const std::string& folder) {
  for (const char* name : {"kernel", "modules.builtin", "modules.dep", "vmlinuz"}) {
    if (root.exists(fmt::format("{}/{}", folder, name))) return true;
  }
  return false;
}

}  // namespace

std::string module_name(std::string_view path) {
  path.remove_prefix(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  const std::size_t ko = path.find(".ko");
  std::string name(path.substr(0, ko));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool names_version(std::string_view path, std::string_view version) {
  if (version.empty()) return false;
  for (std::size_t at = path.find(version); at != std::string_view::npos;
       at = path.find(version, at + 1)) {
    const std::string_view rest = path.substr(at + version.size());
    const bool begins =
        at == 0 || std::string_view("/-_").find(path[at - 1]) != std::string_view::npos;
    // `+3` counts what is left of the attempts to start it.
    const bool ends = rest.empty() || rest.front() == '/' || rest.front() == '+' ||
                      rest.starts_with(".efi") || rest.starts_with(".img") ||
                      rest.starts_with(".conf");
    if (begins && ends) return true;
  }
  return false;
}

bool starts(const BootEntry& entry, const KernelFacts& kernel) {
  return (!kernel.image.empty() && entry.kernel == kernel.image) ||
         entry.version == kernel.version || names_version(entry.kernel, kernel.version);
}

bool KernelFacts::has(std::string_view module) const {
  return builtin.contains(std::string(module)) || modular.contains(std::string(module));
}

std::vector<KernelFacts> read_kernels(const ReadRoot& root) {
  std::map<std::string, KernelFacts> kernels;
  // Where /lib is no link to usr/lib, modules are in /lib.
  for (const char* all_modules : {"/usr/lib/modules", "/lib/modules"}) {
    for (const std::string& version : root.list(all_modules)) {
      const std::string folder = fmt::format("{}/{}", all_modules, version);
      const auto status = root.status(folder);
      if (!status || status->kind != FileKind::directory || !is_of_kernel(root, folder)) continue;
      KernelFacts& kernel = kernels[version];
      if (kernel.modules.empty()) kernel.modules = folder;
    }
  }
  for (auto& [version, kernel] : kernels) {
    for (const char* name : {"vmlinuz", "vmlinuz-virt.efi"}) {
      const std::string image = fmt::format("{}/{}", kernel.modules, name);
      if (kernel.image.empty() && root.exists(image)) kernel.image = image;
    }
  }
  for (const std::string& name : root.list("/boot")) {
    // arm64 kernels that are not compressed are an Image.
    const std::size_t prefix = name.starts_with("vmlinuz-") ? 8
                               : name.starts_with("Image-") ? 6
                                                            : 0;
    const std::string path = fmt::format("/boot/{}", name);
    const auto status = root.link_status(path);
    if (prefix == 0 || name.ends_with(".hmac") || !status || status->kind != FileKind::regular) {
      continue;
    }
    kernels[name.substr(prefix)].image = path;
  }
  std::vector<KernelFacts> all;
  for (auto& [version, kernel] : kernels) {
    // A rescue kernel has no modules of its own version.
    if (version.starts_with("0-rescue")) continue;
    kernel.version = version;
    if (!kernel.modules.empty()) read_modules(root, kernel);
    read_configuration(root, kernel);
    all.push_back(std::move(kernel));
  }
  return all;
}

std::map<std::string, std::string> denied_modules(const ReadRoot& root) {
  std::map<std::string, std::string> denied;
  for (const std::string& path :
       drop_in_files(root,
                     {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d",
                      "/usr/lib/modprobe.d", "/lib/modprobe.d"},
                     ".conf")) {
    const std::string text = text_of(root, path);
    for (const std::string_view line : settings_of(text)) {
      const auto words = words_of(line);
      if (words.size() < 2) continue;
      const bool replaced = words[0] == "install" && words.size() > 2 &&
                            (words[2].ends_with("/true") || words[2].ends_with("/false") ||
                             words[2] == "true" || words[2] == "false" || words[2] == ":");
      if (words[0] == "blacklist" || replaced) denied.emplace(module_name(words[1]), path);
    }
  }
  return denied;
}

}  // namespace composer::lint
