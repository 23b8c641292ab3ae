#include "composer/image/unpack_layers.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <cstdint>
#include <fcntl.h>
#include <fmt/format.h>
#include <set>
#include <string>
#include <string_view>

#include "composer/base/file_descriptor.h"
#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/host/interrupt.h"
#include "composer/host/remove_tree.h"

namespace composer::image {
namespace {

namespace fs = std::filesystem;
using Source = Handle<archive, archive_read_free>;
using Target = Handle<archive, archive_write_free>;

constexpr std::size_t kReadSize = 1U << 20;
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 30;
constexpr std::string_view kWhiteout = ".wh.", kOpaque = ".wh..wh..opq";

class Unpacking {
 public:
  Unpacking(const fs::path& layer, const fs::path& root)
      : layer_(layer), root_(root), source_(archive_read_new()), target_(archive_write_disk_new()) {
    // A name is where it says: not through a link that an earlier entry made.
    constexpr int kFlags = ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                           ARCHIVE_EXTRACT_XATTR | ARCHIVE_EXTRACT_ACL |
                           ARCHIVE_EXTRACT_SECURE_SYMLINKS;
    check(source_.get(), archive_read_support_filter_gzip(source_.get()));
    check(source_.get(), archive_read_support_filter_zstd(source_.get()));
    check(source_.get(), archive_read_support_format_tar(source_.get()));
    check(target_.get(), archive_write_disk_set_options(target_.get(), kFlags));
  }

  void run() {
    const FileDescriptor fd = open_file(layer_, O_RDONLY);
    check(source_.get(), archive_read_open_fd(source_.get(), fd.get(), kReadSize));
    for (;;) {
      host::throw_if_interrupted();
      archive_entry* entry = nullptr;
      const int result = archive_read_next_header(source_.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      check(source_.get(), result);
      unpack(entry);
    }
    check(target_.get(), archive_write_close(target_.get()));
  }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(ErrorKind::build,
                fmt::format("cannot unpack the layer '{}': {}", layer_.string(), why));
  }
  void check(archive* archive, int result) const {
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* why = archive_error_string(archive);
    refuse(why ? why : "unknown error");
  }

  /// The place of an entry's name below the root.
  fs::path place_of(const char* name) const {
    if (name == nullptr) refuse("an entry has no name");
    fs::path place = root_;
    for (const fs::path& part : fs::path(name).relative_path()) {
      if (part == "..") refuse(fmt::format("it has the path '{}'", name));
      if (part != "." && !part.empty()) place /= part;
    }
    return place;
  }

  /// What a lower layer has at that place goes. The folder must be one, and not a link to one.
  void remove_lower(const fs::path& place) const {
    fs::path folder = root_;
    for (const fs::path& part : place.parent_path().lexically_relative(root_)) {
      if (part == ".") continue;
      folder /= part;
      if (!fs::is_directory(fs::symlink_status(folder))) return;
    }
    if (fs::is_directory(fs::symlink_status(place))) {
      host::remove_tree(place);
    } else {
      fs::remove(place);
    }
  }

  void obey(const fs::path& place) {
    const std::string name = place.filename().string();
    if (name != kOpaque) return remove_lower(place.parent_path() / name.substr(kWhiteout.size()));
    if (!fs::is_directory(fs::symlink_status(place.parent_path()))) return;
    std::vector<fs::path> lower;
    for (const auto& entry : fs::directory_iterator(place.parent_path())) {
      if (!made_.contains(entry.path())) lower.push_back(entry.path());
    }
    for (const fs::path& path : lower) remove_lower(path);
  }

  void unpack(archive_entry* entry) {
    const fs::path place = place_of(archive_entry_pathname(entry));
    if (place != root_ && place.filename().string().starts_with(kWhiteout)) return obey(place);
    bytes_ += static_cast<std::uint64_t>(std::max<la_int64_t>(archive_entry_size(entry), 0));
    if (bytes_ > kMostBytes) refuse("it holds more than 64 GiB");
    archive_entry_copy_pathname(entry, place.c_str());
    if (const char* link = archive_entry_hardlink(entry)) {
      archive_entry_copy_hardlink(entry, place_of(link).c_str());
    }
    // What it replaces may be of another kind; a folder over a folder keeps what is in it.
    const bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
    if (!is_folder && fs::is_directory(fs::symlink_status(place))) remove_lower(place);
    made_.insert(place);
    check(target_.get(), archive_write_header(target_.get(), entry));
    if (archive_entry_size(entry) > 0) copy_content();
    check(target_.get(), archive_write_finish_entry(target_.get()));
  }

  void copy_content() {
    for (;;) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(source_.get(), &block, &size, &offset);
      if (result == ARCHIVE_EOF) return;
      check(source_.get(), result);
      if (archive_write_data_block(target_.get(), block, size, offset) < 0) {
        check(target_.get(), ARCHIVE_FATAL);
      }
    }
  }

  const fs::path& layer_;
  const fs::path& root_;
  Source source_;
  Target target_;
  std::set<fs::path> made_;  ///< By this layer.
  std::uint64_t bytes_ = 0;
};

}  // namespace

void unpack_layers(const std::vector<fs::path>& layers, const fs::path& root) {
  const fs::path top = fs::canonical(root);
  for (const fs::path& layer : layers) Unpacking(layer, top).run();
}

}  // namespace composer::image
