#include "composer/rpm/transaction_hwdb.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <rpm/rpmdb.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/rpm/file_states.h"
#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

constexpr const char* kSwitch = "SYSTEMD_HWDB_UPDATE_BYPASS";
constexpr const char* kTool = "systemd-hwdb";
// Where `systemd-hwdb --usr update` writes, and where it does without --usr.
constexpr const char* kOfUsr = "/usr/lib/udev/hwdb.bin";
constexpr std::array<const char*, 2> kCompiled = {kOfUsr, "/etc/udev/hwdb.bin"};
const std::array<std::string, 2> kFolders = {"/usr/lib/udev/hwdb.d/", "/etc/udev/hwdb.d/"};

bool declares(rpmfiles files, const char* path) {
  const int at = rpmfilesFindFN(files, path);
  return at >= 0 && (rpmfilesFFlags(files, at) & RPMFILE_GHOST) != 0;
}

/// 0 where there is nothing to compile with, as for the scriptlets; -1 when it cannot be started.
pid_t start(const char* path) {
  std::vector<char*> arguments;
  for (const char* word : {kTool, path == kOfUsr ? "--usr" : nullptr, "update"}) {
    if (word) arguments.push_back(const_cast<char*>(word));
  }
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** line = ::environ; *line; ++line) {
    if (!std::string_view(*line).starts_with(kSwitch)) environment.push_back(*line);
  }
  environment.push_back(nullptr);
  pid_t child = 0;
  const int failure =
      ::posix_spawnp(&child, kTool, nullptr, nullptr, arguments.data(), environment.data());
  if (failure == ENOENT) return 0;
  return failure == 0 ? child : -1;
}

bool succeeds(pid_t child) {
  if (child <= 0) return child == 0;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;  // A Lua scriptlet that waits for anything has had it.
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

void HardwareDatabase::look_at(rpmfiles files, const std::string& nevra, std::uint64_t number) {
  for (const char* path : kCompiled) {
    if (declares(files, path)) declared_.push_back({path, nevra});
  }
  for (rpm_count_t i = 0; i < rpmfilesDC(files); ++i) {
    const char* folder = rpmfilesDN(files, static_cast<int>(i));
    if (!folder || std::find(kFolders.begin(), kFolders.end(), folder) == kFolders.end()) continue;
    changed_ = true;
    to_come_.insert(number);
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

void HardwareDatabase::begun(std::uint64_t number) {
  if (to_come_.erase(number) != 0 || !to_come_.empty()) return;
  if (child_ >= 0 || !is_due() || declared_.size() != 1) return;
  files_ = states_below(kFolders);
  child_ = start(declared_.front().path);
}

bool HardwareDatabase::compile() {
  // What a scriptlet changed meanwhile counts as well.
  if (child_ >= 0 && succeeds(child_) && states_below(kFolders) == files_) return true;
  return std::all_of(declared_.begin(), declared_.end(),
                     [](const Declared& declared) { return succeeds(start(declared.path)); });
}

}  // namespace composer::rpm
