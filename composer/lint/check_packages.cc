#include <algorithm>
#include <fmt/format.h>

#include "composer/lint/checks.h"
#include "composer/lint/config_text.h"
#include "composer/lint/system.h"

// Groups 27 to 30: what is installed, from where, and how much it is.

namespace composer::lint {
namespace {

/// Fails when one of these packages is installed in a version before `least`.
Verdict at_least(const Examination& examination, std::initializer_list<std::string_view> names,
                 std::string_view least) {
  const InstalledPackage* package = examination.system.package(names);
  if (package == nullptr) return inapplicable("it is not installed");
  if (compare_versions(package->version, least) >= 0) return passed();
  return failed(fmt::format("{} is of version {}", package->name, shown(package->version)));
}

struct Repository {
  std::string file, id;
  IniSection section;
};

std::vector<Repository> enabled_repositories(System& system) {
  std::vector<Repository> all;
  for (const char* folder : {"/etc/yum.repos.d", "/etc/distro.repos.d", "/usr/share/dnf5/repos.d",
                             "/etc/zypp/repos.d"}) {
    for (const std::string& name : system.root().list(folder)) {
      if (!name.ends_with(".repo")) continue;
      const std::string file = fmt::format("{}/{}", folder, name);
      for (const IniSection& section : ini_sections(system.text(file).value_or(""))) {
        if (section.name == "main") continue;
        // dnf.conf(5): a repository that does not say is enabled.
        if (is_no(section.value("enabled"))) continue;
        all.push_back({file, section.name, section});
      }
    }
  }
  return all;
}

std::string value_of(System& system, const std::string& key) {
  const auto& values = system.os_release();
  const auto found = values.find(key);
  return found == values.end() ? std::string() : found->second;
}

/// A key's path with dnf's variables filled in.
std::string key_path(System& system, std::string_view url, const std::string& release) {
  std::string path(url.substr(std::string_view("file://").size()));
  const auto replace = [&](const std::string& variable, const std::string& value) {
    for (const std::string& written : {"${" + variable + "}", "$" + variable}) {
      for (std::size_t at = path.find(written); at != std::string::npos;
           at = path.find(written, at + value.size())) {
        path.replace(at, written.size(), value);
      }
    }
  };
  replace("releasever_major", release.substr(0, release.find('.')));
  replace("releasever", release);
  replace("basearch", system.architecture());
  return path;
}

/// Whether a key of a file:// address is not in the image. Where the release is that of a package
/// whose version is only the major one (RHEL), that is tried too; a path with other variables is
/// not known.
std::optional<std::string> missing_key(System& system, std::string_view url) {
  const std::string release = value_of(system, "VERSION_ID");
  std::string path = key_path(system, url, release);
  if (path.find('$') != std::string::npos || system.exists(path) ||
      system.exists(key_path(system, url, release.substr(0, release.find('.'))))) {
    return std::nullopt;
  }
  return path;
}

/// What [main] of the package manager's own file says, which holds where a repository says nothing.
std::string main_setting(System& system, const std::string& key) {
  for (const char* path : {"/etc/dnf/dnf.conf", "/etc/tdnf/tdnf.conf", "/etc/yum.conf"}) {
    for (const IniSection& section : ini_sections(system.text(path).value_or(""))) {
      if (section.name == "main" && !section.value(key).empty()) {
        return std::string(section.value(key));
      }
    }
  }
  return {};
}

bool checks_signatures(System& system, const IniSection& section) {
  for (const char* key : {"gpgcheck", "pkg_gpgcheck"}) {
    if (!section.value(key).empty()) return is_yes(section.value(key));
  }
  return is_yes(main_setting(system, "gpgcheck")) || is_yes(main_setting(system, "pkg_gpgcheck"));
}

bool has_package_manager(System& system) {
  for (const char* program : {"/usr/bin/dnf", "/usr/bin/dnf5", "/usr/bin/tdnf", "/usr/bin/yum",
                              "/usr/bin/microdnf", "/usr/bin/rpm"}) {
    if (system.exists(program)) return true;
  }
  return false;
}

}  // namespace

Verdict check_one_fips_provider(const Examination& examination) {
  System& system = examination.system;
  std::vector<std::string_view> providers;
  for (const std::string_view name : {"openssl-fips-provider", "openssl-fips-provider-next",
                                      "SymCrypt-OpenSSL", "symcrypt-openssl"}) {
    if (system.package({name}) != nullptr) providers.push_back(name);
  }
  const bool fips = system.package({"dracut-fips"}) != nullptr;
  if (providers.empty() && fips) return failed("the image is a FIPS image, and there is none");
  if (providers.size() <= 1) return passed();
  std::string all;
  for (const std::string_view name : providers) {
    all += fmt::format("{}{}", all.empty() ? "" : ", ", name);
  }
  return failed(fmt::format("there are {}", all));
}

Verdict check_python_version(const Examination& examination) {
  return at_least(examination, {"python3", "python3-libs"}, "3.9");
}

Verdict check_openssl_version(const Examination& examination) {
  return at_least(examination, {"openssl-libs", "openssl"}, "3.0");
}

Verdict check_sixty_four_bits(const Examination& examination) {
  const std::string& architecture = examination.system.architecture();
  if (architecture == "unknown") return skipped("no program tells the architecture");
  return architecture == "32-bit" ? failed("the programs are for a 32-bit machine") : passed();
}

Verdict check_omi_version(const Examination& examination) {
  return at_least(examination, {"omi"}, "1.6.8.1");
}

Verdict check_repositories_enabled(const Examination& examination) {
  System& system = examination.system;
  // Azure Linux 3.0 has other repositories, and so have others.
  if (!system.is_azure_linux() || !value_of(system, "VERSION_ID").starts_with("4")) {
    return inapplicable("this is not Azure Linux 4");
  }
  if (!has_package_manager(system)) return inapplicable("there is no package manager");
  const auto repositories = enabled_repositories(system);
  std::vector<std::string> found;
  for (const std::string_view id :
       {"azurelinux-base", "azurelinux-cloud-native", "azurelinux-microsoft"}) {
    if (std::none_of(repositories.begin(), repositories.end(),
                     [&](const Repository& each) { return each.id == id; })) {
      found.push_back(fmt::format("{} is not enabled", id));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_repository_signatures(const Examination& examination) {
  System& system = examination.system;
  const auto repositories = enabled_repositories(system);
  if (repositories.empty()) return inapplicable("no repository of packages is enabled");
  std::vector<std::string> found;
  for (const Repository& repository : repositories) {
    const auto tell = [&](std::string_view what) {
      found.push_back(fmt::format("{}: [{}] {}", repository.file, shown(repository.id), what));
    };
    const IniSection& section = repository.section;
    if (!checks_signatures(system, section)) tell("does not have gpgcheck=1");
    const std::string_view keys = section.value("gpgkey");
    if (trimmed(keys).empty()) tell("has no gpgkey");
    for (const std::string_view url : words_of(keys)) {
      if (!url.starts_with("file://")) continue;
      if (const auto path = missing_key(system, url)) {
        tell(fmt::format("names the key {}, which is not there", shown(*path)));
      }
    }
  }
  return failed_if(std::move(found));
}

Verdict check_repository_addresses(const Examination& examination) {
  const auto repositories = enabled_repositories(examination.system);
  if (repositories.empty()) return inapplicable("no repository of packages is enabled");
  std::vector<std::string> found;
  for (const Repository& repository : repositories) {
    for (const char* key : {"baseurl", "mirrorlist", "metalink"}) {
      const std::string_view url = repository.section.value(key);
      for (const std::string_view sign :
           {"blob.core.windows.net", "/dev/", "-dev.", "/preview/", "localhost", "127.0.0.1"}) {
        if (url.find(sign) == std::string_view::npos) continue;
        found.push_back(
            fmt::format("{}: [{}] is {}", repository.file, shown(repository.id), shown(url)));
        break;
      }
    }
  }
  return failed_if(std::move(found));
}

Verdict check_release_package(const Examination& examination) {
  if (!examination.system.is_azure_linux()) return inapplicable("this is not Azure Linux");
  const bool there =
      examination.system.package({"azurelinux-release-common", "azurelinux-release"}) != nullptr;
  return there ? passed() : failed("azurelinux-release-common is not installed");
}

Verdict check_forbidden_packages(const Examination& examination) {
  System& system = examination.system;
  if (!system.is_azure_linux()) return inapplicable("this is not Azure Linux");
  std::vector<std::string> found;
  for (const std::string_view name : {"fedora-release", "fedora-logos", "redhat-rpm-config"}) {
    if (system.package({name}) != nullptr) found.push_back(fmt::format("{} is installed", name));
  }
  return failed_if(std::move(found));
}

Verdict check_os_release(const Examination& examination) {
  System& system = examination.system;
  std::vector<std::string> found;
  for (const char* key : {"ID", "VERSION_ID"}) {
    if (value_of(system, key).empty()) found.push_back(fmt::format("os-release has no {}", key));
  }
  if (system.is_azure_linux() && value_of(system, "VERSION_ID").starts_with("4")) {
    const std::string_view wanted = examination.profiles.has(LintProfile::wsl)         ? "wsl"
                                    : examination.profiles.has(LintProfile::container) ? "container"
                                                                                       : "cloud";
    const std::string variant = value_of(system, "VARIANT_ID");
    if (variant != wanted) {
      found.push_back(fmt::format("VARIANT_ID is '{}', that of a {} image '{}'", shown(variant),
                                  wanted, wanted));
    }
  }
  return failed_if(std::move(found));
}

Verdict check_installed_size(const Examination& examination) {
  const Bytes most = examination.profiles.has(LintProfile::container) ? MiB(400)
                     : examination.profiles.has(LintProfile::wsl)     ? MiB(800)
                                                                      : MiB(2048);
  const Bytes size = examination.system.tree().size;
  if (size <= most) return passed();
  return failed(fmt::format("the files have {}, more than {}", to_text(size), to_text(most)));
}

Verdict check_nvme_tools(const Examination& examination) {
  return examination.system.package({"azure-vm-utils"}) != nullptr
             ? passed()
             : failed("azure-vm-utils is not installed");
}

Verdict check_vtpm_tools(const Examination& examination) {
  return examination.system.package({"tpm2-tools", "tpm2-tss"}) != nullptr
             ? passed()
             : failed("neither tpm2-tools nor tpm2-tss is installed");
}

}  // namespace composer::lint
