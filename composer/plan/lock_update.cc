#include "composer/plan/lock_update.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>
#include <vector>

#include "composer/rpm/package_order.h"

namespace composer {
namespace {

std::string evr_of(const PlannedPackage& package) {
  return fmt::format("{}{}-{}", package.epoch == 0 ? "" : fmt::format("{}:", package.epoch),
                     package.version, package.release);
}

/// `+1.2 MiB`, `-3 KiB`.
std::string change_of(Bytes from, Bytes to) {
  return to >= from ? "+" + to_text(to - from) : "-" + to_text(from - to);
}

using ByName = std::map<std::pair<std::string, std::string>, std::vector<const PlannedPackage*>>;

ByName by_name(const Lock& lock) {
  ByName packages;
  for (const PlannedPackage& package : lock.packages) {
    packages[{package.name, package.arch}].push_back(&package);
  }
  return packages;
}

struct Change {
  std::string_view what;
  std::string line;
};

/// One name's packages before and after; of most names there is one on each side.
void compare_packages(const std::vector<const PlannedPackage*>& from,
                      const std::vector<const PlannedPackage*>& to, std::vector<Change>& changes) {
  if (from.size() == 1 && to.size() == 1) {
    const PlannedPackage &old = *from[0], &now = *to[0];
    const int order = rpm::compare_versions(old, now);
    const std::string sizes = fmt::format("{} to download, {} installed", to_text(now.size),
                                          change_of(old.installed_size, now.installed_size));
    if (order != 0) {
      changes.push_back({order < 0 ? "upgraded" : "downgraded",
                         fmt::format("{}.{} {} -> {}  ({})", now.name, now.arch, evr_of(old),
                                     evr_of(now), sizes)});
    } else if (old.checksum != now.checksum) {
      changes.push_back({"rebuilt", fmt::format("{}  ({})", now.nevra(), sizes)});
    } else if (old.signing_key != now.signing_key && !now.signing_key.empty()) {
      changes.push_back({"signed by another key", fmt::format("{}  ({} -> {})", now.nevra(),
                                                              old.signing_key, now.signing_key)});
    } else if (old.repository != now.repository) {
      changes.push_back({"moved", fmt::format("{}  (repository {} -> {})", now.nevra(),
                                              old.repository, now.repository)});
    }
    return;
  }
  const auto has = [](const auto& list, const PlannedPackage& package) {
    return std::any_of(list.begin(), list.end(), [&](const PlannedPackage* other) {
      return other->checksum == package.checksum && other->nevra() == package.nevra();
    });
  };
  for (const PlannedPackage* package : to) {
    if (has(from, *package)) continue;
    changes.push_back(
        {"added", fmt::format("{}  ({} to download, {} installed)", package->nevra(),
                              to_text(package->size), to_text(package->installed_size))});
  }
  for (const PlannedPackage* package : from) {
    if (has(to, *package)) continue;
    changes.push_back({"removed", fmt::format("{}  ({} installed)", package->nevra(),
                                              to_text(package->installed_size))});
  }
}

Bytes installed_size(const Lock& lock) {
  Bytes total;
  for (const PlannedPackage& package : lock.packages) total += package.installed_size;
  return total;
}

}  // namespace

std::string describe_update(const Lock& from, const Lock& to) {
  const ByName before = by_name(from), after = by_name(to);
  std::vector<Change> changes;
  static const std::vector<const PlannedPackage*> kNone;
  for (const auto& [name, packages] : after) {
    const auto old = before.find(name);
    compare_packages(old == before.end() ? kNone : old->second, packages, changes);
  }
  for (const auto& [name, packages] : before) {
    if (!after.contains(name)) compare_packages(packages, kNone, changes);
  }
  std::string out;
  std::string counts;
  for (const std::string_view what : {"added", "removed", "upgraded", "downgraded", "rebuilt",
                                      "signed by another key", "moved"}) {
    const auto count = std::count_if(changes.begin(), changes.end(),
                                     [&](const Change& change) { return change.what == what; });
    if (count == 0) continue;
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, what);
    out += fmt::format("{}:\n", what);
    for (const Change& change : changes) {
      if (change.what == what) out += fmt::format("  {}\n", change.line);
    }
  }
  if (from.source_date_epoch != to.source_date_epoch) {
    out +=
        fmt::format("source_date_epoch: {} -> {}\n", from.source_date_epoch, to.source_date_epoch);
  }
  for (const PlannedRepository& repository : to.repositories) {
    for (const PlannedRepository& old : from.repositories) {
      if (old.id == repository.id && old.repomd_sha256 != repository.repomd_sha256) {
        out += fmt::format("repository {}: other metadata (repomd.xml {:.12} -> {:.12})\n",
                           repository.id, old.repomd_sha256, repository.repomd_sha256);
      }
    }
  }
  if (!changes.empty()) {
    out += fmt::format("{}; {} -> {} installed ({})\n", counts, to_text(installed_size(from)),
                       to_text(installed_size(to)),
                       change_of(installed_size(from), installed_size(to)));
  }
  return out;
}

}  // namespace composer
