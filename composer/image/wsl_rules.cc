#include "composer/image/wsl_rules.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "composer/error.h"

namespace composer::image {
namespace {

constexpr std::string_view kDistribution = "/etc/wsl-distribution.conf",
                           kSettings = "/etc/wsl.conf";

/// What validate-modern.py knows, in lower case as it compares them.
constexpr std::string_view kDistributionKeys[] = {"oobe.command",
                                                  "oobe.defaultuid",
                                                  "oobe.defaultname",
                                                  "shortcut.enabled",
                                                  "shortcut.icon",
                                                  "windowsterminal.enabled",
                                                  "windowsterminal.profiletemplate"};
constexpr std::string_view kSettingsKeys[] = {"boot.systemd"};

/// Units that get in WSL's way where they are started: it has its own network, names and /tmp.
/// Those that set up temporary files are not here, though the documentation names them: WSLg needs
/// them.
constexpr std::string_view kUnwantedUnits[] = {
    "systemd-resolved.service",
    "systemd-networkd.service",
    "systemd-networkd-wait-online.service",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-tmpfiles-setup-dev-early.service",
    "systemd-vconsole-setup.service",
    "tmp.mount",
    "NetworkManager.service",
    "NetworkManager-wait-online.service",
    "console-getty.service",
    "networking.service",
    "hypervkvpd.service",
};

constexpr std::uint64_t kLargestIcon = 1 << 20;
constexpr std::size_t kMostLines = 10'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < kMostLines) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return lines;
}

class WslCheck {
 public:
  WslCheck(const ReadRoot& root, Architecture arch) : root_(root), arch_(arch) {}

  std::vector<std::string> run() {
    check_distribution();
    check_settings();
    check_accounts();
    check_program("/bin/sh");
    check_program("/bin/bash");
    check_absent("/etc/resolv.conf", "WSL makes it");
    check_boot();
    check_units();
    return std::move(problems_);
  }

 private:
  using Keys = std::map<std::string, std::string>;

  template <typename... Args>
  void complain(fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  /// A file that is there must belong to root and have one of two modes.
  bool check_file(std::string_view path, unsigned mode, unsigned other_mode) {
    const std::optional<FileStatus> status = root_.status(path);
    if (!status || status->kind != FileKind::regular) {
      complain("there is no file '{}'", path);
      return false;
    }
    if (status->uid != 0 || status->gid != 0) {
      complain("'{}' belongs to {}:{}, not to root", path, status->uid, status->gid);
    }
    const unsigned found = status->mode & 07777U;
    if (found != mode && found != other_mode) {
      complain("'{}' has the mode {:04o}, not {:04o}", path, found, mode);
    }
    return true;
  }

  /// The keys of a file, as `section.key` in lower case; unknown ones are reported.
  Keys read_keys(std::string_view path, std::span<const std::string_view> known) {
    Keys keys;
    std::string section;
    const std::string text = root_.read(path).value_or("");
    for (std::string_view line : lines_of(text)) {
      line = trimmed(line);
      if (line.empty() || line.front() == '#' || line.front() == ';') continue;
      if (line.front() == '[' && line.back() == ']') {
        section = lower(line.substr(1, line.size() - 2));
        continue;
      }
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) {
        complain("'{}' has a line that is no setting: '{}'", path, line.substr(0, 80));
        continue;
      }
      const std::string key = section + "." + lower(trimmed(line.substr(0, equals)));
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        complain("'{}' has the unknown setting '{}'", path, key);
      }
      keys[key] = std::string(trimmed(line.substr(equals + 1)));
    }
    return keys;
  }

  static std::string value_of(const Keys& keys, const std::string& key) {
    const auto found = keys.find(key);
    return found == keys.end() ? std::string() : found->second;
  }

  void check_distribution() {
    if (!check_file(kDistribution, 0644, 0664)) return;
    const Keys keys = read_keys(kDistribution, kDistributionKeys);
    if (const std::string command = value_of(keys, "oobe.command"); !command.empty()) {
      check_file(command, 0755, 0775);
      check_below(command, {"/usr/lib/wsl/", "/usr/libexec/wsl/"});
    }
    if (const std::string uid = value_of(keys, "oobe.defaultuid"); !uid.empty()) {
      if (uid != "1000") complain("'{}' has the default user id {}, not 1000", kDistribution, uid);
      default_uid_ = uid;
    }
    if (value_of(keys, "oobe.defaultname").empty()) {
      complain("'{}' does not name the distribution: 'oobe.defaultName' is missing", kDistribution);
    }
    if (const std::string icon = value_of(keys, "shortcut.icon"); !icon.empty()) check_icon(icon);
    const std::string profile = value_of(keys, "windowsterminal.profiletemplate");
    if (!profile.empty()) check_file(profile, 0640, 0660);
  }

  void check_below(const std::string& path, std::initializer_list<std::string_view> folders) {
    for (const std::string_view folder : folders) {
      if (path.starts_with(folder)) return;
    }
    complain("'{}' is not below {}", path, fmt::join(folders, " or "));
  }

  void check_icon(const std::string& path) {
    if (!check_file(path, 0644, 0664)) return;
    const std::uint64_t size = root_.status(path)->size;
    if (size > kLargestIcon) {
      complain("the icon '{}' has {}, more than 1 MiB", path, to_text(Bytes{size}));
    }
    const std::string head = root_.read_at(path, 0, 4).value_or("");
    if (head != std::string_view("\0\0\1\0", 4)) complain("'{}' is no icon of Windows", path);
  }

  void check_settings() {
    if (!root_.exists(kSettings)) return;
    check_file(kSettings, 0644, 0664);
    const Keys keys = read_keys(kSettings, kSettingsKeys);
    if (lower(value_of(keys, "boot.systemd")) == "true") check_program("/sbin/init");
  }

  /// A program that the machine can run.
  void check_program(std::string_view path) {
    if (!check_file(path, 0755, 0775)) return;
    const std::string head = root_.read_at(path, 0, 20).value_or("");
    // ELF, 64 bits, little-endian; at 18 the machine: EM_X86_64, EM_AARCH64.
    const char machine = static_cast<char>(arch_ == Architecture::aarch64 ? 183 : 62);
    if (!head.starts_with("\177ELF\2\1") || head.size() < 20 || head[18] != machine ||
        head[19] != 0) {
      complain("'{}' is no program for {}", path, to_text(arch_));
    }
  }

  void check_accounts() {
    check_file("/etc/passwd", 0644, 0664);
    std::map<std::string, std::string> names;  // By user id.
    const std::string accounts = root_.read("/etc/passwd").value_or("");
    for (const std::string_view line : lines_of(accounts)) {
      const std::vector<std::string> fields = fields_of(line);
      if (fields.size() != 7) {
        complain("'/etc/passwd' has a line that is no account: '{}'", line.substr(0, 80));
        continue;
      }
      const auto [first, added] = names.try_emplace(fields[2], fields[0]);
      if (!added) {
        complain("'{}' and '{}' have the same user id {}", first->second, fields[0], fields[2]);
      }
    }
    if (value_of(names, "0") != "root") complain("the user with the id 0 is not 'root'");
    if (!default_uid_.empty() && names.contains(default_uid_)) {
      complain("the user id {} of the first user already belongs to '{}'", default_uid_,
               names.at(default_uid_));
    }
    check_passwords();
  }

  void check_passwords() {
    const std::optional<FileStatus> status = root_.status("/etc/shadow");
    if (!status) return complain("there is no file '/etc/shadow'");
    const unsigned mode = status->mode & 07777U;
    if (mode != 0 && mode != 0600 && mode != 0640) {
      complain("'/etc/shadow' has the mode {:04o}, not 0640, 0600 or 0000", mode);
    }
    const std::string shadow = root_.read("/etc/shadow").value_or("");
    for (const std::string_view line : lines_of(shadow)) {
      const std::vector<std::string> fields = fields_of(line);
      if (fields.size() < 2) continue;
      // Locked, or a hash that is locked; an empty one lets everybody in.
      if (fields[1].empty()) complain("the user '{}' needs no password", fields[0]);
      if (!fields[1].empty() && fields[1].front() != '!' && fields[1].front() != '*') {
        complain("the user '{}' has a password", fields[0]);
      }
    }
  }

  static std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields;
    for (;;) {
      const std::size_t end = line.find(':');
      fields.emplace_back(line.substr(0, end));
      if (end == std::string_view::npos) return fields;
      line.remove_prefix(end + 1);
    }
  }

  void check_absent(std::string_view path, std::string_view why) {
    if (root_.link_status(path)) complain("'{}' is there: {}", path, why);
  }

  void check_boot() {
    for (const std::string& name : root_.list("/boot")) {
      for (const std::string_view kind : {"vmlinuz", "initramfs", "initrd", "Image"}) {
        if (name.starts_with(kind)) complain("'/boot/{}' is there: WSL brings the kernel", name);
      }
      if (name == "grub2" || name == "grub" || name == "loader") {
        complain("'/boot/{}' is there: nothing in WSL uses a boot loader", name);
      }
    }
    for (const std::string& version : root_.list("/usr/lib/modules")) {
      const std::string kernel = fmt::format("/usr/lib/modules/{}/vmlinuz", version);
      if (root_.exists(kernel)) complain("'{}' is there: WSL brings the kernel", kernel);
    }
  }

  void check_units() {
    for (const std::string_view unit : kUnwantedUnits) {
      if (root_.read_link(fmt::format("/etc/systemd/system/{}", unit)) == "/dev/null") continue;
      const std::string place = enabled_at(unit);
      if (!place.empty()) {
        complain("'{}' is started by '{}': mask or disable it, WSL does its work", unit, place);
      }
    }
  }

  /// What starts a unit, or nothing.
  std::string enabled_at(std::string_view unit) const {
    for (const std::string_view folder :
         {"/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"}) {
      for (const std::string& name : root_.list(folder)) {
        if (!name.ends_with(".target.wants")) continue;
        const std::string path = fmt::format("{}/{}/{}", folder, name, unit);
        if (root_.link_status(path)) return path;
      }
    }
    return {};
  }

  const ReadRoot& root_;
  Architecture arch_;
  std::string default_uid_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> wsl_problems(const ReadRoot& root, Architecture arch) {
  return WslCheck(root, arch).run();
}

}  // namespace composer::image
