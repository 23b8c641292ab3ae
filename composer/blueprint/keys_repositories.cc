#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

constexpr auto kRequired = Presence::required;

// dnf's own names of these keys.
constexpr Stranger kStrangers[] = {
    {"url", "baseurl"},
    {"name", "id"},
    {"gpgcheck", "package_signatures"},
    {"repo_gpgcheck", "metadata_signature"},
    {"excludepkgs", "exclude"},
    {"skip_if_unavailable", "",
     "a repository that cannot be read is always an error, since the image "
     "would be another one without it",
     "remove 'skip_if_unavailable'"},
    {"sslverify", "", "certificates of https are always checked", "remove 'sslverify'"},
};

}  // namespace

const Mapping& repository_mapping() {
  static constexpr Table table(
      {"a repository",
       "repositories[]",
       "An rpm-md repository. Exactly one of `baseurl`, `mirrorlist` and `metalink` says where it "
       "is; `$basearch`, `$arch` and `$releasever` are replaced in them.",
       {},
       kStrangers},
      {key<&RepositoryRequest::id, kRepositoryId>({.name = "id",
                                                   .presence = kRequired,
                                                   .meaning = "Its name in messages and in the "
                                                              "lock; unique."}),
       key<&RepositoryRequest::baseurls, kLocation>(
           {.name = "baseurl",
            .fallback = "none",
            .meaning = "Where `repodata/repomd.xml` is; of several, the next is asked when one "
                       "fails.",
            .arity = Arity::one_or_list}),
       key<&RepositoryRequest::mirrorlist, kLocation>(
           {.name = "mirrorlist",
            .fallback = "none",
            .meaning = "A list of such URLs, one a line."}),
       key<&RepositoryRequest::metalink, kLocation>(
           {.name = "metalink",
            .fallback = "none",
            .meaning = "A metalink document: mirrors, and the checksum of repomd.xml."}),
       key<&RepositoryRequest::gpgkeys, kKeyLocation>(
           {.name = "gpgkey",
            .fallback = "none",
            .meaning = "OpenPGP keys that its signatures are checked against.",
            .arity = Arity::one_or_list}),
       key<&RepositoryRequest::package_signatures, kBoolean>(
           {.name = "package_signatures",
            .fallback = "true",
            .meaning = "Whether every package must be signed by one of the keys."}),
       key<&RepositoryRequest::metadata_signature, kBoolean>(
           {.name = "metadata_signature",
            .fallback = "false",
            .meaning = "Whether `repomd.xml` must be signed by one of the keys."}),
       key<&RepositoryRequest::priority, kPriority>(
           {.name = "priority",
            .fallback = "99",
            .meaning =
                "A package is taken from the repository with the lowest number that has it."}),
       key<&RepositoryRequest::cost, kCost>(
           {.name = "cost",
            .fallback = "1000",
            .meaning = "Of equal packages, the one from the repository with the lowest number is "
                       "taken."}),
       key<&RepositoryRequest::enabled, kBoolean>(
           {.name = "enabled", .fallback = "true", .meaning = "Whether it is asked at all."}),
       key<&RepositoryRequest::excludes, kPackageGlob>(
           {.name = "exclude",
            .fallback = "none",
            .meaning = "Packages of this repository that are as if they were not there."}),
       key<&RepositoryRequest::in_image, kBoolean>(
           {.name = "in_image",
            .fallback = "false",
            .meaning = "Whether the image's own package manager uses it too, by a file in "
                       "`/etc/yum.repos.d`, and with its keys."})});
  return table;
}

}  // namespace composer::blueprint
