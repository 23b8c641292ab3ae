#include "composer/lint/boot_entries.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>

#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"
#include "composer/lint/portable_executable.h"

namespace composer::lint {
namespace {

constexpr std::size_t kMostEntries = 256;

/// Replaces `$name` and `${name}` by what grubenv has; unknown ones become nothing, as in GRUB.
std::string expanded(std::string_view text, const std::map<std::string, std::string>& variables) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      out += text[i++];
      continue;
    }
    const bool braced = i + 1 < text.size() && text[i + 1] == '{';
    std::size_t at = i + (braced ? 2 : 1);
    std::string name;
    while (at < text.size() &&
           (text[at] == '_' || std::isalnum(static_cast<unsigned char>(text[at])) != 0)) {
      name += text[at++];
    }
    if (braced && at < text.size() && text[at] == '}') ++at;
    if (const auto found = variables.find(name); found != variables.end()) out += found->second;
    i = std::max(at, i + 1);
  }
  return out;
}

class Reading {
 public:
  Reading(const ReadRoot& root, const std::string& esp) : root_(root), esp_(esp) {}

  BootEntries take() {
    for (const std::string& folder : grub_folders()) {
      read_variables(folder + "/grubenv");
      read_grub(folder + "/grub.cfg");
    }
    // As GRUB's blscfg: what grub.cfg sets holds where grubenv sets nothing.
    if (const auto found = variables_.find("default_kernelopts"); found != variables_.end()) {
      variables_.try_emplace("kernelopts", found->second);
    }
    for (const std::string& folder : folders("loader/entries")) {
      for (const std::string& name : root_.list(folder)) {
        if (name.ends_with(".conf")) read_loader_entry(fmt::format("{}/{}", folder, name));
      }
    }
    for (const std::string& folder : folders("EFI/Linux")) {
      for (const std::string& name : root_.list(folder)) {
        if (name.ends_with(".efi")) read_unified(fmt::format("{}/{}", folder, name));
      }
    }
    return std::move(found_);
  }

 private:
  /// GRUB's own, and those of vendors on the ESP: a whole configuration, or one that names the
  /// other.
  std::vector<std::string> grub_folders() const {
    std::vector<std::string> all{"/boot/grub2", "/boot/grub"};
    if (!esp_.empty()) {
      for (const std::string& vendor : root_.list(esp_ + "/EFI")) {
        all.push_back(fmt::format("{}/EFI/{}", esp_, vendor));
      }
    }
    return all;
  }

  void read_variables(const std::string& place) {
    const auto text = read_config(root_, place);
    if (!text) return;
    for (auto& [key, value] : shell_assignments(*text)) variables_[key] = value;
  }

  /// `load_env -f FILE`, with which Azure Linux 2 and 3 read the kernel's arguments.
  void load_environment(const std::vector<std::string>& words) {
    for (std::size_t i = 1; i + 1 < words.size(); ++i) {
      if (words[i] != "-f" && words[i] != "--file") continue;
      BootEntry unused;
      read_variables(resolved(words[i + 1], unused));
    }
  }

  /// Where boot loaders look for `name`: on the ESP and on /boot, each place once.
  std::vector<std::string> folders(std::string_view name) const {
    std::vector<std::string> places;
    if (!esp_.empty()) places.push_back(fmt::format("{}/{}", esp_, name));
    if (esp_ != "/boot") places.push_back(fmt::format("/boot/{}", name));
    return places;
  }

  /// The path in the image of a file that a boot loader names: from the root filesystem, a /boot
  /// of its own, or the ESP.
  std::string resolved(std::string_view written, BootEntry& entry) const {
    std::string path(written);
    if (const std::size_t close = path.find(')'); path.starts_with('(') && close != path.npos) {
      path.erase(0, close + 1);  // GRUB's `($root)`
    }
    if (!path.starts_with('/')) path.insert(0, 1, '/');
    for (const std::string& base : {std::string(), std::string("/boot"), esp_}) {
      std::string candidate = base + path;
      if (root_.exists(candidate)) return without_links(std::move(candidate));
    }
    entry.missing.push_back(path);
    return path;
  }

  /// What a link like /boot/vmlinuz leads to.
  std::string without_links(std::string path) const {
    constexpr int kMostLinks = 8;
    for (int links = 0; links < kMostLinks; ++links) {
      const auto target = root_.read_link(path);
      if (!target || target->empty()) break;
      if (target->starts_with('/')) {
        path = *target;
      } else {
        path = (std::filesystem::path(path).parent_path() / *target).lexically_normal().string();
      }
    }
    return path;
  }

  /// memtest86+ is in GRUB's menu too.
  static bool is_no_system(std::string_view kernel) {
    return kernel.substr(kernel.rfind('/') + 1).starts_with("memtest");
  }

  void add(BootEntry entry) {
    if (found_.entries.size() >= kMostEntries) return;
    found_.entries.push_back(std::move(entry));
  }

  void read_grub(const std::string& place) {
    const auto text = read_config(root_, place);
    if (!text) return;
    const std::size_t before = found_.entries.size();
    bool is_system = false;
    for (const std::string_view line : settings_of(*text)) {
      // `set kernelopts="…"` in the file itself, as grub2-mkconfig with BLS writes it.
      if (line.starts_with("set ")) {
        for (auto& [key, value] : shell_assignments(line.substr(4))) variables_[key] = value;
        continue;
      }
      const std::string whole = expanded(line, variables_);
      std::vector<std::string> words = kernel_arguments_of(whole);
      if (words.size() < 2) continue;
      if (words[0] == "load_env") load_environment(words);
      if (words[0] == "linux" || words[0] == "linuxefi" || words[0] == "linux16") {
        is_system = !is_no_system(words[1]);
        if (!is_system) continue;
        BootEntry entry;
        entry.place = place;
        entry.kernel = resolved(words[1], entry);
        entry.arguments.assign(words.begin() + 2, words.end());
        add(std::move(entry));
      } else if (words[0].starts_with("initrd") && is_system && found_.entries.size() > before) {
        BootEntry& entry = found_.entries.back();
        for (std::size_t i = 1; i < words.size(); ++i) {
          entry.initramfs.push_back(resolved(words[i], entry));
        }
      }
    }
  }

  void read_loader_entry(const std::string& place) {
    const auto text = read_config(root_, place);
    if (!text) return;
    BootEntry entry;
    entry.place = place;
    for (const std::string_view line : settings_of(*text)) {
      const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
      const std::string_view key = line.substr(0, blank);
      const std::string value = expanded(trimmed(line.substr(blank)), variables_);
      if (key == "linux") {
        entry.kernel = resolved(value, entry);
      } else if (key == "efi" || key == "uki") {
        // Any EFI program: a shell, another system. A unified kernel image is read as one.
        const std::string program = resolved(value, entry);
        if (entry.missing.empty() && is_unified(program)) read_unified(program);
        if (entry.missing.empty()) return;
        entry.kernel = program;
      } else if (key == "initrd") {
        for (const std::string_view word : words_of(value)) {
          entry.initramfs.push_back(resolved(word, entry));
        }
      } else if (key == "options") {
        for (std::string& argument : kernel_arguments_of(value)) {
          entry.arguments.push_back(std::move(argument));
        }
      } else if (key == "version") {
        entry.version = value;
      }
    }
    if (entry.kernel.empty()) {
      found_.problems.push_back(fmt::format("{} names no kernel", place));
      return;
    }
    add(std::move(entry));
  }

  void read_unified(const std::string& place) {
    const auto bytes = root_.read(place);
    const auto pe = bytes ? read_portable_executable(*bytes) : std::nullopt;
    const auto linux_section = pe ? pe->section(".linux") : std::nullopt;
    if (!linux_section) {
      found_.problems.push_back(fmt::format("{} is no unified kernel image", place));
      return;
    }
    BootEntry entry;
    entry.place = place;
    entry.kernel = place;
    entry.unified = true;
    entry.arguments = kernel_arguments_of(pe->section(".cmdline").value_or(""));
    std::string version(pe->section(".uname").value_or(""));
    version.resize(std::min(version.find('\0'), version.size()));
    entry.version = trimmed(version);
    if (!pe->section(".initrd")) entry.missing.push_back(place + " (section .initrd)");
    // Addons of this one and of all may bring more arguments.
    add_addons(place + ".extra.d", entry);
    add_addons(esp_ + "/loader/addons", entry);
    add(std::move(entry));
  }

  void add_addons(const std::string& folder, BootEntry& entry) const {
    for (const std::string& name : root_.list(folder)) {
      const auto addon = name.ends_with(".addon.efi")
                             ? root_.read(fmt::format("{}/{}", folder, name))
                             : std::nullopt;
      const auto pe = addon ? read_portable_executable(*addon) : std::nullopt;
      if (!pe) continue;
      for (std::string& argument : kernel_arguments_of(pe->section(".cmdline").value_or(""))) {
        entry.arguments.push_back(std::move(argument));
      }
    }
  }

  bool is_unified(const std::string& path) const {
    const auto bytes = root_.read(path);
    const auto pe = bytes ? read_portable_executable(*bytes) : std::nullopt;
    return pe && pe->section(".linux");
  }

  const ReadRoot& root_;
  const std::string& esp_;
  std::map<std::string, std::string> variables_;
  BootEntries found_;
};

}  // namespace

std::vector<std::string> BootEntry::values(std::string_view key) const {
  std::vector<std::string> values;
  for (const std::string& argument : arguments) {
    if (argument.starts_with(key) && argument.size() > key.size() && argument[key.size()] == '=') {
      values.push_back(argument.substr(key.size() + 1));
    }
  }
  return values;
}

bool BootEntry::has(std::string_view argument) const {
  return std::find(arguments.begin(), arguments.end(), argument) != arguments.end();
}

BootEntries read_boot_entries(const ReadRoot& root, const std::string& esp) {
  return Reading(root, esp).take();
}

}  // namespace composer::lint
