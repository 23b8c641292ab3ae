#include "composer/host/store.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/cache.h"
#include "composer/host/remove_tree.h"

namespace composer::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEntry = "entry.json";
constexpr int kFormat = 1;
/// Of the inputs that differ: an initramfs has hundreds.
constexpr std::size_t kMostNamed = 8;
/// No text about an entry is larger.
constexpr Bytes kMostText = MiB(16);

std::optional<struct stat> regular_file(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return status;
}

std::int64_t modified_of(const struct stat& status) {
  return status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

std::optional<Json> read_description(const std::filesystem::path& folder) {
  try {
    const std::string text = read_file_beneath(folder, kEntry, kMostText);
    Json json = Json::parse(text);
    if (json.at("format").get<int>() != kFormat) return std::nullopt;
    return json;
  } catch (const std::exception&) {
    return std::nullopt;  // Of another version, damaged, or not there: no entry.
  }
}

}  // namespace

void StoreKey::add(std::string name, std::string_view content) {
  inputs_[std::move(name)] = sha256_hex(content);
}

std::string StoreKey::hex() const {
  std::string all;
  for (const auto& [name, digest] : inputs_) all += fmt::format("{}\n{}\n", name, digest);
  return sha256_hex(all);
}

const StoredFile* StoreEntry::find(std::string_view name) const {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const StoredFile& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

std::optional<std::string> StoreEntry::read(std::string_view name) const {
  const StoredFile* file = find(name);
  if (file == nullptr || !regular_file(folder / file->name)) return std::nullopt;
  std::string content = read_file(folder / file->name);
  if (sha256_hex(content) != file->sha256) return std::nullopt;
  return content;
}

std::string StoreEntry::note(const std::string& name) const {
  const auto found = notes.find(name);
  return found == notes.end() ? std::string() : found->second;
}

std::optional<StoreEntry> read_entry(const std::filesystem::path& folder) {
  const std::optional<Json> json = read_description(folder);
  if (!json) return std::nullopt;
  StoreEntry entry;
  entry.folder = folder;
  try {
    for (const auto& [name, text] : json->at("notes").items()) {
      entry.notes.emplace(name, text.get<std::string>());
    }
    for (const auto& [name, file] : json->at("files").items()) {
      if (name.empty() || name.find('/') != std::string::npos || name == "..") return std::nullopt;
      StoredFile stored{name,
                        {file.at("size").get<std::uint64_t>()},
                        file.at("sha256").get<std::string>(),
                        file.at("modified").get<std::int64_t>()};
      const auto status = regular_file(folder / name);
      if (!status || static_cast<std::uint64_t>(status->st_size) != stored.size.count ||
          modified_of(*status) != stored.modified) {
        return std::nullopt;
      }
      entry.files.push_back(std::move(stored));
    }
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  return entry;
}

Store::Store(const std::filesystem::path& cache, std::string_view kind) : folder_(cache / kind) {}

std::optional<StoreEntry> Store::find(const StoreKey& key) const {
  const std::filesystem::path folder = folder_ / key.hex();
  std::optional<StoreEntry> entry = read_entry(folder);
  if (entry) {
    // The time of its last use, by which `cache prune` chooses.
    ::utimensat(AT_FDCWD, (folder / kEntry).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  } else if (std::filesystem::exists(folder)) {
    remove_tree(folder);
  }
  return entry;
}

std::vector<std::string> Store::differences(const StoreKey& key) const {
  std::optional<std::vector<std::string>> fewest;
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());  // Not the directory's order.
  for (const auto& folder : folders) {
    const std::optional<Json> json = read_description(folder);
    if (!json || !json->contains("inputs")) continue;
    std::map<std::string, std::string> other;
    for (const auto& [name, digest] : (*json)["inputs"].items()) {
      if (digest.is_string()) other.emplace(name, digest.get<std::string>());
    }
    std::vector<std::string> different;
    for (const auto& [name, digest] : key.inputs()) {
      const auto found = other.find(name);
      if (found == other.end() || found->second != digest) different.push_back(name);
    }
    for (const auto& [name, digest] : other) {
      if (!key.inputs().contains(name)) different.push_back(name);
    }
    std::sort(different.begin(), different.end());
    if (!fewest || different.size() < fewest->size()) fewest = std::move(different);
  }
  return fewest.value_or(std::vector<std::string>());
}

std::string Store::explain(std::string_view subject, const StoreKey& key) const {
  std::vector<std::string> different = differences(key);
  if (different.empty()) return fmt::format("{} is made: none was kept before", subject);
  std::string others;
  if (different.size() > kMostNamed) {
    others = fmt::format(" and {} more", different.size() - kMostNamed);
    different.resize(kMostNamed);
  }
  return fmt::format("{} is made: not as before: {}{}", subject, fmt::join(different, ", "),
                     others);
}

void Store::remove(const StoreKey& key) const {
  remove_tree(folder_ / key.hex());
}

Store::Draft::Draft(const Store& store, const StoreKey& key)
    : destination_(store.folder() / key.hex()), inputs_(key.inputs()) {
  make_parent(destination_);
  std::string name = destination_.string() + ".XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    throw system_error(fmt::format("cannot make a folder in '{}'", store.folder().string()), errno);
  }
  folder_ = name;
}

Store::Draft::~Draft() {
  if (folder_.empty()) return;
  try {
    remove_tree(folder_);
  } catch (const Error&) {
    // `cache prune` removes it.
  }
}

void Store::Draft::write(const std::string& name, std::string_view content) {
  const FileDescriptor fd =
      open_file(folder_ / name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  write_all(fd.get(), content, (folder_ / name).string());
  add(name, sha256_hex(content));
}

void Store::Draft::add(const std::string& name, std::string_view sha256) {
  const auto status = regular_file(folder_ / name);
  if (!status) {
    throw Error(ErrorKind::host, fmt::format("'{}' is no file", (folder_ / name).string()));
  }
  entry_.files.push_back({name,
                          {static_cast<std::uint64_t>(status->st_size)},
                          std::string(sha256),
                          modified_of(*status)});
}

void Store::Draft::note(const std::string& name, std::string_view text) {
  entry_.notes[name] = text;
}

void Store::Draft::commit() {
  Json json = {{"format", kFormat}};
  json["inputs"] = inputs_;
  json["notes"] = entry_.notes;
  json["files"] = Json::object();
  std::sort(entry_.files.begin(), entry_.files.end(),
            [](const StoredFile& a, const StoredFile& b) { return a.name < b.name; });
  for (const StoredFile& file : entry_.files) {
    json["files"][file.name] = {
        {"size", file.size.count}, {"sha256", file.sha256}, {"modified", file.modified}};
  }
  {
    const FileDescriptor fd =
        open_file(folder_ / kEntry, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    write_all(fd.get(), json.dump(1) + "\n", (folder_ / kEntry).string());
  }
  if (::rename(folder_.c_str(), destination_.c_str()) == 0) {
    folder_.clear();
    return;
  }
  // Another process has stored the same.
  if (errno != EEXIST && errno != ENOTEMPTY) {
    throw system_error(fmt::format("cannot store '{}'", destination_.string()), errno);
  }
}

}  // namespace composer::host
