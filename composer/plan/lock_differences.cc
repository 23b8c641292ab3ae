#include "composer/plan/lock_differences.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "composer/plan/identity.h"

namespace composer {
namespace {

/// Collects what differs, each at its place in the blueprint.
class Comparison {
 public:
  explicit Comparison(std::string_view name) : name_(name) {}

  void value(std::string_view what, std::string_view now, std::string_view then, const Span& at) {
    if (now == then) return;
    const auto shown = [](std::string_view text) {
      return text.empty() ? std::string("not given") : fmt::format("'{}'", text);
    };
    add(at, fmt::format("{} is {}, and in '{}' {}", what, shown(now), name_, shown(then)));
  }

  /// Lists whose order says nothing.
  void list(std::string_view what, const std::vector<Located<std::string>>& now,
            const std::vector<std::string>& then, const Span& around) {
    for (const auto& entry : now) {
      if (std::find(then.begin(), then.end(), *entry) != then.end()) continue;
      add(entry.at, fmt::format("{} has '{}', which '{}' has not", what, *entry, name_));
    }
    for (const std::string& entry : then) {
      const bool stays = std::any_of(now.begin(), now.end(),
                                     [&](const auto& located) { return *located == entry; });
      if (!stays) add(around, fmt::format("{} lacks '{}', which '{}' has", what, entry, name_));
    }
  }

  void add(const Span& at, std::string message) {
    problems_.push_back({.message = std::move(message), .at = at, .notes = {}, .hint = {}});
  }

  std::vector<Problem> take() { return std::move(problems_); }

 private:
  std::string name_;
  std::vector<Problem> problems_;
};

std::string_view text_of(const std::optional<Located<std::string>>& located) {
  return located ? std::string_view(located->value) : std::string_view();
}

Span place_of(const std::optional<Located<std::string>>& located, const Span& around) {
  return located ? located->at : around;
}

void compare_repository(const RepositoryRequest& now, const LockedRepositoryRequest& then,
                        Comparison& found) {
  const auto what = [&](std::string_view key) {
    return fmt::format("'{}' of repository '{}'", key, *now.id);
  };
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  found.list(what("baseurl"), now.baseurls, then.baseurls, now.at);
  found.value(what("mirrorlist"), text_of(now.mirrorlist), then.mirrorlist,
              place_of(now.mirrorlist, now.at));
  found.value(what("metalink"), text_of(now.metalink), then.metalink,
              place_of(now.metalink, now.at));
  found.list(what("gpgkey"), now.gpgkeys, then.gpgkeys, now.at);
  found.value(what("package_signatures"), flag(now.package_signatures),
              flag(then.package_signatures), now.at);
  found.value(what("metadata_signature"), flag(now.metadata_signature),
              flag(then.metadata_signature), now.at);
  found.value(what("priority"), std::to_string(now.priority), std::to_string(then.priority),
              now.at);
  found.value(what("cost"), std::to_string(now.cost), std::to_string(then.cost), now.at);
  found.list(what("exclude"), now.excludes, then.excludes, now.at);
}

void compare_repositories(const Blueprint& blueprint, const Lock& lock, std::string_view name,
                          Comparison& found) {
  const auto& then = lock.requests.repositories;
  for (const RepositoryRequest& request : blueprint.repositories) {
    if (!request.enabled) continue;
    const auto same = std::find_if(then.begin(), then.end(),
                                   [&](const auto& locked) { return locked.id == *request.id; });
    if (same == then.end()) {
      found.add(request.id.at, fmt::format("repository '{}' is not in '{}'", *request.id, name));
    } else {
      compare_repository(request, *same, found);
    }
  }
  for (const LockedRepositoryRequest& locked : then) {
    const bool stays = std::any_of(
        blueprint.repositories.begin(), blueprint.repositories.end(),
        [&](const auto& request) { return request.enabled && *request.id == locked.id; });
    if (!stays) {
      found.add(
          {}, fmt::format("the blueprint has no repository '{}', which '{}' has", locked.id, name));
    }
  }
}

}  // namespace

std::vector<Problem> lock_differences(const Blueprint& blueprint, const Lock& lock,
                                      std::string_view name) {
  Comparison found(name);
  found.value("the architecture", to_text(*blueprint.arch), to_text(lock.arch), blueprint.arch.at);
  found.value("the identity seed", identity_seed_of(blueprint), lock.identity_seed,
              blueprint.identity_seed ? blueprint.identity_seed->at : blueprint.version.at);
  if (blueprint.source_date_epoch) {
    found.value("'source_date_epoch'", std::to_string(**blueprint.source_date_epoch),
                std::to_string(lock.source_date_epoch), blueprint.source_date_epoch->at);
  }
  found.value("'releasever'", text_of(blueprint.releasever), lock.requests.releasever,
              place_of(blueprint.releasever, {}));
  compare_repositories(blueprint, lock, name, found);
  found.list("'packages.install'", blueprint.packages.install, lock.requests.install, {});
  found.list("'packages.on_top'", blueprint.packages.on_top, lock.requests.on_top, {});
  found.list("'packages.exclude'", blueprint.packages.exclude, lock.requests.exclude, {});
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  found.value("'packages.weak_dependencies'", flag(blueprint.packages.weak_dependencies),
              flag(lock.requests.weak_dependencies), {});
  return found.take();
}

}  // namespace composer
