#include "composer/guest/session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <guestfs.h>
#include <span>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "composer/base/one_line.h"
#include "composer/boot/accelerator.h"
#include "composer/error.h"
#include "composer/guest/library.h"

namespace composer::guest {
namespace {

/// libguestfs's messages hold at most 4 MiB; names are asked for in batches that stay below.
constexpr int kReadSize = 2 << 20;
constexpr std::size_t kBatch = 500;
constexpr std::size_t kMostNames = 1'000'000;
constexpr std::chrono::seconds kProbePatience{10};

struct FreeStrings {
  void operator()(char** list) const {
    for (char** text = list; *text; ++text) std::free(*text);
    std::free(list);
  }
};
struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

/// A list of names as C wants it, ended by a null pointer.
std::vector<char*> pointers(std::span<const std::string> names) {
  std::vector<char*> list;
  for (const std::string& name : names) list.push_back(const_cast<char*>(name.c_str()));
  list.push_back(nullptr);
  return list;
}

FileStatus to_status(const struct guestfs_statns& from) {
  const auto mode = static_cast<mode_t>(from.st_mode);
  FileStatus status;
  status.kind = S_ISREG(mode)    ? FileKind::regular
                : S_ISDIR(mode)  ? FileKind::directory
                : S_ISLNK(mode)  ? FileKind::symlink
                : S_ISCHR(mode)  ? FileKind::character_device
                : S_ISBLK(mode)  ? FileKind::block_device
                : S_ISFIFO(mode) ? FileKind::fifo
                : S_ISSOCK(mode) ? FileKind::socket
                                 : FileKind::other;
  status.mode = mode & 07777U;
  status.uid = static_cast<std::uint32_t>(from.st_uid);
  status.gid = static_cast<std::uint32_t>(from.st_gid);
  status.size = static_cast<std::uint64_t>(from.st_size);
  if (S_ISCHR(mode) || S_ISBLK(mode)) {
    status.device_major = major(static_cast<dev_t>(from.st_rdev));
    status.device_minor = minor(static_cast<dev_t>(from.st_rdev));
  }
  return status;
}

}  // namespace

struct Session::Machine {
  Library library{"read filesystems other than ext4 and vfat"};

#define COMPOSER_GUESTFS(name) \
  decltype(::guestfs_##name)* name = library.find<decltype(::guestfs_##name)>("guestfs_" #name)
  COMPOSER_GUESTFS(create_flags);
  COMPOSER_GUESTFS(close);
  COMPOSER_GUESTFS(last_error);
  COMPOSER_GUESTFS(set_error_handler);
  COMPOSER_GUESTFS(set_backend);
  COMPOSER_GUESTFS(set_backend_setting);
  COMPOSER_GUESTFS(add_drive_opts_argv);
  COMPOSER_GUESTFS(launch);
  COMPOSER_GUESTFS(mkmountpoint);
  COMPOSER_GUESTFS(mount_vfs);
  COMPOSER_GUESTFS(ls);
  COMPOSER_GUESTFS(lstatns);
  COMPOSER_GUESTFS(lstatnslist);
  COMPOSER_GUESTFS(free_statns);
  COMPOSER_GUESTFS(free_statns_list);
  COMPOSER_GUESTFS(readlink);
  COMPOSER_GUESTFS(pread);
  COMPOSER_GUESTFS(lxattrlist);
  COMPOSER_GUESTFS(free_xattr_list);
#undef COMPOSER_GUESTFS

  /// After the functions, since members begin in this order and it takes one of them.
  guestfs_h* g = create_flags(0);

  Machine() {
    if (!g) refuse_host("cannot start libguestfs: out of memory");
    // It would print to standard error by itself.
    set_error_handler(g, nullptr, nullptr);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    close(g);
  }

  std::string why() const {
    // What follows the first line is how to debug libguestfs.
    const std::string_view text = last_error(g) ? last_error(g) : "unknown error";
    return one_line(text.substr(0, text.find('\n')));
  }
  [[noreturn]] void fail(std::string_view what, std::string_view path) const {
    throw Error(ErrorKind::build,
                fmt::format("cannot {} '{}' by libguestfs: {}", what, path, why()));
  }
};

Session::Session(const std::filesystem::path& image, const std::string& format, Progress& progress)
    : machine_(std::make_unique<Machine>()) {
  Machine& m = *machine_;
  const vm::Accelerator accelerator =
      vm::choose_accelerator("qemu-system-x86_64", kProbePatience, progress);
  m.set_backend(m.g, "direct");
  // Left alone it takes /dev/kvm for KVM that works, and ends where it does not.
  if (accelerator.name != "kvm") m.set_backend_setting(m.g, "force_tcg", "1");
  struct guestfs_add_drive_opts_argv options {};
  options.bitmask = GUESTFS_ADD_DRIVE_OPTS_READONLY_BITMASK | GUESTFS_ADD_DRIVE_OPTS_FORMAT_BITMASK;
  options.readonly = 1;
  options.format = format.c_str();
  const std::string path = std::filesystem::absolute(image).string();
  if (m.add_drive_opts_argv(m.g, path.c_str(), &options) != 0) m.fail("add", path);
  progress.note(fmt::format("starting libguestfs to read '{}'", image.string()));
  if (m.launch(m.g) != 0) {
    refuse_host(fmt::format("cannot start libguestfs's machine: {}", m.why()));
  }
}

Session::~Session() = default;

std::string Session::mount(int partition, const std::string& type, const std::string& options) {
  Machine& m = *machine_;
  const std::string device = partition == 0 ? "/dev/sda" : fmt::format("/dev/sda{}", partition);
  const std::string point = fmt::format("/image{}", mounts_++);
  if (m.mkmountpoint(m.g, point.c_str()) != 0) m.fail("make", point);
  // A log that must be replayed cannot be on a read-only disk.
  std::string all = options.empty() ? std::string("ro") : "ro," + options;
  if (type == "xfs") all += ",norecovery";
  if (m.mount_vfs(m.g, all.c_str(), type.c_str(), device.c_str(), point.c_str()) != 0) {
    m.fail("mount", device);
  }
  return point;
}

FileStatus Session::status(const std::string& path) {
  Machine& m = *machine_;
  struct guestfs_statns* found = m.lstatns(m.g, path.c_str());
  if (!found) m.fail("look at", path);
  const FileStatus status = to_status(*found);
  m.free_statns(found);
  return status;
}

std::map<std::string, FileStatus> Session::list(const std::string& path) {
  Machine& m = *machine_;
  const std::unique_ptr<char*, FreeStrings> listed(m.ls(m.g, path.c_str()));
  if (!listed) m.fail("list", path);
  std::vector<std::string> names;
  for (char** name = listed.get(); *name; ++name) {
    if (names.size() >= kMostNames) m.fail("list all of", path);
    names.emplace_back(*name);
  }
  std::map<std::string, FileStatus> found;
  for (std::size_t at = 0; at < names.size(); at += kBatch) {
    const auto batch = std::span(names).subspan(at, std::min(kBatch, names.size() - at));
    struct guestfs_statns_list* all = m.lstatnslist(m.g, path.c_str(), pointers(batch).data());
    if (!all) m.fail("list", path);
    for (std::size_t i = 0; i < batch.size() && i < all->len; ++i) {
      // One that is gone has the inode -1.
      if (all->val[i].st_ino != -1) found[batch[i]] = to_status(all->val[i]);
    }
    m.free_statns_list(all);
  }
  return found;
}

std::string Session::read_link(const std::string& path) {
  const std::unique_ptr<char, FreeText> target(machine_->readlink(machine_->g, path.c_str()));
  if (!target) machine_->fail("read the link", path);
  return target.get();
}

std::string Session::read(const std::string& path, std::uint64_t offset, std::size_t most) {
  Machine& m = *machine_;
  std::string content;
  while (content.size() < most) {
    const auto wanted = static_cast<int>(std::min<std::size_t>(most - content.size(), kReadSize));
    std::size_t got = 0;
    const std::unique_ptr<char, FreeText> piece(m.pread(
        m.g, path.c_str(), wanted, static_cast<std::int64_t>(offset + content.size()), &got));
    if (!piece) m.fail("read", path);
    if (got == 0) break;
    content.append(piece.get(), got);
  }
  return content;
}

std::map<std::string, ExtendedAttributes> Session::xattrs(const std::string& directory,
                                                          const std::vector<std::string>& names) {
  Machine& m = *machine_;
  std::map<std::string, ExtendedAttributes> found;
  for (std::size_t at = 0; at < names.size(); at += kBatch) {
    const auto batch = std::span(names).subspan(at, std::min(kBatch, names.size() - at));
    struct guestfs_xattr_list* all = m.lxattrlist(m.g, directory.c_str(), pointers(batch).data());
    if (!all) m.fail("read the attributes in", directory);
    // For each name an entry without a name, whose value is the number of those that follow.
    std::size_t file = 0, left = 0;
    for (std::uint32_t i = 0; i < all->len; ++i) {
      const struct guestfs_xattr& entry = all->val[i];
      const std::string value(entry.attrval, entry.attrval_len);
      if (left == 0 && *entry.attrname == '\0') {
        if (file >= batch.size()) break;
        left = static_cast<std::size_t>(std::strtoul(value.c_str(), nullptr, 10));
        found[batch[file++]];
      } else if (left > 0) {
        --left;
        found[batch[file - 1]][entry.attrname] = value;
      }
    }
    m.free_xattr_list(all);
  }
  return found;
}

}  // namespace composer::guest
