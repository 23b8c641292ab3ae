#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// Repositories that the image's own package manager uses. Packages are always checked against the
// keys that the build checked them against, and a repository that cannot be read is an error:
// Azure Linux's dnf skips one by default, and then installs other versions without a word.

namespace composer::tree::repositories {
namespace {

std::string path_of(const PlannedRepository& repository) {
  return fmt::format("/etc/yum.repos.d/{}.repo", repository.id);
}

std::string key_path(const PlannedRepository& repository, std::size_t index) {
  return index == 0 ? fmt::format("/etc/pki/rpm-gpg/RPM-GPG-KEY-{}", repository.id)
                    : fmt::format("/etc/pki/rpm-gpg/RPM-GPG-KEY-{}-{}", repository.id, index + 1);
}

void check(const PlannedRepository& repository) {
  if (one_line(repository.id).empty() || repository.id.find('/') != std::string::npos) {
    throw Error(ErrorKind::usage, fmt::format("'{}' is not a repository's id", repository.id));
  }
  for (const std::string& url : repository.baseurls) {
    if (one_line(url).starts_with("https://") || url.starts_with("http://")) continue;
    throw Error(ErrorKind::usage,
                fmt::format("repository '{}' cannot stay in the image: '{}' is on the machine that "
                            "builds",
                            repository.id, url));
  }
  if (repository.keys.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("repository '{}' cannot stay in the image: it has no key that its "
                            "packages are checked against",
                            repository.id));
  }
}

// dnf.conf(5).
std::string text_of(const PlannedRepository& repository) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < repository.keys.size(); i++) {
    keys.push_back("file://" + key_path(repository, i));
  }
  return fmt::format(
      "[{0}]\nname={0}\nbaseurl={1}\nenabled=1\ngpgcheck=1\ngpgkey={2}\n"
      "skip_if_unavailable=False\n",
      repository.id, fmt::join(repository.baseurls, "\n        "), fmt::join(keys, "\n       "));
}

}  // namespace

bool wanted(const Plan& plan) {
  for (const PlannedRepository& repository : plan.repositories) {
    if (repository.in_image) return true;
  }
  return false;
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedRepository& repository : plan.repositories) {
    if (!repository.in_image) continue;
    texts.push_back(
        fmt::format("write {}: {}", path_of(repository), fmt::join(repository.baseurls, " ")));
    for (std::size_t i = 0; i < repository.keys.size(); i++) {
      texts.push_back(
          fmt::format("write {}: key {}", key_path(repository, i), repository.keys[i].fingerprint));
    }
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  for (const PlannedRepository& repository : plan.repositories) {
    if (!repository.in_image) continue;
    check(repository);
    write_with_parents(root, path_of(repository), text_of(repository));
    for (std::size_t i = 0; i < repository.keys.size(); i++) {
      std::string armor = repository.keys[i].armor;
      if (!armor.ends_with('\n')) armor += '\n';
      write_with_parents(root, key_path(repository, i), armor);
    }
  }
}

}  // namespace composer::tree::repositories
