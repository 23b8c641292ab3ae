#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

namespace composer::blueprint {
namespace {

constexpr Stranger kPackagesStrangers[] = {
    {"uninstall", "remove"},
    {"upgrade", "update"},
    {"updateExistingPackages", "update_all"},
    {"recommends", "weak_dependencies"},
    {"install_weak_deps", "weak_dependencies"},
    {"docs", "documentation"},
    {"languages", "locales"},
    {"install_langs", "locales"},
};

std::vector<Located<std::string>>& locales_of(PackagesRequest& packages) {
  return packages.locales.emplace();
}

}  // namespace

const Mapping& packages_mapping() {
  static constexpr Table table(
      {"the packages section", "packages", "What is installed.", {}, kPackagesStrangers},
      {key<&PackagesRequest::install, kPackageRequest>(
           {.name = "install",
            .presence = Presence::without_base,
            .meaning = "What must be in the image; what these need comes by itself."}),
       key<&PackagesRequest::on_top, kPackageRequest>(
           {.name = "on_top",
            .fallback = "none",
            .meaning = "As `install`, for what changes often: these packages, and what they alone "
                       "need, are installed after all others, in a transaction of their own. A "
                       "build begins with the disk that an earlier one made of the others."}),
       key<&PackagesRequest::exclude, kPackageGlob>(
           {.name = "exclude",
            .fallback = "none",
            .meaning = "Packages that must not be in the image, not even when others need them."}),
       key<&PackagesRequest::remove, kPackageGlob>(
           {.name = "remove",
            .fallback = "none",
            .meaning = "With `base`: packages that leave the image, and with them what needs "
                       "them."}),
       key<&PackagesRequest::update, kPackageGlob>(
           {.name = "update",
            .fallback = "none",
            .meaning = "With `base`: packages of the image that become the newest that the "
                       "repositories have."}),
       key<&PackagesRequest::update_all, kBoolean>(
           {.name = "update_all",
            .fallback = "false",
            .meaning = "With `base`: the same for every package of the image."}),
       key<&PackagesRequest::weak_dependencies, kBoolean>(
           {.name = "weak_dependencies",
            .fallback = "true",
            .meaning = "Whether packages that others recommend are installed too. Azure Linux's "
                       "release packages choose their identity by a recommendation."}),
       key<&PackagesRequest::erase, kErasePattern>(
           {.name = "erase",
            .fallback = "none",
            .meaning = "Packages that only the installation needs, such as a shell for scriptlets: "
                       "erased at the end, whatever needs them."}),
       key<&PackagesRequest::package_manager, kPackageManager>(
           {.name = "package_manager",
            .fallback = "kept",
            .meaning = "What becomes of rpm, dnf, dnf5 and tdnf, and of the libraries that are "
                       "theirs alone."}),
       key<&PackagesRequest::documentation, kBoolean>(
           {.name = "documentation",
            .fallback = "true",
            .meaning = "Whether files that packages mark as documentation are installed. `false` "
                       "holds for later updates in the running system too."}),
       key_at<locales_of, kPackageLocale, PackagesRequest>(
           {.name = "locales",
            .fallback = "all",
            .meaning = "Languages whose marked files are installed, as rpm's `%_install_langs` "
                       "takes them: `en_US` keeps files marked `en` and `en_US`. An empty list "
                       "keeps none. It holds for later updates too.",
            .arity = Arity::list})});
  return table;
}

}  // namespace composer::blueprint
