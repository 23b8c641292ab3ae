#include "composer/mount/contained_root.h"

#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <utility>

#include "composer/error.h"
#include "composer/mount/new_filesystem.h"
#include "composer/root.h"

namespace composer::mount {
namespace {

constexpr unsigned kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::array<const char*, 6> kDevices = {"null",   "zero",    "full",
                                                 "random", "urandom", "tty"};
/// At most this many processes at once inside, so that a fork bomb ends itself. dracut, the
/// hungriest of what we run, needs some ten.
constexpr std::string_view kMostProcesses = "4096";

/// A directory of the root, itself and not a link to one: on the root's own filesystem, but for
/// /tmp, which may be a partition of its own.
FileDescriptor open_plain_directory(const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  if (path != "/tmp") how.resolve |= RESOLVE_NO_XDEV;
  FileDescriptor fd(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (!fd && errno != ENOENT) {
    const int cause = errno;
    throw Error(ErrorKind::build,
                system_error(fmt::format("cannot mount on '{}' in the root", path), cause).what(),
                "a package replaced it; it has to be a plain directory");
  }
  return fd;
}

/// A copy of one file's or directory's mount, not yet anywhere.
FileDescriptor copy_of(int directory, const char* path, unsigned flags, unsigned attributes) {
  FileDescriptor tree(::open_tree(directory, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags));
  mount_attr set{};
  set.attr_set = attributes;
  set.propagation = MS_PRIVATE;
  if (!tree || ::mount_setattr(tree.get(), "", AT_EMPTY_PATH | flags, &set, sizeof set) != 0) {
    throw system_error(fmt::format("cannot take '{}' into a root", path), errno);
  }
  return tree;
}

void put(int mounted, int directory, const char* path) {
  if (::move_mount(mounted, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    throw system_error(fmt::format("cannot mount on '{}' in the root", path), errno);
  }
}

void make_directory(int directory, const char* path, mode_t mode) {
  if (::mkdirat(directory, path, mode) != 0 || ::fchmodat(directory, path, mode, 0) != 0) {
    throw system_error(fmt::format("cannot make directory '{}' in the root", path), errno);
  }
}

void make_link(const char* target, int directory, const char* path) {
  if (::symlinkat(target, directory, path) != 0) {
    throw system_error(fmt::format("cannot make link '{}' in the root", path), errno);
  }
}

void make_file(int directory, const char* path) {
  const FileDescriptor file(
      ::openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file) throw system_error(fmt::format("cannot make file '{}' in the root", path), errno);
}

/// The new root on top of the old one, then the old one taken away from below: pivot_root(2),
/// "pivot_root(".", ".")".
void change_root(const std::filesystem::path& root) {
  const FileDescriptor tree = copy_of(AT_FDCWD, root.c_str(), AT_RECURSIVE, kInert);
  put(tree.get(), AT_FDCWD, root.c_str());
  if (::fchdir(tree.get()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0 || ::chdir("/") != 0) {
    throw system_error(fmt::format("cannot make '{}' the root directory", root.string()), errno);
  }
}

void fill_dev(int dev, const std::vector<FileDescriptor>& devices) {
  for (std::size_t i = 0; i < devices.size(); ++i) {
    make_file(dev, kDevices[i]);
    put(devices[i].get(), dev, kDevices[i]);
  }
  make_directory(dev, "shm", 01777);
  put(new_filesystem("tmpfs", {{"mode", "1777"}, {"source", "shm"}}, kInert | MOUNT_ATTR_NOEXEC)
          .get(),
      dev, "shm");
  make_directory(dev, "pts", 0755);
  // Terminals of its own. Not nodev: its nodes are the ones that the kernel makes.
  put(new_filesystem("devpts", {{"ptmxmode", "0666"}, {"mode", "0620"}, {"source", "devpts"}},
                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
          .get(),
      dev, "pts");
  make_link("pts/ptmx", dev, "ptmx");
  make_link("/proc/self/fd", dev, "fd");
  make_link("/proc/self/fd/0", dev, "stdin");
  make_link("/proc/self/fd/1", dev, "stdout");
  make_link("/proc/self/fd/2", dev, "stderr");
}

/// Whether kernel.pid_max belongs to the PID namespace: since Linux 6.14. Before that, setting it
/// would set the host's.
bool pid_max_is_ours() {
  utsname system{};
  int major = 0, minor = 0;
  if (::uname(&system) != 0 || std::sscanf(system.release, "%d.%d", &major, &minor) != 2) {
    return false;
  }
  return major > 6 || (major == 6 && minor >= 14);
}

/// Everything of /proc but the processes is made read-only: /proc/sys, sysrq-trigger, irq, bus …,
/// and what a later kernel adds. Not /proc itself, whose mode a package may want to set.
void restrict_proc(int proc, int empty_file) {
  if (pid_max_is_ours()) {
    const FileDescriptor file(::openat(proc, "sys/kernel/pid_max", O_WRONLY | O_CLOEXEC));
    if (file) {
      [[maybe_unused]] const auto n =
          ::write(file.get(), kMostProcesses.data(), kMostProcesses.size());
    }
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      ::fdopendir(::openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), ::closedir);
  if (!entries) throw system_error("cannot list '/proc'", errno);
  const int directory = ::dirfd(entries.get());
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.front() == '.' || (name.front() >= '0' && name.front() <= '9')) continue;
    if (entry->d_type != DT_DIR && entry->d_type != DT_REG) continue;
    // Tools that make boot entries fall back to the kernel command line of the build machine.
    if (name == "cmdline") continue;
    put(copy_of(directory, entry->d_name, 0, MOUNT_ATTR_RDONLY).get(), directory, entry->d_name);
  }
  put(copy_of(empty_file, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY).get(), directory, "cmdline");
}

}  // namespace

ContainedRoot::ContainedRoot(const std::filesystem::path& root) {
  // Taken while the host can still be seen. Read-only: a scriptlet may write to the devices, but
  // not change the nodes, which are the host's.
  std::vector<FileDescriptor> devices;
  for (const char* device : kDevices) {
    devices.push_back(copy_of(AT_FDCWD, fmt::format("/dev/{}", device).c_str(), 0,
                              MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
  }
  change_root(root);

  cover("/dev", 0755,
        new_filesystem("tmpfs",
                       {{"mode", "0755"}, {"size", "4m"}, {"nr_inodes", "4096"}, {"source", "dev"}},
                       kInert | MOUNT_ATTR_NOEXEC)
            .get());
  fill_dev(covers_.back().above.get(), devices);
  devices.clear();
  cover("/run", 0755, new_filesystem("tmpfs", {{"mode", "0755"}, {"source", "run"}}, kInert).get());
  cover("/tmp", 01777,
        new_filesystem("tmpfs", {{"mode", "1777"}, {"source", "tmp"}}, kInert).get());
  // Empty: what an image contains must not depend on the hardware of the build machine.
  cover("/sys", 0555,
        new_filesystem("tmpfs",
                       {{"mode", "0555"}, {"size", "64k"}, {"nr_inodes", "64"}, {"source", "sys"}},
                       kInert | MOUNT_ATTR_NOEXEC)
            .get());
  cover("/proc", 0555,
        new_filesystem("proc", {{"source", "proc"}}, kInert | MOUNT_ATTR_NOEXEC).get());

  const int run = covers_[1].above.get();
  make_file(run, ".empty");
  const FileDescriptor empty(::openat(run, ".empty", O_PATH | O_CLOEXEC));
  restrict_proc(covers_.back().above.get(), empty.get());
  ::unlinkat(run, ".empty", 0);
}

void ContainedRoot::cover(const std::string& path, mode_t mode, int mounted) {
  Cover cover;
  cover.path = path;
  cover.below = open_plain_directory(path);
  if (!cover.below) {
    make_directory(AT_FDCWD, path.c_str(), mode);
    cover.below = open_plain_directory(path);
  }
  if (!cover.below) throw system_error(fmt::format("cannot open '{}' in the root", path), ENOENT);
  if (::move_mount(mounted, "", cover.below.get(), "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    throw system_error(fmt::format("cannot mount on '{}' in the root", path), errno);
  }
  cover.above = open_file(path, O_RDONLY | O_DIRECTORY);
  if (::fstat(cover.above.get(), &cover.at_first) != 0) {
    throw system_error(fmt::format("cannot look at '{}' in the root", path), errno);
  }
  covers_.push_back(std::move(cover));
}

void ContainedRoot::add_program(std::string_view content) const {
  const FileDescriptor file(::open(std::string(kRootProgram).c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0700));
  if (!file) throw system_error(fmt::format("cannot make '{}' in the root", kRootProgram), errno);
  write_all(file.get(), content, kRootProgram);
}

void ContainedRoot::show_resolver(std::string_view content) {
  constexpr const char* kSource = "/run/.resolv.conf";
  constexpr const char* kPlace = "/etc/resolv.conf";
  FileDescriptor shown(::open(kSource, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!shown) throw system_error(fmt::format("cannot make '{}' in the root", kSource), errno);
  write_all(shown.get(), content, kSource);
  const FileDescriptor mounted =
      copy_of(shown.get(), "", AT_EMPTY_PATH, kInert | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY);

  etc_ = open_plain_directory("/etc");
  if (!etc_) {
    throw Error(ErrorKind::build, fmt::format("cannot show '{}': there is no '/etc'", kPlace));
  }
  FileDescriptor place(::openat(etc_.get(), "resolv.conf", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!place && errno == ENOENT) {
    make_file(etc_.get(), "resolv.conf");
    resolver_placeholder_ = true;
    place = FileDescriptor(::openat(etc_.get(), "resolv.conf", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  }
  // A link is mounted over itself: what it leads to is in /run, which is empty here.
  if (!place || ::move_mount(mounted.get(), "", place.get(), "",
                             MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    throw system_error(fmt::format("cannot mount on '{}' in the root", kPlace), errno);
  }
  ::unlink(kSource);  // Not before: what has no name is mounted nowhere.
}

void ContainedRoot::hide_resolver() {
  // By the open directory: a script may have moved /etc. The file itself cannot be moved or
  // removed while it is mounted over.
  if (!etc_ || !resolver_placeholder_) return;
  if (::fchdir(etc_.get()) != 0 || ::umount2("resolv.conf", MNT_DETACH | UMOUNT_NOFOLLOW) != 0 ||
      ::unlinkat(etc_.get(), "resolv.conf", 0) != 0) {
    throw system_error("cannot remove '/etc/resolv.conf' from the root", errno);
  }
}

void ContainedRoot::show_folder(const std::string& path, int mounted) const {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const FileDescriptor place(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  mount_attr set{};
  set.attr_set = kInert | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
  if (!place || ::mount_setattr(mounted, "", AT_EMPTY_PATH, &set, sizeof set) != 0 ||
      ::move_mount(mounted, "", place.get(), "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    throw system_error(fmt::format("cannot mount on '{}' in the root", path), errno);
  }
}

void ContainedRoot::carry_attributes() const {
  for (const Cover& cover : covers_) {
    struct stat now {};
    if (::fstat(cover.above.get(), &now) != 0) continue;
    if (now.st_uid != cover.at_first.st_uid || now.st_gid != cover.at_first.st_gid) {
      if (::fchown(cover.below.get(), now.st_uid, now.st_gid) != 0) {
        throw system_error(fmt::format("cannot change the owner of '{}'", cover.path), errno);
      }
    }
    if (now.st_mode != cover.at_first.st_mode &&
        ::fchmod(cover.below.get(), now.st_mode & 07777U) != 0) {
      throw system_error(fmt::format("cannot change the mode of '{}'", cover.path), errno);
    }
  }
}

}  // namespace composer::mount
