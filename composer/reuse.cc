#include "composer/reuse.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "composer/base/checksum.h"
#include "composer/base/file_descriptor.h"
#include "composer/descriptions.h"
#include "composer/image/partial_file.h"
#include "composer/output_format.h"
#include "composer/reuse_keys.h"

namespace composer {
namespace {

constexpr const char* kLint = "lint";

struct Place {
  dev_t device;
  ino_t inode;
  friend bool operator==(const Place&, const Place&) = default;
};

std::optional<Place> place_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return Place{status.st_dev, status.st_ino};
}

/// The same under its name at the end, on stable storage.
void copy_output(const Plan& plan, const std::filesystem::path& from,
                 const std::filesystem::path& to) {
  image::PartialFile target(to);
  copy_whole(plan, from, target, image::WriteBack::at_once);
  target.commit();
  const FileDescriptor file = open_file(to, O_RDONLY | O_NOFOLLOW);
  if (::fsync(file.get()) != 0) {
    throw system_error(fmt::format("cannot write '{}'", to.string()), errno);
  }
}

/// Which copies of an entry's files were made, so that the next build finds them in their place.
/// One that was written to since, or replaced, has another time of change, which nobody can set.
class Copies {
 public:
  explicit Copies(const host::StoreEntry& entry) : file_(entry.folder / "copies.json") {
    try {
      std::error_code ignored;
      if (std::filesystem::exists(file_, ignored))
        known_ = Json::parse(read_file(file_), nullptr, false);
    } catch (const Error&) {
      // As if there were none.
    }
    if (!known_.is_array()) known_ = Json::array();
  }

  bool has(const std::string& name, const std::filesystem::path& path) const {
    const Json copy = describe(name, path);
    return copy.is_array() && std::find(known_.begin(), known_.end(), copy) != known_.end();
  }

  void add(const std::string& name, const std::filesystem::path& path) {
    known_.push_back(describe(name, path));
    if (known_.size() > kMost) known_.erase(known_.begin());
  }

  /// Without it the next build copies again, no more.
  void save() const noexcept {
    try {
      write_file_atomically(file_, known_.dump());
    } catch (const std::exception&) {
    }
  }

 private:
  using Json = nlohmann::json;
  static constexpr std::size_t kMost = 64;

  static Json describe(const std::string& name, const std::filesystem::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
    return {name,
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec,
            status.st_ctim.tv_nsec};
  }

  std::filesystem::path file_;
  Json known_;
};

}  // namespace

std::optional<tree::InitramfsStore> initramfs_store(const Plan& plan,
                                                    const std::filesystem::path& cache,
                                                    const ReuseOptions& options) {
  if (options.fresh || !plan.writes_boot() || plan.base) return std::nullopt;
  tree::InitramfsStore kept{host::Store(cache, "initramfs"), planned_initramfs_key(plan),
                            options.explain};
  for (const PlannedScript& script : plan.scripts) {
    if (script.network && plan.boot.initramfs == InitramfsMaker::dracut) return std::nullopt;
  }
  return kept;
}

OutputStore::OutputStore(const Plan& plan, const std::filesystem::path& cache,
                         const ReuseOptions& options)
    : plan_(&plan), options_(options), store_(cache, "outputs"), key_(output_key(plan)) {}

std::optional<BuildReport> OutputStore::reuse(const std::filesystem::path& directory,
                                              Progress& progress) const {
  if (options_.fresh) return std::nullopt;
  const std::optional<host::StoreEntry> entry = store_.find(key_);
  if (!entry) {
    if (options_.explain) progress.note(store_.explain("the image", key_));
    return std::nullopt;
  }
  std::filesystem::create_directories(directory);
  BuildReport report;
  report.plan = *plan_;
  report.lint = entry->note(kLint);
  std::uint64_t copied = 0;
  Copies copies(*entry);
  const auto is_there = [&](const std::string& name) {
    const std::filesystem::path path = directory / name;
    return place_of(path) == place_of(entry->folder / name) || copies.has(name, path);
  };
  const auto bring = [&](const std::string& name) {
    const std::filesystem::path path = directory / name;
    if (is_there(name)) return path;
    copy_output(*plan_, entry->folder / name, path);
    copies.add(name, path);
    ++copied;
    return path;
  };
  // SHA256SUMS says that all is there: it comes last.
  bool whole = true;
  for (const char* name : {"SHA256SUMS", "manifest.json", "plan.lock"}) {
    whole = whole && is_there(name);
  }
  if (!whole) remove_descriptions(directory);
  for (const PlannedOutput& output : plan_->outputs) {
    const host::StoredFile* file = entry->find(output.filename);
    if (file == nullptr) return std::nullopt;
    const bool of_disk = is_made_of_disk(output.format);
    report.images.push_back({output, bring(output.filename), file->size,
                             of_disk ? plan_->disk.size : Bytes{}, file->sha256});
  }
  for (const char* name : {"plan.lock", "manifest.json", "lint.json", "SHA256SUMS"}) {
    if (entry->find(name) != nullptr) report.files.push_back(bring(name));
  }
  if (copied > 0) {
    image::sync_directory(directory);
    copies.save();
  }
  progress.note(copied == 0 ? "unchanged: the outputs are there"
                            : "reused the outputs of an earlier build of the same plan");
  return report;
}

void OutputStore::keep(const BuildReport& report, Progress& progress) const {
  if (options_.fresh) return;
  const auto not_kept = [&](std::string_view why) {
    if (options_.explain) progress.note(fmt::format("the outputs are not kept: {}", why));
  };
  for (const PlannedScript& script : plan_->scripts) {
    if (script.network) return not_kept("a script had a network");
  }
  // The outputs are there and whole: a cache that is full or cannot be written to ends no build.
  try {
    host::Store::Draft draft(store_, key_);
    const auto add = [&](const std::filesystem::path& path, const std::string& sha256) {
      const std::string name = path.filename().string();
      if (::link(path.c_str(), (draft.folder() / name).c_str()) != 0) return false;
      draft.add(name, sha256);
      return true;
    };
    for (const Image& image : report.images) {
      if (facts_of(image.output.format).is_directory) return not_kept("one of them is a directory");
      if (!add(image.path, image.sha256)) {
        return not_kept(fmt::format("'{}' cannot have another name in the cache: {}",
                                    image.path.string(), std::strerror(errno)));
      }
    }
    for (const std::filesystem::path& file : report.files) {
      if (!add(file, sha256_file(file))) return not_kept(std::strerror(errno));
    }
    draft.note(kLint, report.lint);
    draft.commit();
  } catch (const Error& error) {
    progress.warning(fmt::format("the outputs are not kept: {}", error.what()));
  }
}

}  // namespace composer
