#include "composer/plan/decide_installation.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fnmatch.h>
#include <set>

namespace composer {
namespace {

/// Package managers of RPM systems and the libraries that nothing else uses, as Azure Linux 3.0 and
/// 4.0 and Fedora name them. `tdnf` is Azure Linux's of 3.0, `dnf5` that of 4.0. Configuration that
/// others read too (azurelinux-repos, azurelinux-gpg-keys) is not a part of them.
constexpr std::array<const char*, 34> kPackageManagers = {"createrepo_c-libs",
                                                          "dnf",
                                                          "dnf-automatic",
                                                          "dnf-data",
                                                          "dnf-plugins-core",
                                                          "dnf-utils",
                                                          "dnf5",
                                                          "dnf5-plugin-*",
                                                          "dnf5-plugins",
                                                          "dnf5daemon-*",
                                                          "libcomps",
                                                          "libdnf",
                                                          "libdnf5",
                                                          "libdnf5-*",
                                                          "libmodulemd",
                                                          "librepo",
                                                          "libsolv",
                                                          "microdnf",
                                                          "python3-dnf",
                                                          "python3-dnf-*",
                                                          "python3-hawkey",
                                                          "python3-libcomps",
                                                          "python3-libdnf",
                                                          "python3-libdnf5",
                                                          "python3-rpm",
                                                          "rpm",
                                                          "rpm-*-libs",
                                                          "rpm-build",
                                                          "rpm-libs",
                                                          "rpm-plugin-*",
                                                          "rpm-sequoia",
                                                          "tdnf",
                                                          "tdnf-*",
                                                          "yum"};

bool matches(const char* pattern, const std::string& name) {
  return ::fnmatch(pattern, name.c_str(), 0) == 0;
}

}  // namespace

PlannedInstallation plan_installation(const PackagesRequest& request,
                                      const std::vector<PlannedPackage>& packages) {
  PlannedInstallation planned;
  if (request.documentation) planned.documentation = request.documentation->value;
  if (request.locales) {
    planned.locales.emplace();
    for (const auto& locale : *request.locales) planned.locales->push_back(locale.value);
  }
  if (request.package_manager) planned.package_manager = request.package_manager->value;

  std::vector<std::string> names;
  for (const PlannedPackage& package : packages) names.push_back(package.name);
  std::set<std::string> erased;
  std::vector<Problem> problems;
  for (const auto& pattern : request.erase) {
    bool found = false;
    for (const std::string& name : names) {
      if (!matches(pattern.value.c_str(), name)) continue;
      found = true;
      erased.insert(name);
    }
    if (found) continue;
    Problem problem;
    problem.message =
        fmt::format("'{}' matches the name of no package that is installed", pattern.value);
    problem.at = pattern.at;
    const auto near = nearest(pattern.value, names);
    problem.hint = near ? fmt::format("did you mean '{}'?", *near) : "remove it";
    problems.push_back(std::move(problem));
  }
  if (!problems.empty()) throw Error(ErrorKind::usage, std::move(problems));

  if (planned.package_manager != PackageManager::kept) {
    for (const std::string& name : names) {
      if (std::any_of(kPackageManagers.begin(), kPackageManagers.end(),
                      [&](const char* pattern) { return matches(pattern, name); })) {
        erased.insert(name);
      }
    }
  }
  planned.erase.assign(erased.begin(), erased.end());
  return planned;
}

bool remains(const PlannedInstallation& installation, const std::string& name) {
  return !std::binary_search(installation.erase.begin(), installation.erase.end(), name);
}

}  // namespace composer
