#include "composer/lint/kernels.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

constexpr std::uint64_t kLargestText = 16 << 20;

std::string text_of(const ReadRoot& root, const std::string& path) {
  const auto status = root.status(path);
  if (!status || status->kind != FileKind::regular || status->size > kLargestText) return {};
  return root.read(path).value_or("");
}

void read_modules(const ReadRoot& root, KernelFacts& kernel) {
  const std::string builtin = text_of(root, kernel.modules + "/modules.builtin");
  for (const std::string_view line : settings_of(builtin)) {
    kernel.builtin.insert(module_name(line));
  }
  const std::string dependencies = text_of(root, kernel.modules + "/modules.dep");
  kernel.has_modules_dep = !dependencies.empty();
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
    if (!kernel.configured.empty()) return;
  }
}

}  // namespace

std::string module_name(std::string_view path) {
  path.remove_prefix(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  const std::size_t ko = path.find(".ko");
  std::string name(path.substr(0, ko));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool KernelFacts::has(std::string_view module) const {
  return builtin.contains(std::string(module)) || modular.contains(std::string(module));
}

std::vector<KernelFacts> read_kernels(const ReadRoot& root) {
  std::map<std::string, KernelFacts> kernels;
  for (const std::string& version : root.list("/usr/lib/modules")) {
    const std::string folder = fmt::format("/usr/lib/modules/{}", version);
    const auto status = root.status(folder);
    if (!status || status->kind != FileKind::directory) continue;
    KernelFacts& kernel = kernels[version];
    kernel.modules = folder;
    for (const char* name : {"vmlinuz", "vmlinuz-virt.efi"}) {
      const std::string image = fmt::format("{}/{}", folder, name);
      if (kernel.image.empty() && root.exists(image)) kernel.image = image;
    }
  }
  for (const std::string& name : root.list("/boot")) {
    if (!name.starts_with("vmlinuz-") || name.ends_with(".hmac")) continue;
    KernelFacts& kernel = kernels[name.substr(8)];
    kernel.image = fmt::format("/boot/{}", name);
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
  // By name: a name in /etc hides the same in /usr.
  std::map<std::string, std::string> files;
  for (const char* folder :
       {"/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d"}) {
    for (const std::string& name : root.list(folder)) {
      if (name.ends_with(".conf")) files.try_emplace(name, fmt::format("{}/{}", folder, name));
    }
  }
  std::map<std::string, std::string> denied;
  for (const auto& [name, path] : files) {
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
