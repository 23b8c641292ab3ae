#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Group 23 and parts of 26: who may log in, and what guards it.

namespace composer::lint {
namespace {

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    const std::size_t colon = line.find(':');
    fields.push_back(line.substr(0, colon));
    if (colon == std::string_view::npos) return fields;
    line.remove_prefix(colon + 1);
  }
}

/// Whether crypt(5) could have made it: with its method before it, or 13 characters of the old one.
bool is_hash(std::string_view text) {
  if (text.starts_with('$') || text.starts_with('_')) return text.size() > 1;
  return text.size() == 13 && std::all_of(text.begin(), text.end(), [](char c) {
           return c == '.' || c == '/' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                  (c >= 'A' && c <= 'Z');
         });
}

/// What is wrong with a password field; empty when nothing. shadow(5): what no crypt made (`!`,
/// `*`, `NP`) lets nobody in, and `!` before a hash locks it and leaves the secret to be read.
std::string_view wrong_with(std::string_view password) {
  if (password.empty()) return "an empty password";
  if (is_hash(password)) return "a password";
  password.remove_prefix(std::min(password.find_first_not_of('!'), password.size()));
  return password.starts_with('$') && is_hash(password) ? "the hash of a locked password" : "";
}

/// What is wrong with the passwords of the accounts that `ours` says.
template <typename Ours>
std::vector<std::string> passwords(System& system, Ours&& ours) {
  std::vector<std::string> found;
  const auto judge = [&](std::string_view name, std::string_view password, const char* file) {
    // `+` and `-` begin what NIS adds and takes away.
    if (name.starts_with('+') || name.starts_with('-')) return;
    const std::string_view wrong = wrong_with(password);
    if (!wrong.empty()) found.push_back(fmt::format("{} has {} in {}", shown(name), wrong, file));
  };
  const std::string shadow = system.text("/etc/shadow").value_or("");
  for (const std::string_view line : settings_of(shadow)) {
    const auto fields = fields_of(line);
    if (fields.size() > 1 && ours(fields[0])) judge(fields[0], fields[1], "/etc/shadow");
  }
  const std::string passwd = system.text("/etc/passwd").value_or("");
  for (const std::string_view line : settings_of(passwd)) {
    const auto fields = fields_of(line);
    // `x`: the hash is in /etc/shadow.
    if (fields.size() > 6 && ours(fields[0])) judge(fields[0], fields[1], "/etc/passwd");
  }
  return found;
}

std::vector<std::string> homes(System& system) {
  std::vector<std::string> all{"/root"};
  const std::string passwd = system.text("/etc/passwd").value_or("");
  for (const std::string_view line : settings_of(passwd)) {
    const auto fields = fields_of(line);
    if (fields.size() > 6 && fields[5].starts_with('/') && fields[5].size() > 1) {
      all.emplace_back(fields[5]);
    }
  }
  for (const std::string& name : system.root().list("/home")) all.push_back("/home/" + name);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

/// Shell histories and their sizes.
std::vector<std::pair<std::string, std::uint64_t>> histories(System& system) {
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (const std::string& home : homes(system)) {
    for (const char* name :
         {".bash_history", ".history", ".ash_history", ".zsh_history", ".python_history"}) {
      const std::string path = fmt::format("{}/{}", home, name);
      const auto status = system.root().link_status(path);
      if (status && status->kind == FileKind::regular) all.emplace_back(path, status->size);
    }
  }
  return all;
}

constexpr std::uint64_t kLongHistory = 1024;

}  // namespace

Verdict check_root_locked(const Examination& examination) {
  if (!examination.system.exists("/etc/shadow")) {
    return inapplicable("there is no /etc/shadow, so nobody logs in by password");
  }
  return failed_if(
      passwords(examination.system, [](std::string_view name) { return name == "root"; }));
}

Verdict check_no_passwords(const Examination& examination) {
  return failed_if(
      passwords(examination.system, [](std::string_view name) { return name != "root"; }));
}

Verdict check_no_authorized_keys(const Examination& examination) {
  System& system = examination.system;
  std::vector<std::string> paths;
  for (const std::string& home : homes(system)) {
    for (const char* name : {"authorized_keys", "authorized_keys2"}) {
      paths.push_back(fmt::format("{}/.ssh/{}", home, name));
    }
  }
  // `AuthorizedKeysFile /etc/ssh/keys/%u`: whatever is in that folder.
  const auto& options = system.sshd_options();
  if (const auto found = options.find("authorizedkeysfile"); found != options.end()) {
    for (const std::string_view pattern : words_of(found->second)) {
      if (!pattern.starts_with('/')) continue;
      const std::string folder(pattern.substr(0, pattern.rfind('/')));
      if (folder.find('%') != std::string::npos) continue;
      if (pattern.find('%') == std::string_view::npos) paths.emplace_back(pattern);
      if (pattern.ends_with("/%u")) {
        for (const std::string& name : system.root().list(folder)) {
          paths.push_back(fmt::format("{}/{}", folder, name));
        }
      }
    }
  }
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    const std::string keys = system.text(path).value_or("");
    if (!settings_of(keys).empty()) found.push_back(fmt::format("{} has keys", shown(path)));
  }
  return failed_if(std::move(found));
}

Verdict check_no_targetpw(const Examination& examination) {
  System& system = examination.system;
  // SUSE keeps the one that its package brings in /usr/etc.
  std::vector<std::string> files{system.exists("/etc/sudoers") ? "/etc/sudoers"
                                                               : "/usr/etc/sudoers"};
  for (const std::string& name : system.root().list("/etc/sudoers.d")) {
    // sudoers(5): names with a dot or ending in `~` are passed over.
    if (name.find('.') == std::string::npos && !name.ends_with('~')) {
      files.push_back("/etc/sudoers.d/" + name);
    }
  }
  std::vector<std::string> found;
  for (const std::string& file : files) {
    const std::string text = system.text(file).value_or("");
    for (const std::string_view line : settings_of(text)) {
      std::string words(line.substr(0, line.find(" #")));
      std::replace(words.begin(), words.end(), ',', ' ');
      const auto all = words_of(words);
      if (all[0].starts_with("Defaults") &&
          std::find(all.begin() + 1, all.end(), "targetpw") != all.end()) {
        found.push_back(fmt::format("{} has '{}'", file, shown(line)));
      }
    }
  }
  return failed_if(std::move(found));
}

Verdict check_shell_history_small(const Examination& examination) {
  std::vector<std::string> found;
  for (const auto& [path, size] : histories(examination.system)) {
    if (size > kLongHistory) found.push_back(fmt::format("{} has {} bytes", shown(path), size));
  }
  return failed_if(std::move(found));
}

Verdict check_shell_history_empty(const Examination& examination) {
  const bool azure =
      examination.profiles.meets(Profiles{LintProfile::azure_gen1, LintProfile::azure_gen2,
                                          LintProfile::trusted_launch, LintProfile::confidential});
  std::vector<std::string> found;
  for (const auto& [path, size] : histories(examination.system)) {
    // For Azure a longer one is an error already.
    if (size > 0 && !(azure && size > kLongHistory)) {
      found.push_back(fmt::format("{} has {} bytes", shown(path), size));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_umask(const Examination& examination) {
  const auto text = examination.system.text("/etc/login.defs");
  if (!text) return inapplicable("there is no /etc/login.defs");
  std::string value;
  for (const std::string_view line : settings_of(*text)) {
    const auto words = words_of(line);
    if (words.size() > 1 && words[0] == "UMASK") value = words[1];
  }
  unsigned mask = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), mask, 8);
  if (value.empty() || error != std::errc() || end != value.data() + value.size()) {
    return failed(value.empty() ? std::string("/etc/login.defs has no UMASK")
                                : fmt::format("UMASK is '{}'", shown(value)));
  }
  return (mask & 027) == 027 ? passed() : failed(fmt::format("UMASK is {}", shown(value)));
}

Verdict check_shadow_private(const Examination& examination) {
  System& system = examination.system;
  // Debian's and SUSE's programs read it as a group of its own.
  std::string shadow_group;
  if (!system.is_azure_linux()) {
    const std::string groups = system.text("/etc/group").value_or("");
    for (const std::string_view line : settings_of(groups)) {
      const auto fields = fields_of(line);
      if (fields.size() > 2 && fields[0] == "shadow") shadow_group = fields[2];
    }
  }
  std::vector<std::string> found;
  for (const char* path : {"/etc/shadow", "/etc/gshadow", "/etc/shadow-", "/etc/gshadow-"}) {
    const auto status = system.root().status(path);
    if (!status) continue;
    const bool group_reads = fmt::format("{}", status->gid) == shadow_group;
    const bool private_mode = (status->mode & (group_reads ? 0137U : 0177U)) == 0;
    if (!private_mode || status->uid != 0 || (status->gid != 0 && !group_reads)) {
      found.push_back(fmt::format("{} has mode {:04o}, owner {}:{}", path, status->mode,
                                  status->uid, status->gid));
    }
  }
  return failed_if(std::move(found));
}

}  // namespace composer::lint
