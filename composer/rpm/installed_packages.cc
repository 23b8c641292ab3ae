#include "composer/rpm/installed_packages.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>
#include <tuple>

#include "composer/base/file_descriptor.h"
#include "composer/base/handle.h"
#include "composer/error.h"

namespace composer::rpm {
namespace {

using Transaction = Handle<std::remove_pointer_t<rpmts>, rpmtsFree>;
using Packages = Handle<std::remove_pointer_t<rpmdbMatchIterator>, rpmdbFreeIterator>;

constexpr std::string_view kSqlite{"SQLite format 3\0", 16};
/// A workstation has some five thousand.
constexpr std::size_t kMostPackages = 200'000;

/// SQLite opens files by name and makes more beside them, so the copy has a folder of its own.
class DatabaseCopy {
 public:
  explicit DatabaseCopy(std::string_view database)
      : path_((std::filesystem::temp_directory_path() / "rpmdb-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw system_error("cannot make a temporary folder for a copy of an rpm database", errno);
    }
    try {
      write_file_atomically(std::filesystem::path(path_) / "rpmdb.sqlite", database, 0600);
    } catch (...) {
      remove();
      throw;
    }
  }
  DatabaseCopy(const DatabaseCopy&) = delete;
  DatabaseCopy& operator=(const DatabaseCopy&) = delete;
  ~DatabaseCopy() { remove(); }

  const std::string& path() const { return path_; }

 private:
  void remove() noexcept {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path_;
};

/// A macro of librpm's for as long as this lives.
class Macro {
 public:
  Macro(const char* name, const std::string& value) : name_(name) {
    rpmPushMacro(nullptr, name, nullptr, value.c_str(), 0);
  }
  Macro(const Macro&) = delete;
  Macro& operator=(const Macro&) = delete;
  ~Macro() { rpmPopMacro(nullptr, name_); }

 private:
  const char* name_;
};

/// librpm writes what it thinks of a database to standard error.
class Quiet {
 public:
  Quiet() : before_(rpmlogSetMask(RPMLOG_UPTO(RPMLOG_EMERG))) {}
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
  ~Quiet() { rpmlogSetMask(before_); }

 private:
  int before_;
};

std::string text_of(Header header, rpmTag tag) {
  const char* text = headerGetString(header, tag);
  return text == nullptr ? std::string() : std::string(text);
}

}  // namespace

std::vector<InstalledPackage> read_installed_packages(std::string_view database) {
  if (!database.starts_with(kSqlite)) {
    throw Error(ErrorKind::build, "the rpm database is not one of SQLite");
  }
  const DatabaseCopy copy(database);
  const Quiet quiet;
  const Macro path("_dbpath", copy.path());
  const Macro backend("_db_backend", "sqlite");
  const Transaction transaction(rpmtsCreate());
  // Whose signature the packages had is not asked here.
  rpmtsSetVSFlags(transaction.get(), RPMVSF_MASK_NOSIGNATURES | RPMVSF_MASK_NODIGESTS);
  if (rpmtsOpenDB(transaction.get(), O_RDONLY) != 0) {
    throw Error(ErrorKind::build, "the rpm database is damaged");
  }
  std::vector<InstalledPackage> installed;
  {
    const Packages packages(rpmtsInitIterator(transaction.get(), RPMDBI_PACKAGES, nullptr, 0));
    while (packages) {
      const Header header = rpmdbNextIterator(packages.get());
      if (header == nullptr) break;
      if (installed.size() >= kMostPackages) {
        throw Error(ErrorKind::build, "the rpm database has more packages than any system");
      }
      installed.push_back(
          {.name = text_of(header, RPMTAG_NAME),
           .epoch = static_cast<std::uint32_t>(headerGetNumber(header, RPMTAG_EPOCH)),
           .version = text_of(header, RPMTAG_VERSION),
           .release = text_of(header, RPMTAG_RELEASE),
           .arch = text_of(header, RPMTAG_ARCH)});
    }
  }
  rpmtsCloseDB(transaction.get());
  std::sort(installed.begin(), installed.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.version, a.release, a.arch) <
           std::tie(b.name, b.version, b.release, b.arch);
  });
  return installed;
}

}  // namespace composer::rpm
