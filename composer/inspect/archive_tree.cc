#include "composer/inspect/archive_tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer::inspect {
namespace {

constexpr std::size_t kMostEntries = 2'000'000;
constexpr std::uint64_t kMostContent = std::uint64_t{64} << 30;
/// A sparse file may claim more than it has; ext4's limit on a file.
/// Names, link targets and attributes stay in memory; a system has some 20 MB of them.
constexpr std::uint64_t kMostDescribed = std::uint64_t{512} << 20;
constexpr std::uint64_t kLargestFile = std::uint64_t{16} << 40;
constexpr std::size_t kReadSize = 1 << 20;

void free_archive(archive* handle) {
  archive_read_free(handle);
}

using Archive = Handle<archive, free_archive>;

struct File {
  FileStatus status;
  std::uint64_t content = 0;                       ///< Where it is in the unpacked contents.
  std::string target;                              ///< Of a link.
  std::map<std::string, Node, std::less<>> names;  ///< Of a directory.
  ExtendedAttributes xattrs;
};

FileKind to_kind(unsigned type) {
  switch (type) {
    case AE_IFREG:
      return FileKind::regular;
    case AE_IFDIR:
      return FileKind::directory;
    case AE_IFLNK:
      return FileKind::symlink;
    case AE_IFCHR:
      return FileKind::character_device;
    case AE_IFBLK:
      return FileKind::block_device;
    case AE_IFIFO:
      return FileKind::fifo;
    case AE_IFSOCK:
      return FileKind::socket;
    default:
      return FileKind::other;
  }
}

FileDescriptor unnamed_file() {
  const auto folder = std::filesystem::temp_directory_path();
  FileDescriptor fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  std::string name = (folder / "image-composer-XXXXXX").string();
  fd = FileDescriptor(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) throw system_error(fmt::format("cannot make a file in '{}'", folder.string()), errno);
  ::unlink(name.c_str());
  return fd;
}

class ArchiveTree final : public FileTree {
 public:
  explicit ArchiveTree(const std::filesystem::path& path)
      : name_(path.string()), content_(unnamed_file()) {
    files_.emplace_back();
    files_[0].status.kind = FileKind::directory;
    files_[0].status.mode = 0755;
    const FileDescriptor fd = open_file(path, O_RDONLY);
    const Archive archive(archive_read_new());
    if (!archive) refuse("out of memory");
    // Named one by one: "all" has filters that run programs.
    archive_read_support_filter_gzip(archive.get());
    archive_read_support_filter_xz(archive.get());
    archive_read_support_filter_zstd(archive.get());
    archive_read_support_filter_bzip2(archive.get());
    archive_read_support_format_tar(archive.get());
    check(archive.get(), archive_read_open_fd(archive.get(), fd.get(), kReadSize));
    for (;;) {
      archive_entry* entry = nullptr;
      const int result = archive_read_next_header(archive.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      check(archive.get(), result);
      add(archive.get(), entry);
    }
  }

  Node root() const override { return 0; }

  std::optional<Node> find(Node directory, std::string_view name) const override {
    const auto& names = files_.at(directory).names;
    const auto found = names.find(name);
    return found == names.end() ? std::nullopt : std::optional(found->second);
  }

  FileStatus status(Node node) const override { return files_.at(node).status; }

  std::vector<std::string> names(Node directory) const override {
    std::vector<std::string> found;
    for (const auto& [name, node] : files_.at(directory).names) found.push_back(name);
    return found;
  }

  std::string target(Node link) const override { return files_.at(link).target; }

  std::string read(Node node, std::uint64_t offset, std::size_t most) const override {
    const File& file = files_.at(node);
    if (offset >= file.status.size) return {};
    std::string bytes(std::min<std::uint64_t>(most, file.status.size - offset), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::pread(content_.get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(file.content + offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw system_error(fmt::format("cannot read '{}' unpacked", name_), errno);
      if (n == 0) break;  // The rest is a hole at the end.
      done += static_cast<std::size_t>(n);
    }
    return bytes;
  }

  ExtendedAttributes xattrs(Node node) const override { return files_.at(node).xattrs; }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(ErrorKind::build, fmt::format("cannot read the archive '{}': {}", name_, why));
  }

  void check(archive* archive, int result) const {
    if (result == ARCHIVE_OK || result == ARCHIVE_WARN) return;
    const char* why = archive_error_string(archive);
    refuse(why ? why : "unknown error");
  }

  /// The directory that `path`'s last component is in, made where the archive left it out, and that
  /// component; empty for the root itself.
  std::pair<Node, std::string> place_of(std::string_view path) {
    Node here = 0;
    std::string last;
    for (std::size_t at = 0; at <= path.size();) {
      const std::size_t end = std::min(path.find('/', at), path.size());
      const std::string_view part = path.substr(at, end - at);
      at = end + 1;
      if (part.empty() || part == ".") continue;
      if (!is_file_name(part)) refuse(fmt::format("it has the path '{}'", path));
      if (!last.empty()) here = directory_in(here, last, path);
      last = part;
    }
    return {here, last};
  }

  Node directory_in(Node parent, const std::string& name, std::string_view path) {
    const auto found = files_[parent].names.find(name);
    if (found != files_[parent].names.end()) {
      if (files_[found->second].status.kind == FileKind::directory) return found->second;
      refuse(fmt::format("'{}' is below '{}', which is no directory", path, name));
    }
    File made;
    made.status.kind = FileKind::directory;
    made.status.mode = 0755;
    return add_file(parent, name, std::move(made));
  }

  Node add_file(Node parent, const std::string& name, File file) {
    if (files_.size() >= kMostEntries) refuse("it has more than two million entries");
    files_.push_back(std::move(file));
    files_[parent].names[name] = files_.size() - 1;
    return files_.size() - 1;
  }

  void add(archive* archive, archive_entry* entry) {
    const char* path = archive_entry_pathname(entry);
    if (!path) refuse("an entry has no name");
    describe(std::string_view(path).size());
    const auto [parent, name] = place_of(path);
    if (const char* hardlink = archive_entry_hardlink(entry)) {
      return add_hard_link(parent, name, hardlink);
    }
    File file;
    file.status.kind = to_kind(archive_entry_filetype(entry));
    file.status.mode = archive_entry_perm(entry) & 07777U;
    file.status.uid = static_cast<std::uint32_t>(archive_entry_uid(entry));
    file.status.gid = static_cast<std::uint32_t>(archive_entry_gid(entry));
    read_attributes(entry, file);
    if (file.status.kind == FileKind::directory)
      return add_directory(parent, name, std::move(file));
    if (name.empty()) refuse("its root is no directory");
    if (file.status.kind == FileKind::symlink) {
      const char* target = archive_entry_symlink(entry);
      file.target = target ? target : "";
      describe(file.target.size());
      file.status.size = file.target.size();
    } else if (file.status.kind == FileKind::regular) {
      unpack(archive, entry, file);
    } else {
      file.status.device_major = static_cast<std::uint32_t>(archive_entry_rdevmajor(entry));
      file.status.device_minor = static_cast<std::uint32_t>(archive_entry_rdevminor(entry));
    }
    add_file(parent, name, std::move(file));
  }

  void add_hard_link(Node parent, const std::string& name, std::string_view target) {
    const auto [folder, last] = place_of(target);
    const auto found = files_[folder].names.find(last);
    if (name.empty() || found == files_[folder].names.end() ||
        files_[found->second].status.kind == FileKind::directory) {
      refuse(fmt::format("'{}' is a hard link to '{}', which is no file before it", name, target));
    }
    files_[parent].names[name] = found->second;
  }

  void add_directory(Node parent, const std::string& name, File file) {
    const auto found = files_[parent].names.find(name);
    const bool known = name.empty() || (found != files_[parent].names.end() &&
                                        files_[found->second].status.kind == FileKind::directory);
    if (!known) {
      add_file(parent, name, std::move(file));
      return;
    }
    File& old = files_[name.empty() ? 0 : found->second];
    old.status = file.status;
    old.xattrs = std::move(file.xattrs);
  }

  /// Counts what stays in memory.
  void describe(std::uint64_t bytes) {
    described_ += bytes;
    if (described_ > kMostDescribed) refuse("its names and attributes are more than 512 MiB");
  }

  void read_attributes(archive_entry* entry, File& file) {
    archive_entry_xattr_reset(entry);
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      describe(std::string_view(name).size() + size);
      file.xattrs[name] = std::string(static_cast<const char*>(value), size);
    }
  }

  void unpack(archive* archive, archive_entry* entry, File& file) {
    const auto size = archive_entry_size(entry);
    if (size < 0 || static_cast<std::uint64_t>(size) > kLargestFile) {
      refuse(fmt::format("a file of {} bytes is not possible", size));
    }
    file.status.size = static_cast<std::uint64_t>(size);
    file.content = end_;
    for (;;) {
      const void* block = nullptr;
      std::size_t length = 0;
      la_int64_t offset = 0;
      const int result = archive_read_data_block(archive, &block, &length, &offset);
      if (result == ARCHIVE_EOF) break;
      check(archive, result);
      const auto at = static_cast<std::uint64_t>(offset);
      if (offset < 0 || at > file.status.size || length > file.status.size - at) {
        refuse("a file is larger than its entry says");
      }
      unpacked_ += length;
      if (unpacked_ > kMostContent) refuse("it unpacks to more than 64 GiB");
      write_all_at(content_.get(), {static_cast<const char*>(block), length}, file.content + at,
                   "an unpacked archive");
    }
    // Holes stay holes of the unpacked contents.
    end_ = file.content + file.status.size;
    if (end_ > (std::uint64_t{1} << 62)) refuse("its files are too large together");
  }

  std::string name_;
  FileDescriptor content_;
  std::vector<File> files_;
  std::uint64_t end_ = 0, unpacked_ = 0, described_ = 0;
};

}  // namespace

bool is_archive(std::string_view head) {
  const auto has = [&](std::size_t at, std::string_view magic) {
    return head.size() >= at + magic.size() && head.substr(at, magic.size()) == magic;
  };
  using namespace std::string_view_literals;
  return has(257, "ustar") || has(0, "\x1f\x8b"sv) || has(0, "\xfd\x37zXZ\0"sv) ||
         has(0, "\x28\xb5\x2f\xfd"sv) || has(0, "BZh");
}

std::unique_ptr<FileTree> open_archive(const std::filesystem::path& path) {
  return std::make_unique<ArchiveTree>(path);
}

}  // namespace composer::inspect
