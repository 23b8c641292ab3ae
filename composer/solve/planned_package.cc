#include "composer/solve/planned_package.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <tuple>

#include "composer/error.h"
#include "composer/host/cache.h"

namespace composer::solve {
namespace {

/// No package is larger: rpm's own limit of an archive is far above it.
constexpr std::uint64_t kMostPackageBytes = std::uint64_t{16} << 30;

[[noreturn]] void refuse(const PlannedPackage& package, std::string_view cause) {
  throw Error(ErrorKind::build, fmt::format("cannot use package '{}' of repository '{}': {}",
                                            package.nevra(), package.repository, cause));
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Name, version, release and architecture become parts of file names and messages.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 256 && is_printable(text) &&
         text.find_first_of("/ ") == std::string_view::npos;
}

std::string text_of(Solvable* solvable, Id key) {
  const char* value = solvable_lookup_str(solvable, key);
  return value ? value : "";
}

/// One line, without control characters: for people, nothing depends on it.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

PlannedPackage planned(const Universe& universe, const Chosen& chosen) {
  Pool* pool = universe.pool();
  Solvable* solvable = pool_id2solvable(pool, chosen.package);
  PlannedPackage package;
  package.name = pool_id2str(pool, solvable->name);
  package.arch = pool_id2str(pool, solvable->arch);
  set_evr(package, pool_id2str(pool, solvable->evr));
  package.repository = universe.repository_of(chosen.package);
  package.reason = chosen.reason;
  package.on_top = chosen.on_top;
  for (const std::string& part : {package.name, package.version, package.release, package.arch}) {
    if (!is_word(part)) refuse(package, "its name, version, release or architecture is malformed");
  }

  if (solvable_lookup_str(solvable, SOLVABLE_MEDIABASE)) {
    refuse(package, "it lies outside of the repository (xml:base)");
  }
  const char* location = solvable_lookup_location(solvable, nullptr);
  package.location = location ? location : "";
  if (!is_safe_location(package.location)) {
    refuse(package,
           fmt::format("its location '{}' leaves the repository", one_line(package.location)));
  }

  Id type = 0;
  const char* checksum = solvable_lookup_checksum(solvable, SOLVABLE_CHECKSUM, &type);
  if (!checksum) refuse(package, "the metadata has no checksum of it");
  package.checksum_type = solv_chksum_type2str(type);
  package.checksum = checksum;
  const auto algorithm = host::strong_algorithm(package.checksum_type);
  if (!algorithm) {
    refuse(package, fmt::format("the metadata has only its {} checksum, which is too weak to trust",
                                package.checksum_type));
  }
  if (!host::is_digest(*algorithm, package.checksum)) refuse(package, "its checksum is malformed");

  package.size = {solvable_lookup_num(solvable, SOLVABLE_DOWNLOADSIZE, 0)};
  if (package.size.count == 0 || package.size.count > kMostPackageBytes) {
    refuse(package, "the metadata has no size of it that could be true");
  }
  package.installed_size = {solvable_lookup_num(solvable, SOLVABLE_INSTALLSIZE, 0)};
  package.build_time =
      static_cast<std::int64_t>(solvable_lookup_num(solvable, SOLVABLE_BUILDTIME, 0));
  package.license = one_line(text_of(solvable, SOLVABLE_LICENSE));
  package.vendor = one_line(text_of(solvable, SOLVABLE_VENDOR));
  package.summary = one_line(text_of(solvable, SOLVABLE_SUMMARY));
  const char* source = solvable_lookup_sourcepkg(solvable);
  package.source_rpm = one_line(source ? source : "");
  return package;
}

}  // namespace

void set_evr(PlannedPackage& package, std::string_view evr) {
  const auto colon = evr.find(':');
  if (colon != std::string_view::npos) {
    std::from_chars(evr.data(), evr.data() + colon, package.epoch);
    evr.remove_prefix(colon + 1);
  }
  const auto dash = evr.rfind('-');
  package.version = evr.substr(0, dash);
  package.release = dash == std::string_view::npos ? "" : evr.substr(dash + 1);
}

PlannedPackage planned_package(const rpm::InstalledDetails& installed) {
  PlannedPackage package;
  package.name = installed.package.name;
  package.epoch = installed.package.epoch;
  package.version = installed.package.version;
  package.release = installed.package.release;
  package.arch = installed.package.arch;
  package.installed_size = {installed.size};
  package.build_time = installed.build_time;
  package.license = one_line(installed.license);
  package.vendor = one_line(installed.vendor);
  package.summary = one_line(installed.summary);
  package.source_rpm = one_line(installed.source_rpm);
  package.reason = PackageReason::base;
  for (const std::string& part : {package.name, package.version, package.release, package.arch}) {
    if (is_word(part)) continue;
    throw Error(ErrorKind::build, fmt::format("the base image has a package whose name, version, "
                                              "release or architecture is malformed: '{}'",
                                              one_line(package.nevra())));
  }
  return package;
}

std::vector<PlannedPackage> planned_packages(const Universe& universe,
                                             const std::vector<Chosen>& chosen,
                                             const std::vector<rpm::InstalledDetails>& installed) {
  std::vector<PlannedPackage> packages;
  packages.reserve(chosen.size());
  for (const Chosen& choice : chosen) {
    packages.push_back(universe.is_installed(choice.package)
                           ? planned_package(installed.at(universe.installed_index(choice.package)))
                           : planned(universe, choice));
  }
  std::sort(packages.begin(), packages.end(), [](const auto& a, const auto& b) {
    const auto key = [](const PlannedPackage& p) {
      return std::tie(p.name, p.arch, p.epoch, p.version, p.release, p.repository, p.location);
    };
    return key(a) < key(b);
  });
  return packages;
}

}  // namespace composer::solve
