#include "composer/mount/mount_point.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <utility>

#include "composer/error.h"
#include "composer/mount/open_in_root.h"

namespace composer::mount {
namespace {

using namespace std::chrono_literals;

/// How long a busy mount may take to let go: a namespace that has just ended is torn down by the
/// kernel in its own time, as is a filesystem whose last file was just closed.
constexpr auto kPatience = 5s;

// <linux/fs.h> and glibc 2.36's <sys/mount.h> cannot be included together.
struct TrimRange {
  std::uint64_t start, length, least;
};
constexpr unsigned long kFitrim = _IOWR('X', 121, TrimRange);

struct Flag {
  std::string_view word;
  unsigned attribute;
};
constexpr std::array<Flag, 6> kFlags = {{{"ro", MOUNT_ATTR_RDONLY},
                                         {"nosuid", MOUNT_ATTR_NOSUID},
                                         {"nodev", MOUNT_ATTR_NODEV},
                                         {"noexec", MOUNT_ATTR_NOEXEC},
                                         {"noatime", MOUNT_ATTR_NOATIME},
                                         {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW}}};

struct Options {
  unsigned attributes = 0;
  std::vector<std::string> filesystem;
};

Options sort_out(const std::vector<std::string>& words) {
  Options options;
  for (const std::string& word : words) {
    const auto* flag =
        std::find_if(kFlags.begin(), kFlags.end(), [&](const Flag& f) { return f.word == word; });
    if (flag != kFlags.end()) {
      options.attributes |= flag->attribute;
      // A filesystem that may not be written to at all does not replay its journal either way it
      // likes: `ro` is for the filesystem as well as for the mount.
      if (word == "ro") options.filesystem.push_back(word);
    } else if (!word.empty() && word != "rw" && word != "defaults") {
      options.filesystem.push_back(word);
    }
  }
  return options;
}

/// What the kernel said about a failed mount, one line each.
std::vector<std::string> messages(int context) {
  std::vector<std::string> lines;
  std::array<char, 1024> buffer{};
  for (int i = 0; i < 16; ++i) {
    const ssize_t n = ::read(context, buffer.data(), buffer.size());
    if (n <= 2) break;
    std::string line(buffer.data() + 2, static_cast<std::size_t>(n - 2));
    while (line.ends_with('\n')) line.pop_back();
    lines.push_back("kernel: " + line);
  }
  return lines;
}

[[noreturn]] void refuse(std::string_view what, int cause, std::vector<std::string> notes = {}) {
  Problem problem = system_error(what, cause).problems().front();
  problem.notes = std::move(notes);
  throw Error(cause == EPERM || cause == ENODEV ? ErrorKind::host : ErrorKind::build,
              std::move(problem));
}

std::uint64_t mount_id(int directory, const char* name, int flags) {
  struct statx status {};
  if (::statx(directory, name, flags | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_MNT_ID,
              &status) != 0 ||
      (status.stx_mask & STATX_MNT_ID) == 0) {
    return 0;
  }
  return status.stx_mnt_id;
}

std::filesystem::path where(const MountTarget& target) {
  return target.path == "/" || target.path.empty()
             ? target.root
             : target.root / std::filesystem::path(target.path).relative_path();
}

}  // namespace

Mount::Mount(const std::filesystem::path& source, const MountTarget& target, std::string_view type,
             const std::vector<std::string>& options) {
  path_ = where(target);
  const std::string what =
      fmt::format("cannot mount {} '{}' on '{}'", type, source.string(), path_.string());
  const Options sorted = sort_out(options);
  const FileDescriptor context(::fsopen(std::string(type).c_str(), FSOPEN_CLOEXEC));
  if (!context) refuse(what, errno);
  const auto set = [&](unsigned command, const char* key, const char* value) {
    if (::fsconfig(context.get(), command, key, value, 0) != 0) {
      refuse(what, errno, messages(context.get()));
    }
  };
  set(FSCONFIG_SET_STRING, "source", source.c_str());
  for (const std::string& option : sorted.filesystem) {
    const auto equals = option.find('=');
    if (equals == std::string::npos) {
      set(FSCONFIG_SET_FLAG, option.c_str(), nullptr);
    } else {
      set(FSCONFIG_SET_STRING, option.substr(0, equals).c_str(), option.c_str() + equals + 1);
    }
  }
  set(FSCONFIG_CMD_CREATE, nullptr, nullptr);
  const FileDescriptor mounted(::fsmount(context.get(), FSMOUNT_CLOEXEC, sorted.attributes));
  if (!mounted) refuse(what, errno, messages(context.get()));
  if (source.is_absolute() && std::filesystem::is_block_file(source)) source_ = source.string();
  attach(mounted.get(), target, what);
}

Mount Mount::bind(const std::filesystem::path& source, const MountTarget& target,
                  const std::vector<std::string>& options) {
  Mount mount;
  mount.path_ = where(target);
  const std::string what =
      fmt::format("cannot show '{}' at '{}'", source.string(), mount.path_.string());
  const Options sorted = sort_out(options);
  const FileDescriptor tree(
      ::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree) refuse(what, errno);
  mount_attr attributes{};
  attributes.attr_set = sorted.attributes;
  attributes.propagation = MS_PRIVATE;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
    refuse(what, errno);
  }
  mount.attach(tree.get(), target, what);
  return mount;
}

Mount::Mount(Mount&& other) noexcept
    : path_(std::move(other.path_)),
      source_(std::move(other.source_)),
      parent_(std::move(other.parent_)),
      name_(std::move(other.name_)),
      id_(std::exchange(other.id_, 0)) {}

Mount& Mount::operator=(Mount&& other) noexcept {
  if (this != &other) {
    detach();
    path_ = std::move(other.path_);
    source_ = std::move(other.source_);
    parent_ = std::move(other.parent_);
    name_ = std::move(other.name_);
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

Mount::~Mount() {
  detach();
}

void Mount::attach(int mounted, const MountTarget& target, std::string_view what) {
  const FileDescriptor root = open_file(target.root, O_PATH | O_DIRECTORY);
  const auto directory = open_in_root(root.get(), target.path, O_PATH | O_DIRECTORY);
  if (!directory) refuse(what, ENOENT);

  // To be unmounted, it has to be named: by its parent's descriptor and its last component. The
  // kernel lets nobody rename or remove a directory that something is mounted on.
  parent_ = FileDescriptor(::openat(directory->get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent_) refuse(what, errno);
  name_ = std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", directory->get()))
              .filename()
              .string();
  struct stat named {
  }, meant{};
  if (::fstatat(parent_.get(), name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::fstat(directory->get(), &meant) != 0) {
    refuse(what, errno);
  }
  if (named.st_dev != meant.st_dev || named.st_ino != meant.st_ino) refuse(what, ESTALE);

  const std::uint64_t id = mount_id(mounted, "", AT_EMPTY_PATH);
  if (id == 0) refuse(what, ENOSYS);
  if (::move_mount(mounted, "", directory->get(), "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    refuse(what, errno);
  }
  id_ = id;
}

void Mount::detach() noexcept {
  if (id_ == 0) return;
  if (mount_id(parent_.get(), name_.c_str(), 0) == id_) {
    std::array<char, 64> folder{};
    *fmt::format_to_n(folder.data(), folder.size() - 1, "/proc/self/fd/{}/", parent_.get()).out = 0;
    try {
      const std::string path = folder.data() + name_;
      // What is busy now goes when it is no longer; the private namespace ends it in any case.
      if (::umount2(path.c_str(), UMOUNT_NOFOLLOW) != 0) {
        ::umount2(path.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
      }
    } catch (const std::exception&) {
      // Out of memory: the namespace's end unmounts.
    }
  }
  id_ = 0;
}

void Mount::close(Device device) {
  if (id_ == 0) return;
  const std::string what = fmt::format("cannot unmount '{}'", path_.string());
  if (mount_id(parent_.get(), name_.c_str(), 0) != id_) {
    throw Error(ErrorKind::build, what + ": something else is mounted there");
  }
  const std::string path = fmt::format("/proc/self/fd/{}/{}", parent_.get(), name_);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto pause = std::chrono::microseconds(100);
  const auto wait = [&](int cause) {
    if (cause != EBUSY || std::chrono::steady_clock::now() > deadline) refuse(what, cause);
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::microseconds>(pause * 2, 50ms);
  };
  while (::umount2(path.c_str(), UMOUNT_NOFOLLOW) != 0) wait(errno);
  id_ = 0;
  parent_.reset();
  // The filesystem may live on in a namespace that is just ending. While it does, it holds its
  // device exclusively; checking or copying the device before that would read a moving target.
  while (!source_.empty() && device == Device::free) {
    const FileDescriptor probe(::open(source_.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
    if (probe || errno == ENOENT || errno == ENXIO) break;
    wait(errno);
  }
}

Bytes Mount::trim() const {
  const FileDescriptor directory(
      ::openat(parent_.get(), name_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory || mount_id(directory.get(), "", AT_EMPTY_PATH) != id_) {
    throw Error(ErrorKind::build,
                fmt::format("cannot trim '{}': it is not mounted", path_.string()));
  }
  TrimRange range{0, ~std::uint64_t{0}, 0};
  if (::ioctl(directory.get(), kFitrim, &range) == 0) return {range.length};
  if (errno == EOPNOTSUPP || errno == ENOTTY) return {0};
  throw system_error(fmt::format("cannot trim '{}'", path_.string()), errno);
}

}  // namespace composer::mount
