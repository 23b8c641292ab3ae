#include "composer/lint/dpkg_status.h"

#include <algorithm>

#include "composer/lint/config_text.h"

namespace composer::lint {
namespace {

/// `1:2.11-3` is version 2.11, release 3, of epoch 1.
InstalledPackage package_of(std::string_view name, std::string_view version) {
  version.remove_prefix(version.find(':') == std::string_view::npos ? 0 : version.find(':') + 1);
  const std::size_t hyphen = version.rfind('-');
  InstalledPackage package{std::string(name), std::string(version.substr(0, hyphen)), {}};
  if (hyphen != std::string_view::npos) package.release = version.substr(hyphen + 1);
  return package;
}

}  // namespace

std::vector<InstalledPackage> dpkg_packages(std::string_view status) {
  std::vector<InstalledPackage> packages;
  std::string_view name, version;
  bool is_installed = false;
  const auto finish = [&] {
    if (is_installed && !name.empty()) packages.push_back(package_of(name, version));
    name = version = {};
    is_installed = false;
  };
  for (const std::string_view line : lines_of(status)) {
    if (line.empty()) finish();
    // What begins with a blank continues the field before.
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') continue;
    const std::string_view key = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (key == "Package") name = value;
    if (key == "Version") version = value;
    if (key == "Status") is_installed = value.ends_with(" installed");
  }
  finish();
  std::sort(packages.begin(), packages.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return packages;
}

}  // namespace composer::lint
