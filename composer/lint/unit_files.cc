#include "composer/lint/unit_files.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fnmatch.h>

#include "composer/lint/config_files.h"
#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

// In systemd's order of precedence.
// (The last is /usr/lib again, but on systems whose /lib is a folder of its own.)
constexpr std::array<std::string_view, 4> kFolders{
    "/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
    "/lib/systemd/system"};

/// Where the unit's file or link is, or nothing.
std::string file_of(const ReadRoot& root, std::string_view unit) {
  for (const std::string_view folder : kFolders) {
    std::string path = fmt::format("{}/{}", folder, unit);
    if (root.link_status(path)) return path;
  }
  return {};
}

bool is_masked(const ReadRoot& root, const std::string& path) {
  if (const auto target = root.read_link(path)) return target->ends_with("/dev/null");
  const auto status = root.status(path);
  return status && status->kind == FileKind::regular && status->size == 0;
}

bool is_wanted(const ReadRoot& root, std::string_view unit) {
  for (const std::string_view folder : kFolders) {
    for (const std::string& name : root.list(folder)) {
      if (!name.ends_with(".wants") && !name.ends_with(".requires")) continue;
      if (root.link_status(fmt::format("{}/{}/{}", folder, name, unit))) return true;
    }
  }
  return false;
}

/// Whether the next start is a first one, which applies presets.
bool first_start_applies_presets(const ReadRoot& root) {
  const auto status = root.status("/etc/machine-id");
  if (!status) return true;
  if (status->kind != FileKind::regular || status->size > 4096) return false;
  return trimmed(root.read("/etc/machine-id").value_or("")) == "uninitialized";
}

bool preset_enables(const ReadRoot& root, const std::string& unit) {
  for (const std::string& path :
       drop_in_files(root,
                     {"/etc/systemd/system-preset", "/usr/local/lib/systemd/system-preset",
                      "/usr/lib/systemd/system-preset", "/lib/systemd/system-preset"},
                     ".preset")) {
    const std::string text = read_config(root, path).value_or("");
    for (const std::string_view line : settings_of(text)) {
      const auto words = words_of(line);
      if (words.size() < 2 || (words[0] != "enable" && words[0] != "disable")) continue;
      if (::fnmatch(std::string(words[1]).c_str(), unit.c_str(), FNM_NOESCAPE) == 0) {
        return words[0] == "enable";
      }
    }
  }
  return true;  // systemd's default where no preset matches.
}

bool can_be_enabled(const ReadRoot& root, const std::string& path) {
  const std::string text = read_config(root, path).value_or("");
  for (const std::string_view line : settings_of(text)) {
    if (line == "[Install]") return true;
  }
  return false;
}

}  // namespace

std::string_view to_text(UnitState state) {
  switch (state) {
    case UnitState::absent:
      return "is not there";
    case UnitState::masked:
      return "is masked";
    case UnitState::disabled:
      return "is not enabled";
    case UnitState::enabled:
      return "is enabled";
  }
  return "";
}

UnitState unit_state(const ReadRoot& root, std::string_view unit) {
  const std::string path = file_of(root, unit);
  if (path.empty()) return UnitState::absent;
  if (is_masked(root, path)) return UnitState::masked;
  if (is_wanted(root, unit)) return UnitState::enabled;
  // An alias (`ssh.service` in /etc) is made when the unit is enabled, and enables nothing by
  // itself.
  if (first_start_applies_presets(root) && can_be_enabled(root, path) &&
      preset_enables(root, std::string(unit))) {
    return UnitState::enabled;
  }
  return UnitState::disabled;
}

UnitState unit_state(const ReadRoot& root, std::initializer_list<std::string_view> units) {
  UnitState best = UnitState::absent;
  for (const std::string_view unit : units) best = std::max(best, unit_state(root, unit));
  return best;
}

}  // namespace composer::lint
