#include "composer/tree/selinux_labels.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <memory>
#include <optional>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/base/handle.h"
#include "composer/error.h"
#include "composer/mount/contained_process.h"
#include "composer/mount/mounted_filesystems.h"

// Three steps. This process lists every file, with its kind. A contained one, which alone reads
// what the image brings, answers the list with a label for each. This process sets them: writing
// security.selinux without SELinux in the kernel takes CAP_SYS_ADMIN, which nothing that reads a
// hostile file should have.

namespace composer::tree {
namespace {

constexpr const char* kAttribute = "security.selinux";
constexpr std::size_t kMostFiles = 20'000'000;
constexpr std::size_t kLongestLabel = 4095;  ///< xattr values of this kind stay below a page.
constexpr int kDeepest = 256;                ///< Levels; each holds a descriptor.

struct File {
  std::string path;  ///< Inside the root.
  mode_t mode;
};

/// A filesystem and its files, each directory before what is in it.
struct Listing {
  const mount::MountedFilesystem* filesystem;
  std::vector<File> files;
};

class Lister {
 public:
  explicit Lister(Listing& listing)
      : listing_(listing),
        prefix_(listing.filesystem->path == "/" ? "" : listing.filesystem->path) {}

  void run() {
    const int top = listing_.filesystem->tree.get();
    struct stat status {};
    if (::fstat(top, &status) != 0) throw system_error("cannot look at the root", errno);
    listing_.files.push_back({listing_.filesystem->path, status.st_mode});
    FileDescriptor directory(::openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) throw system_error(fmt::format("cannot open '{}'", prefix_), errno);
    walk(std::move(directory), "", 0);
  }

 private:
  void walk(FileDescriptor directory, const std::string& path, int depth) {
    if (depth > kDeepest) {
      throw Error(ErrorKind::build, fmt::format("'{}{}' has too many levels", prefix_, path));
    }
    for (const std::string& name : names_in(directory.get(), path)) {
      const std::string child = fmt::format("{}/{}", path, name);
      struct stat status {};
      if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        throw system_error(fmt::format("cannot look at '{}{}'", prefix_, child), errno);
      }
      if (listing_.files.size() >= kMostFiles) {
        throw Error(ErrorKind::build, fmt::format("more than {} files to label", kMostFiles));
      }
      listing_.files.push_back({prefix_ + child, status.st_mode});
      if (!S_ISDIR(status.st_mode)) continue;
      FileDescriptor folder(
          ::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!folder) throw system_error(fmt::format("cannot open '{}{}'", prefix_, child), errno);
      walk(std::move(folder), child, depth + 1);
    }
  }

  /// Sorted: the order in which labels are set shows in the filesystem.
  std::vector<std::string> names_in(int directory, const std::string& path) const {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(
        ::fdopendir(::fcntl(directory, F_DUPFD_CLOEXEC, 3)), ::closedir);
    if (!entries) throw system_error(fmt::format("cannot read '{}{}'", prefix_, path), errno);
    std::vector<std::string> names;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (!entry && errno != 0) {
        throw system_error(fmt::format("cannot read '{}{}'", prefix_, path), errno);
      }
      if (!entry) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Listing& listing_;
  std::string prefix_;
};

/// Whether the filesystem has extended attributes at all: vfat has none.
bool can_hold_labels(const mount::MountedFilesystem& filesystem) {
  const std::string top = fmt::format("/proc/self/fd/{}/.", filesystem.tree.get());
  return ::getxattr(top.c_str(), kAttribute, nullptr, 0) >= 0 || errno != EOPNOTSUPP;
}

// --- in the contained process ----------------------------------------------------------------

using Labels = Handle<selabel_handle, selabel_close>;

std::string& said() {
  static std::string text;
  return text;
}

[[gnu::format(printf, 2, 3)]] int hear(int, const char* format, ...) {
  std::array<char, 500> line{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  if (said().size() < 4000) said() += line.data();
  return 0;
}

/// Answers each `MODE PATH` that standard input holds, ended by zero bytes, with a label or nothing
/// and a zero byte.
int answer(const std::string& file_contexts) {
  selinux_callback callback{};
  callback.func_log = hear;
  selinux_set_callback(SELINUX_CB_LOG, callback);
  const std::array<selinux_opt, 1> options{{{SELABEL_OPT_PATH, file_contexts.c_str()}}};
  const Labels labels(selabel_open(SELABEL_CTX_FILE, options.data(), options.size()));
  if (!labels) {
    const int cause = errno;
    Problem problem{
        system_error(fmt::format("cannot read '{}'", file_contexts), cause).what(), {}, {}, {}};
    if (!said().empty()) problem.notes.push_back(said());
    throw Error(ErrorKind::build, std::move(problem));
  }
  // Streams of its own: those of the process that this is a copy of may hold something.
  std::FILE* questions = ::fdopen(0, "r");
  std::FILE* answers = ::fdopen(1, "w");
  if (!questions || !answers) throw system_error("cannot open the list of files", errno);
  char* raw = nullptr;
  std::size_t room = 0;
  ssize_t length = 0;
  while ((length = ::getdelim(&raw, &room, '\0', questions)) > 0) {
    char* path = nullptr;
    const auto mode = static_cast<int>(std::strtol(raw, &path, 10));
    char* label = nullptr;
    // ENOENT: `<<none>>`, or nothing that fits.
    if (selabel_lookup_raw(labels.get(), &label, path + 1, mode) != 0 && errno != ENOENT) {
      throw system_error(fmt::format("cannot find the label of '{}'", path + 1), errno);
    }
    const std::string_view text = label ? label : "";
    if (std::fwrite(text.data(), 1, text.size(), answers) != text.size() ||
        std::fputc('\0', answers) == EOF) {
      throw system_error("cannot answer with a label", errno);
    }
    ::freecon(label);
  }
  std::free(raw);
  if (std::fflush(answers) != 0) throw system_error("cannot answer with a label", errno);
  return 0;
}

// --- in this one -----------------------------------------------------------------------------

FileDescriptor file_in_memory(const char* name) {
  FileDescriptor fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd) throw system_error("cannot make a file in memory", errno);
  return fd;
}

std::string content_of(int fd) {
  std::string text;
  std::array<char, 1 << 16> buffer{};
  for (off_t offset = 0;;) {
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), offset);
    if (n < 0) throw system_error("cannot read the labels", errno);
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    offset += n;
  }
}

std::string ask_for_labels(const std::filesystem::path& root, const std::string& file_contexts,
                           const std::vector<Listing>& listings) {
  std::string questions;
  for (const Listing& listing : listings) {
    for (const File& file : listing.files) {
      questions += fmt::format("{} {}", file.mode, file.path);
      questions += '\0';
    }
  }
  const FileDescriptor input = file_in_memory("files"), output = file_in_memory("labels");
  write_all_at(input.get(), questions, 0, "the list of files");
  const FileDescriptor null = open_file("/dev/null", O_WRONLY);
  mount::ContainedProcess process(root, {input.get(), output.get(), null.get(), {}},
                                  [&] { return answer(file_contexts); });
  const int status = process.wait();
  if (status != 0) {
    throw Error(ErrorKind::build,
                fmt::format("reading '{}' ended with status {}", file_contexts, status));
  }
  return content_of(output.get());
}

/// Sets labels in one filesystem, file by file in the order of its listing; keeps the folder of the
/// last one open.
class Setter {
 public:
  explicit Setter(const mount::MountedFilesystem& filesystem)
      : filesystem_(filesystem), skipped_(filesystem.path == "/" ? 0 : filesystem.path.size()) {}

  void set(const File& file, const std::string& label) {
    const std::string inside = file.path.substr(std::min(skipped_, file.path.size()));
    const auto slash = inside.rfind('/');
    const bool top = inside.empty() || inside == "/";
    open_folder(top ? "" : inside.substr(0, slash));
    // Not following the file, if it is a link; of this process's own /proc, not the root's.
    const std::string name =
        fmt::format("/proc/self/fd/{}/{}", folder_.get(), top ? "." : inside.substr(slash + 1));
    // With its zero, as libselinux's setfilecon does.
    if (::lsetxattr(name.c_str(), kAttribute, label.c_str(), label.size() + 1, 0) != 0) {
      throw system_error(fmt::format("cannot label '{}'", file.path), errno);
    }
  }

 private:
  void open_folder(const std::string& path) {
    if (folder_ && path == path_) return;
    FileDescriptor folder(::openat(filesystem_.tree.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (std::size_t from = 1; folder && from < path.size();) {
      const auto end = std::min(path.find('/', from), path.size());
      const std::string name = path.substr(from, end - from);
      folder = FileDescriptor(
          ::openat(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      from = end + 1;
    }
    if (!folder) throw system_error(fmt::format("cannot open '{}'", path), errno);
    folder_ = std::move(folder);
    path_ = path;
  }

  const mount::MountedFilesystem& filesystem_;
  std::size_t skipped_;
  FileDescriptor folder_;
  std::string path_;
};

std::size_t set_all(const std::vector<Listing>& listings, std::string_view answers) {
  std::size_t count = 0;
  for (const Listing& listing : listings) {
    Setter setter(*listing.filesystem);
    for (const File& file : listing.files) {
      const auto end = answers.find('\0');
      if (end == std::string_view::npos) {
        throw Error(ErrorKind::build, fmt::format("there is no answer for '{}'", file.path));
      }
      const std::string label(answers.substr(0, end));
      answers.remove_prefix(end + 1);
      if (label.empty()) continue;
      if (!is_label(label)) {
        throw Error(ErrorKind::build,
                    fmt::format("the image's policy gives '{}' what is no label", file.path));
      }
      setter.set(file, label);
      ++count;
    }
  }
  return count;
}

}  // namespace

bool is_label(std::string_view text) {
  return text.size() <= kLongestLabel && std::count(text.begin(), text.end(), ':') >= 2 &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("_:.,-").find(c) != std::string_view::npos;
         });
}

std::size_t set_labels(const std::filesystem::path& root, const std::string& file_contexts) {
  const std::vector<mount::MountedFilesystem> filesystems = mount::filesystems_below(root);
  std::vector<Listing> listings;
  for (const mount::MountedFilesystem& filesystem : filesystems) {
    if (!can_hold_labels(filesystem)) continue;
    listings.push_back({&filesystem, {}});
    Lister(listings.back()).run();
  }
  const std::size_t count = set_all(listings, ask_for_labels(root, file_contexts, listings));
  if (count == 0) {
    throw Error(ErrorKind::build, fmt::format("'{}' gives no file a label", file_contexts));
  }
  return count;
}

}  // namespace composer::tree
