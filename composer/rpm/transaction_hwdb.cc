#include "composer/rpm/transaction_hwdb.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <rpm/rpmdb.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/handle.h"

namespace composer::rpm {
namespace {

using Packages = Handle<std::remove_pointer_t<rpmdbMatchIterator>, rpmdbFreeIterator>;
using Files = Handle<std::remove_pointer_t<rpmfiles>, rpmfilesFree>;
using Text = Handle<char, std::free>;

constexpr const char* kSwitch = "SYSTEMD_HWDB_UPDATE_BYPASS";
constexpr const char* kTool = "systemd-hwdb";
// Where `systemd-hwdb --usr update` writes, and where it does without --usr.
constexpr const char* kOfUsr = "/usr/lib/udev/hwdb.bin";
constexpr std::array<const char*, 2> kCompiled = {kOfUsr, "/etc/udev/hwdb.bin"};
constexpr std::array<std::string_view, 2> kFolders = {"/usr/lib/udev/hwdb.d/", "/etc/udev/hwdb.d/"};

bool declares(rpmfiles files, const char* path) {
  const int at = rpmfilesFindFN(files, path);
  return at >= 0 && (rpmfilesFFlags(files, at) & RPMFILE_GHOST) != 0;
}

bool run(const char* option) {
  std::vector<char*> arguments;
  for (const char* word : {kTool, option, "update"}) {
    if (word) arguments.push_back(const_cast<char*>(word));
  }
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, kTool, nullptr, nullptr, arguments.data(), ::environ);
  if (failure == ENOENT) return true;  // As for the scriptlets: nothing to compile with.
  if (failure != 0) return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

void HardwareDatabase::look_at(rpmfiles files, const std::string& nevra) {
  for (const char* path : kCompiled) {
    if (declares(files, path)) declared_.push_back({path, nevra});
  }
  for (rpm_count_t i = 0; i < rpmfilesDC(files) && !changed_; ++i) {
    const char* folder = rpmfilesDN(files, static_cast<int>(i));
    changed_ = folder && std::find(kFolders.begin(), kFolders.end(), folder) != kFolders.end();
  }
}

void HardwareDatabase::put_off(rpmts transaction) {
  for (const char* path : kCompiled) {
    const Packages owners(rpmtsInitIterator(transaction, RPMDBI_INSTFILENAMES, path, 0));
    while (Header header = owners ? rpmdbNextIterator(owners.get()) : nullptr) {
      const Files files(rpmfilesNew(nullptr, header, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY));
      if (!files || !declares(files.get(), path)) continue;
      const Text nevra(headerGetAsString(header, RPMTAG_NEVRA));
      declared_.push_back({path, nevra ? nevra.get() : "?"});
    }
  }
  // Of a package that becomes another version of itself both are there.
  const auto same = [](const Declared& a, const Declared& b) { return a.path == b.path; };
  std::stable_sort(declared_.begin(), declared_.end(), [](const Declared& a, const Declared& b) {
    return std::string_view(a.path) < std::string_view(b.path);
  });
  declared_.erase(std::unique(declared_.begin(), declared_.end(), same), declared_.end());
  if (is_put_off()) ::setenv(kSwitch, "1", 1);
}

bool HardwareDatabase::is_due() const {
  return is_put_off() && changed_;
}

bool HardwareDatabase::compile() const {
  ::unsetenv(kSwitch);
  return std::all_of(declared_.begin(), declared_.end(), [](const Declared& declared) {
    return run(declared.path == kOfUsr ? "--usr" : nullptr);
  });
}

}  // namespace composer::rpm
