#include "composer/cache_care.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/cache.h"
#include "composer/host/cache_lease.h"
#include "composer/host/data_digest.h"
#include "composer/host/interrupt.h"
#include "composer/host/remove_tree.h"
#include "composer/host/store.h"

namespace composer {
namespace {

namespace fs = std::filesystem;

constexpr Bytes kLimit = GiB(20);
constexpr std::array kKinds{"packages", "metadata", "solv", "initramfs", "disks", "outputs"};

/// Something that is kept or goes as a whole: a file, or the folder of an entry.
struct Item {
  std::size_t kind = 0;  ///< Of kKinds.
  fs::path path;
  Bytes size;
  timespec used{};
  bool half_made = false;
};

bool is_older(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

/// What mkstemp and mkdtemp put behind a name: a dot and six letters or digits.
bool is_half_made(const std::string& name) {
  if (name.size() < 7 || name[name.size() - 7] != '.') return false;
  return std::all_of(name.end() - 6, name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; });
}

/// What removing it would free.
Bytes size_of(const struct stat& status) {
  if (!S_ISREG(status.st_mode) || status.st_nlink > 1) return {};
  return {static_cast<std::uint64_t>(status.st_blocks) * 512};
}

std::vector<fs::path> children_of(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

void add_item(std::size_t kind, const fs::path& path, std::vector<Item>& items) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  // Of a file the kernel notes when it was read, once a day at least. A mark of our own would
  // change the file's status, by which a build that installs it sees that it was not changed
  // meanwhile.
  const timespec used = is_older(status.st_mtim, status.st_atim) ? status.st_atim : status.st_mtim;
  Item item{kind, path, size_of(status), used, is_half_made(path.filename().string())};
  if (S_ISDIR(status.st_mode)) {
    for (const fs::path& file : children_of(path)) {
      if (::lstat(file.c_str(), &status) != 0) continue;
      item.size += size_of(status);
      if (file.filename() == "entry.json") item.used = status.st_mtim;
    }
  }
  items.push_back(std::move(item));
}

std::vector<Item> items_of(const fs::path& cache) {
  std::vector<Item> items;
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    const std::string_view name = kKinds[kind];
    for (const fs::path& path : children_of(cache / name)) {
      if (name == "packages" || name == "metadata") {
        for (const fs::path& file : children_of(path)) add_item(kind, file, items);
      } else {
        add_item(kind, path, items);
      }
    }
  }
  return items;
}

CacheReport report_of(const fs::path& cache, const std::vector<Item>& items) {
  CacheReport report;
  report.cache = cache;
  report.limit = cache_limit();
  for (const char* name : kKinds) report.kinds.push_back({name, 0, {}});
  for (const Item& item : items) {
    ++report.kinds[item.kind].entries;
    report.kinds[item.kind].size += item.size;
  }
  return report;
}

void remove_item(const Item& item) {
  std::error_code error;
  if (fs::is_directory(fs::symlink_status(item.path, error))) {
    host::remove_tree(item.path);
  } else {
    fs::remove(item.path, error);
  }
}

/// Removes those for which `goes` is true, and says what is left.
template <typename Goes>
CacheReport remove_items(const fs::path& cache, const std::vector<Item>& items, Goes&& goes) {
  std::vector<Item> left;
  CacheReport removed;
  for (const Item& item : items) {
    host::throw_if_interrupted();
    if (!goes(item)) {
      left.push_back(item);
      continue;
    }
    remove_item(item);
    ++removed.removed;
    removed.freed += item.size;
  }
  CacheReport report = report_of(cache, left);
  report.removed = removed.removed;
  report.freed = removed.freed;
  return report;
}

/// A .solv file ends in the SHA-256 of all before it (composer/solve/solv_file.h).
bool is_whole_solv(const fs::path& path) {
  constexpr std::size_t kDigest = 32;
  const std::string content = read_file(path);
  if (content.size() < kDigest) return false;
  const std::string_view body = std::string_view(content).substr(0, content.size() - kDigest);
  return sha256_hex(body) == to_hex(std::string_view(content).substr(body.size()));
}

bool is_whole(const Item& item) {
  const std::string_view kind = kKinds[item.kind];
  if (kind == "packages" || kind == "metadata") {
    // A download to go on with is checked when it is whole.
    if (item.path.extension() == ".partial") return true;
    const auto algorithm = host::strong_algorithm(item.path.parent_path().filename().string());
    return algorithm && host::is_intact(item.path, {*algorithm, item.path.stem().string()}, {});
  }
  if (kind == "solv") return is_whole_solv(item.path);
  const auto entry = host::read_entry(item.path);
  if (!entry) return false;
  return std::all_of(entry->files.begin(), entry->files.end(), [&](const host::StoredFile& file) {
    host::throw_if_interrupted();
    const fs::path path = entry->folder / file.name;
    return file.sha256 ==
           (file.sha256.starts_with("data:") ? host::data_digest(path) : sha256_file(path));
  });
}

}  // namespace

Bytes CacheReport::size() const {
  Bytes total;
  for (const CacheKind& kind : kinds) total += kind.size;
  return total;
}

Bytes cache_limit() {
  const char* text = std::getenv("IMAGE_COMPOSER_CACHE_LIMIT");
  if (text == nullptr || *text == '\0') return kLimit;
  if (const auto limit = parse_bytes(text)) return *limit;
  throw Error(ErrorKind::usage, fmt::format("IMAGE_COMPOSER_CACHE_LIMIT is '{}', not a size", text),
              "write a number with KiB, MiB, GiB or TiB, such as '20 GiB'");
}

CacheReport inspect_cache(const fs::path& cache) {
  return report_of(cache, items_of(cache));
}

CacheReport prune_cache(const fs::path& cache, Bytes limit, Progress& progress) {
  const host::CacheLease lease = host::CacheLease::own(cache);
  std::vector<Item> items = items_of(cache);
  Bytes size;
  for (const Item& item : items) size += item.half_made ? Bytes{} : item.size;
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return is_older(a.used, b.used); });
  CacheReport report = remove_items(cache, items, [&](const Item& item) {
    if (item.half_made) return true;
    // What an output folder has as well is no gain; it goes when its turn comes.
    if (size <= limit) return false;
    size = size - item.size;
    return true;
  });
  if (report.removed > 0) {
    progress.note(
        fmt::format("removed {} entries of the cache, {}", report.removed, to_text(report.freed)));
  }
  return report;
}

CacheReport verify_cache(const fs::path& cache, Progress& progress) {
  const host::CacheLease lease = host::CacheLease::own(cache);
  std::vector<std::string> damaged;
  CacheReport report = remove_items(cache, items_of(cache), [&](const Item& item) {
    if (item.half_made) return true;
    if (is_whole(item)) return false;
    damaged.push_back(fs::relative(item.path, cache).string());
    progress.warning(fmt::format("'{}' is damaged, removed", item.path.string()));
    return true;
  });
  report.damaged = std::move(damaged);
  return report;
}

std::string describe(const CacheReport& report) {
  std::string out = fmt::format("{}: {} of {}\n", report.cache.string(), to_text(report.size()),
                                to_text(report.limit));
  for (const CacheKind& kind : report.kinds) {
    out += fmt::format("  {:<10} {:>6}  {:>10}\n", kind.name, kind.entries, to_text(kind.size));
  }
  if (report.removed > 0) {
    out += fmt::format("removed {}, {}\n", report.removed, to_text(report.freed));
  }
  for (const std::string& path : report.damaged) out += fmt::format("damaged: {}\n", path);
  return out;
}

std::string to_json(const CacheReport& report) {
  nlohmann::ordered_json json;
  json["cache"] = report.cache.string();
  json["size"] = report.size().count;
  json["limit"] = report.limit.count;
  json["kinds"] = nlohmann::ordered_json::object();
  for (const CacheKind& kind : report.kinds) {
    json["kinds"][kind.name] = {{"entries", kind.entries}, {"size", kind.size.count}};
  }
  json["removed"] = report.removed;
  json["freed"] = report.freed.count;
  json["damaged"] = report.damaged;
  return json.dump(2) + "\n";
}

}  // namespace composer
