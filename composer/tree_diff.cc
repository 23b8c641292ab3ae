#include <algorithm>
#include <fmt/format.h>

#include "composer/base/checksum.h"
#include "composer/base/one_line.h"
#include "composer/error.h"
#include "composer/image_diff.h"

// Both trees are walked together, in the order of their names. Contents are read in pieces, so that
// memory does not grow with the files.

namespace composer {
namespace {

constexpr int kDeepestFolder = 256;
constexpr std::size_t kPiece = 1 << 20;

std::string_view kind_text(FileKind kind) {
  switch (kind) {
    case FileKind::regular:
      return "file";
    case FileKind::directory:
      return "directory";
    case FileKind::symlink:
      return "symbolic link";
    case FileKind::character_device:
      return "character device";
    case FileKind::block_device:
      return "block device";
    case FileKind::fifo:
      return "fifo";
    case FileKind::socket:
      return "socket";
    case FileKind::other:
      return "file of unknown kind";
  }
  return "";
}

std::string sha256_of(const ReadRoot& root, const std::string& path, std::uint64_t size) {
  Hasher hasher(HashAlgorithm::sha256);
  for (std::uint64_t at = 0; at < size;) {
    const auto piece = root.read_at(path, at, kPiece);
    if (!piece || piece->empty()) {
      throw Error(ErrorKind::build, fmt::format("'{}' ends before its size", path));
    }
    hasher.update(*piece);
    at += piece->size();
  }
  return hasher.finish_hex();
}

/// Attributes whose values are text; others are told by their bytes.
std::string attribute_text(const std::string& name, std::string value) {
  while (name == "security.selinux" && value.ends_with('\0')) value.pop_back();
  const bool text =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= 32 && c < 127; });
  return text ? value : "hexadecimal " + to_hex(value);
}

class TreeComparison {
 public:
  TreeComparison(const ReadRoot& before, const ReadRoot& after, ImageDifferences& found)
      : before_(before), after_(after), found_(found) {}

  void compare_folder(const std::string& folder, int depth) {
    if (depth > kDeepestFolder) {
      return problem(folder, "its folders are nested without end");
    }
    std::vector<std::string> left, right, all;
    try {
      left = before_.list(folder.empty() ? "/" : folder);
      right = after_.list(folder.empty() ? "/" : folder);
    } catch (const Error& error) {
      return problem(folder, error.what());
    }
    std::set_union(left.begin(), left.end(), right.begin(), right.end(), std::back_inserter(all));
    for (const std::string& name : all) {
      const std::string path = folder + '/' + name;
      try {
        compare(path, depth);
      } catch (const Error& error) {
        problem(path, error.what());
      }
    }
  }

  void compare(const std::string& path, int depth) {
    const auto a = before_.link_status(path), b = after_.link_status(path);
    if (!a && !b) return problem(path, "its folder names it, and it is not there");
    if (!a || !b) return one_sided(path, a, b, depth);
    if (a->kind != b->kind) {
      return note(path, "kind", std::string(kind_text(a->kind)), std::string(kind_text(b->kind)));
    }
    if (a->mode != b->mode) {
      note(path, "mode", fmt::format("{:04o}", a->mode), fmt::format("{:04o}", b->mode));
    }
    if (a->uid != b->uid || a->gid != b->gid) {
      note(path, "owner", fmt::format("{}:{}", a->uid, a->gid),
           fmt::format("{}:{}", b->uid, b->gid));
    }
    compare_attributes(path);
    switch (a->kind) {
      case FileKind::regular:
        compare_content(path, *a, *b);
        break;
      case FileKind::symlink: {
        const auto from = before_.read_link(path), to = after_.read_link(path);
        if (from != to) note(path, "target", from.value_or(""), to.value_or(""));
        break;
      }
      case FileKind::character_device:
      case FileKind::block_device:
        if (a->device_major != b->device_major || a->device_minor != b->device_minor) {
          note(path, "device", fmt::format("{}:{}", a->device_major, a->device_minor),
               fmt::format("{}:{}", b->device_major, b->device_minor));
        }
        break;
      case FileKind::directory:
        compare_folder(path == "/" ? std::string() : path, depth + 1);
        break;
      default:
        break;
    }
  }

 private:
  void compare_content(const std::string& path, const FileStatus& a, const FileStatus& b) {
    if (a.size != b.size) {
      note(path, "size", fmt::format("{}", a.size), fmt::format("{}", b.size));
    }
    const std::string from = sha256_of(before_, path, a.size), to = sha256_of(after_, path, b.size);
    if (from != to) note(path, "content", "sha256 " + from, "sha256 " + to);
  }

  void compare_attributes(const std::string& path) {
    const ExtendedAttributes a = before_.xattrs(path), b = after_.xattrs(path);
    if (a == b) return;
    const auto value = [](const ExtendedAttributes& all, const std::string& name) {
      const auto found = all.find(name);
      return found == all.end() ? std::nullopt : std::optional(attribute_text(name, found->second));
    };
    ExtendedAttributes all = a;
    all.insert(b.begin(), b.end());
    for (const auto& [name, unused] : all) {
      const auto from = value(a, name), to = value(b, name);
      if (from != to) found_.differences.push_back({"files", path, name, from, to});
    }
  }

  /// A folder that only one image has is told with everything in it: what was removed or added.
  void one_sided(const std::string& path, const std::optional<FileStatus>& a,
                 const std::optional<FileStatus>& b, int depth) {
    const auto text = [](const std::optional<FileStatus>& status) {
      return status ? std::optional(std::string(kind_text(status->kind))) : std::nullopt;
    };
    found_.differences.push_back({"files", path, "", text(a), text(b)});
    if ((a ? a : b)->kind == FileKind::directory) compare_folder(path, depth + 1);
  }

  void note(const std::string& path, std::string aspect, std::string from, std::string to) {
    found_.differences.push_back(
        {"files", path, std::move(aspect), std::move(from), std::move(to)});
  }

  void problem(const std::string& path, std::string_view why) {
    found_.problems.push_back(fmt::format("{}: {}", path.empty() ? "/" : path, why));
  }

  const ReadRoot& before_;
  const ReadRoot& after_;
  ImageDifferences& found_;
};

}  // namespace

void compare_trees(const ReadRoot& before, const ReadRoot& after, ImageDifferences& found) {
  TreeComparison comparison(before, after, found);
  comparison.compare("/", 0);
}

}  // namespace composer
