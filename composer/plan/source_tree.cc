#include "composer/plan/source_tree.h"

#include <algorithm>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

namespace composer {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 32;

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw Error(ErrorKind::usage, std::move(message), std::move(hint));
}

class TreeReader {
 public:
  TreeReader(fs::path top, const SourceLimits& limits) : top_(std::move(top)), limits_(limits) {}

  SourceTree read() {
    read_folder({}, 0);
    std::sort(tree_.folders.begin(), tree_.folders.end());
    std::sort(tree_.files.begin(), tree_.files.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return std::move(tree_);
  }

 private:
  void read_folder(const std::string& relative, int depth) {
    const fs::path folder = relative.empty() ? top_ : top_ / relative;
    if (depth > kDeepest) refuse(fmt::format("'{}' has too many levels", folder.string()));
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      check_name(name, folder);
      if (++entries_ > limits_.entries) {
        refuse(fmt::format("'{}' holds more than {} files and folders", top_.string(),
                           limits_.entries),
               "make a package of it");
      }
      read_entry(relative.empty() ? name : relative + "/" + name, entry->path(), depth);
    }
    if (error) {
      refuse(fmt::format("cannot read the folder '{}': {}", folder.string(), error.message()));
    }
  }

  void read_entry(const std::string& relative, const fs::path& path, int depth) {
    std::error_code error;
    const fs::file_status itself = fs::symlink_status(path, error);
    if (fs::is_directory(itself)) {
      tree_.folders.push_back(relative);
      read_folder(relative, depth + 1);
      return;
    }
    const fs::file_status status = fs::status(path, error);
    if (!fs::is_regular_file(status)) {
      refuse(fs::is_symlink(itself)
                 ? fmt::format("'{}' is a link to something that is no file", path.string())
                 : fmt::format("'{}' is neither a file nor a folder", path.string()),
             "take it out of the folder");
    }
    SourceTree::File file;
    file.name = relative;
    file.content = read_file_beneath(top_, relative, limits_.size);
    file.executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
    size_ += file.content.size();
    if (size_ > limits_.size.count) {
      refuse(fmt::format("'{}' holds more than {}", top_.string(), to_text(limits_.size)),
             "make a package of it");
    }
    tree_.files.push_back(std::move(file));
  }

  // Names go into messages and into plan.lock.
  static void check_name(const std::string& name, const fs::path& folder) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f;
    });
    if (!plain) {
      refuse(fmt::format("a name in the folder '{}' holds more than printable ASCII characters",
                         folder.string()),
             "rename the file");
    }
  }

  fs::path top_;
  SourceLimits limits_;
  SourceTree tree_;
  std::size_t entries_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace

SourceTree read_source_tree(const fs::path& folder, const std::string& relative,
                            const SourceLimits& limits) {
  std::error_code error;
  const fs::path base = fs::canonical(folder.empty() ? "." : folder, error);
  const fs::path top = error ? fs::path() : fs::canonical(base / relative, error);
  if (error) {
    refuse(fmt::format("cannot read the folder '{}': {}", (folder / relative).string(),
                       error.message()));
  }
  if (!fs::is_directory(top)) {
    refuse(fmt::format("'{}' is not a folder", (folder / relative).string()),
           "a single file belongs in 'files'");
  }
  const auto [rest, end] = std::mismatch(base.begin(), base.end(), top.begin(), top.end());
  if (rest != base.end()) {
    refuse(fmt::format("'{}' leads out of the folder '{}'", relative, folder.string()));
  }
  return TreeReader(top, limits).read();
}

}  // namespace composer
