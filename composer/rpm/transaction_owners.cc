#include "composer/rpm/transaction_owners.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <grp.h>
#include <map>
#include <optional>
#include <pwd.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmfiles.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "composer/error.h"
#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

constexpr const char* kCapabilities = "security.capability";
constexpr std::size_t kMostProblems = 20;

std::optional<std::uint32_t> id_of_user(const std::string& name) {
  if (name == "root") return 0;
  const passwd* entry = ::getpwnam(name.c_str());
  return entry ? std::optional(entry->pw_uid) : std::nullopt;
}

std::optional<std::uint32_t> id_of_group(const std::string& name) {
  if (name == "root") return 0;
  const group* entry = ::getgrnam(name.c_str());
  return entry ? std::optional(entry->gr_gid) : std::nullopt;
}

struct Ownership {
  std::string package, path, user, group;
  mode_t mode;
};

void give(const Ownership& file, std::uint32_t uid, std::uint32_t gid) {
  struct stat status {};
  // Not unpacked (an excluded file), or replaced by a scriptlet.
  if (::lstat(file.path.c_str(), &status) != 0) return;
  if ((status.st_mode & S_IFMT) != (file.mode & S_IFMT)) return;
  const auto refuse = [&] {
    throw system_error(fmt::format("cannot give '{}' of package '{}' to '{}:{}'", file.path,
                                   file.package, file.user, file.group),
                       errno);
  };
  // A change of owner takes away capabilities and the set-user-ID and set-group-ID bits.
  std::array<char, 64> capabilities{};
  const ssize_t length =
      ::lgetxattr(file.path.c_str(), kCapabilities, capabilities.data(), capabilities.size());
  if (::lchown(file.path.c_str(), uid, gid) != 0) refuse();
  if (!S_ISLNK(file.mode) && ::chmod(file.path.c_str(), file.mode & 07777U) != 0) refuse();
  if (length > 0 && ::lsetxattr(file.path.c_str(), kCapabilities, capabilities.data(),
                                static_cast<std::size_t>(length), 0) != 0) {
    refuse();
  }
}

/// The files in the database whose user or group was not found.
std::vector<Ownership> files_of(rpmts transaction, const UnknownOwners& unknown) {
  std::vector<Ownership> found;
  const Packages packages(rpmtsInitIterator(transaction, RPMDBI_PACKAGES, nullptr, 0));
  while (Header header = packages ? rpmdbNextIterator(packages.get()) : nullptr) {
    const Files files(rpmfilesNew(nullptr, header, RPMTAG_BASENAMES, RPMFI_NOHEADER));
    const Text nevra(headerGetAsString(header, RPMTAG_NEVRA));
    const int count = files ? rpmfilesFC(files.get()) : 0;
    for (int i = 0; i < count; ++i) {
      const char* user = rpmfilesFUser(files.get(), i);
      const char* group = rpmfilesFGroup(files.get(), i);
      if (!user || !group) continue;
      if (!unknown.users.contains(user) && !unknown.groups.contains(group)) continue;
      const Text path(rpmfilesFN(files.get(), i));
      found.push_back({nevra ? nevra.get() : "?", path.get(), user, group,
                       static_cast<mode_t>(rpmfilesFMode(files.get(), i))});
    }
  }
  return found;
}

}  // namespace

void give_to_late_owners(rpmts transaction, const UnknownOwners& unknown) {
  if (unknown.empty()) return;
  std::vector<Problem> problems;
  std::set<std::string> missing;
  for (const Ownership& file : files_of(transaction, unknown)) {
    const auto uid = id_of_user(file.user);
    const auto gid = id_of_group(file.group);
    if (uid && gid) {
      give(file, *uid, *gid);
      continue;
    }
    const std::string_view kind = uid ? "group" : "user";
    const std::string& name = uid ? file.group : file.user;
    // One file of each is enough to know what is wrong.
    if (!missing.insert(fmt::format("{} {} {}", kind, name, file.package)).second) continue;
    if (problems.size() >= kMostProblems) continue;
    problems.push_back(
        {fmt::format("package '{}' gives '{}' to {} '{}', which nothing in the image makes",
                     file.package, file.path, kind, name),
         {},
         {},
         "install the package that makes it"});
  }
  if (!problems.empty()) throw Error(ErrorKind::build, std::move(problems));
}

}  // namespace composer::rpm
