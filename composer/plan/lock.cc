#include "composer/plan/lock.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/host/download.h"
#include "composer/plan/json_values.h"
#include "composer/plan/lock_differences.h"
#include "composer/solve/repomd.h"
#include "composer/solve/repository_source.h"

namespace composer {

// Beside their types, for argument-dependent look-up.
template <typename Io>
void members(Io& io, LockedRepositoryRequest& v) {
  io("id", v.id);
  io("baseurls", v.baseurls);
  io("mirrorlist", v.mirrorlist);
  io("metalink", v.metalink);
  io("gpgkeys", v.gpgkeys);
  io("package_signatures", v.package_signatures);
  io("metadata_signature", v.metadata_signature);
  io("priority", v.priority);
  io("cost", v.cost);
  io("excludes", v.excludes);
}

template <typename Io>
void members(Io& io, LockedRequests& v) {
  io("releasever", v.releasever);
  io("repositories", v.repositories);
  io("install", v.install);
  io.where_any("on_top", v.on_top);
  io("exclude", v.exclude);
  io("weak_dependencies", v.weak_dependencies);
}

namespace {

std::vector<std::string> values_of(const std::vector<Located<std::string>>& located) {
  std::vector<std::string> values;
  for (const auto& entry : located) values.push_back(entry.value);
  return values;
}

std::string value_of(const std::optional<Located<std::string>>& located) {
  return located ? located->value : std::string();
}

/// A package in the JSON of a lock: as in a plan, and the address that people look for.
struct LockedPackage {
  PlannedPackage package;
  std::string url;
};

template <typename Io>
void members(Io& io, LockedPackage& v) {
  members(io, v.package);
  io("url", v.url);
}

/// The JSON form of a Lock.
struct LockFile {
  int format = Lock{}.format;
  Lock lock;
  std::vector<LockedPackage> packages;
};

template <typename Io>
void members(Io& io, LockFile& v) {
  io("format", v.format);
  io("tool_version", v.lock.tool_version);
  io("arch", v.lock.arch);
  io("identity_seed", v.lock.identity_seed);
  io("source_date_epoch", v.lock.source_date_epoch);
  io("requests", v.lock.requests);
  io("repositories", v.lock.repositories);
  io("packages", v.packages);
}

/// Where a package is; empty where its repository has no base URL.
std::string url_of(const PlannedPackage& package,
                   const std::vector<PlannedRepository>& repositories) {
  for (const PlannedRepository& repository : repositories) {
    if (repository.id != package.repository || repository.baseurls.empty()) continue;
    return host::join_url(repository.baseurls.front(), package.location);
  }
  return {};
}

[[noreturn]] void refuse(std::string_view name, std::string message) {
  throw Error(ErrorKind::usage, fmt::format("'{}' is damaged: {}", name, message),
              "make it anew with 'image-composer lock'");
}

}  // namespace

LockedRequests requests_of(const Blueprint& blueprint) {
  LockedRequests requests;
  requests.releasever = value_of(blueprint.releasever);
  for (const RepositoryRequest& request : blueprint.repositories) {
    if (!request.enabled) continue;
    LockedRepositoryRequest locked;
    locked.id = *request.id;
    locked.baseurls = values_of(request.baseurls);
    locked.mirrorlist = value_of(request.mirrorlist);
    locked.metalink = value_of(request.metalink);
    locked.gpgkeys = values_of(request.gpgkeys);
    locked.package_signatures = request.package_signatures;
    locked.metadata_signature = request.metadata_signature;
    locked.priority = request.priority;
    locked.cost = request.cost;
    locked.excludes = values_of(request.excludes);
    requests.repositories.push_back(std::move(locked));
  }
  requests.install = values_of(blueprint.packages.install);
  requests.on_top = values_of(blueprint.packages.on_top);
  requests.exclude = values_of(blueprint.packages.exclude);
  requests.weak_dependencies = blueprint.packages.weak_dependencies;
  return requests;
}

Lock lock_of(const Blueprint& blueprint, const Plan& plan) {
  Lock lock;
  lock.tool_version = plan.tool_version;
  lock.arch = plan.arch;
  lock.identity_seed = plan.identity_seed;
  lock.source_date_epoch = plan.source_date_epoch;
  lock.requests = requests_of(blueprint);
  lock.repositories = plan.repositories;
  lock.packages = plan.packages;
  return lock;
}

solve::Resolution locked_resolution(const Blueprint& blueprint, const Lock& lock,
                                    std::string_view name) {
  std::vector<Problem> problems = lock_differences(blueprint, lock, name);
  if (!problems.empty()) {
    problems.back().hint =
        fmt::format("bring the lock up to date: image-composer lock {}", blueprint.path.string());
    throw Error(ErrorKind::usage, std::move(problems));
  }
  solve::Resolution resolution{lock.repositories, lock.packages, {}};
  for (PlannedRepository& repository : resolution.repositories) {
    for (const RepositoryRequest& request : blueprint.repositories) {
      if (*request.id != repository.id) continue;
      // Of the image, not of the packages: the blueprint may change it.
      repository.in_image = request.in_image && request.in_image->value;
      if (request.baseurls.empty()) continue;
      // A path counts from the blueprint's folder, wherever that is now.
      repository.baseurls.clear();
      for (const auto& url : request.baseurls) {
        repository.baseurls.push_back(solve::absolute_url(url, blueprint));
      }
    }
  }
  return resolution;
}

std::string to_json(const Lock& lock) {
  LockFile file{lock.format, lock, {}};
  std::string text = json_values::Writer::encode(file).dump(2);
  // A package is one line: what moved is then what `git diff` shows.
  const std::string_view end = "[]\n}";
  text.resize(text.size() - end.size());
  text += "[";
  for (const PlannedPackage& package : lock.packages) {
    LockedPackage locked{package, url_of(package, lock.repositories)};
    text += fmt::format("{}\n    {}", text.ends_with('[') ? "" : ",",
                        json_values::Writer::encode(locked).dump());
  }
  return text + "\n  ]\n}\n";
}

Lock parse_lock(std::string_view text, std::string_view name) {
  LockFile file =
      json_values::read<LockFile>(text, name, "make it anew with 'image-composer lock'");
  Lock lock = std::move(file.lock);
  for (LockedPackage& locked : file.packages) {
    PlannedPackage& package = locked.package;
    if (!solve::is_safe_location(package.location)) {
      refuse(name,
             fmt::format("the location of package '{}' leaves its repository", package.nevra()));
    }
    if (locked.url != url_of(package, lock.repositories)) {
      refuse(name, fmt::format("the url of package '{}' is not its location in repository '{}'",
                               package.nevra(), package.repository));
    }
    lock.packages.push_back(std::move(package));
  }
  return lock;
}

}  // namespace composer
