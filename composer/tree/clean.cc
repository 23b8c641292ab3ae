#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>

#include "composer/error.h"
#include "composer/tree/configure.h"
#include "composer/tree/root_files.h"

// What a build leaves behind and an image must not have: it would make two builds differ, grow the
// image, or give every machine made from it the same secret. Files that the blueprint asks for
// stay.

namespace composer::tree {
namespace {

// Folders whose content goes.
constexpr std::array<std::string_view, 8> kEmptied{"/tmp",
                                                   "/var/tmp",
                                                   "/run",
                                                   "/var/cache/dnf",
                                                   "/var/cache/libdnf5",
                                                   "/var/cache/yum",
                                                   "/var/log/journal",
                                                   "/var/lib/systemd/coredump"};

// Files and folders that go as a whole. Keys and seeds are each machine's own; the aux-cache of
// ldconfig holds inode numbers and times, and is made anew by the next run of it; dnf's history
// would tell of a transaction that dnf did not make.
constexpr std::array<std::string_view, 15> kRemoved{"/root/.bash_history",
                                                    "/var/lib/systemd/random-seed",
                                                    "/var/lib/systemd/credential.secret",
                                                    "/var/cache/ldconfig/aux-cache",
                                                    "/var/lib/dnf/history.sqlite",
                                                    "/var/lib/dnf/history.sqlite-shm",
                                                    "/var/lib/dnf/history.sqlite-wal",
                                                    "/var/log/waagent.log",
                                                    "/etc/.pwd.lock",
                                                    "/etc/passwd-",
                                                    "/etc/group-",
                                                    "/etc/shadow-",
                                                    "/etc/gshadow-",
                                                    "/etc/subuid-",
                                                    "/etc/subgid-"};

// What package managers keep of what they did, where none stays. rpm's database has two names: the
// old one is a link in Fedora and Azure Linux.
constexpr std::array<std::string_view, 10> kManagersState{"/usr/lib/sysimage/libdnf5",
                                                          "/var/lib/dnf",
                                                          "/var/lib/tdnf",
                                                          "/var/lib/yum",
                                                          "/var/cache/dnf",
                                                          "/var/cache/libdnf5",
                                                          "/var/cache/tdnf",
                                                          "/var/cache/yum",
                                                          "/etc/rpm/macros.image-composer",
                                                          "/var/lib/rpm-state"};
constexpr std::array<std::string_view, 2> kDatabases{"/usr/lib/sysimage/rpm", "/var/lib/rpm"};

constexpr int kDeepestLog = 16;

class Cleaner {
 public:
  Cleaner(const Plan& plan, Root& root) : root_(root) {
    for (const PlannedFile& file : plan.system.files) kept_.insert(file.path);
    for (const PlannedDirectory& directory : plan.system.directories) kept_.insert(directory.path);
  }

  void remove(const std::string& path) {
    if (holds_kept(path)) {
      empty(path);
    } else if (!kept_.contains(path)) {
      remove_tree(root_, path);
    }
  }

  void empty(const std::string& folder) {
    const auto status = root_.link_status(folder);
    if (!status || status->kind != FileKind::directory) return;
    if (!holds_kept(folder)) return empty_directory(root_, folder);
    for (const std::string& name : root_.list(folder)) remove(folder + "/" + name);
  }

  // Logs are emptied and not removed: a package may own the file, and its owner and mode with it.
  void empty_logs(const std::string& folder, int depth) {
    if (depth > kDeepestLog) {
      throw Error(ErrorKind::build, fmt::format("'{}' of the image has too many levels", folder));
    }
    for (const std::string& name : root_.list(folder)) {
      const std::string path = folder + "/" + name;
      const auto status = root_.link_status(path);
      if (!status || kept_.contains(path) || name == "README") continue;
      if (status->kind == FileKind::directory) {
        empty_logs(path, depth + 1);
      } else if (status->kind == FileKind::regular && status->size > 0) {
        root_.write(path, "", {status->mode & 07777, status->uid, status->gid});
      }
    }
  }

  void remove_host_keys() {
    for (const std::string& name : root_.list("/etc/ssh")) {
      if (name.starts_with("ssh_host_") && (name.ends_with("_key") || name.ends_with("_key.pub"))) {
        remove("/etc/ssh/" + name);
      }
    }
  }

  // A link to systemd-resolved's file stays; a file is what some scriptlet found on this machine.
  void remove_resolver() {
    const auto status = root_.link_status("/etc/resolv.conf");
    if (status && status->kind == FileKind::regular) remove("/etc/resolv.conf");
  }

 private:
  /// Whether something below `path` is asked for.
  bool holds_kept(const std::string& path) const {
    const auto next = kept_.lower_bound(path + "/");
    return next != kept_.end() && next->starts_with(path + "/");
  }

  Root& root_;
  std::set<std::string, std::less<>> kept_;
};

}  // namespace

void clean(const Plan& plan, Root& root, Progress&) {
  with_context("while cleaning the image", [&] {
    Cleaner cleaner(plan, root);
    for (const std::string_view folder : kEmptied) cleaner.empty(std::string(folder));
    for (const std::string_view path : kRemoved) cleaner.remove(std::string(path));
    const PackageManager manager = plan.installation.package_manager;
    if (manager != PackageManager::kept) {
      for (const std::string_view path : kManagersState) cleaner.remove(std::string(path));
    }
    if (manager == PackageManager::removed) {
      for (const std::string_view path : kDatabases) cleaner.remove(std::string(path));
    }
    cleaner.empty_logs("/var/log", 0);
    cleaner.remove_host_keys();
    cleaner.remove_resolver();
    root.clamp_times(plan.source_date_epoch);
  });
}

}  // namespace composer::tree
