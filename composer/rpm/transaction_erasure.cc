#include "composer/rpm/transaction_erasure.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmprob.h>
#include <rpm/rpmps.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

constexpr std::size_t kMostWanting = 20;
/// As scriptlets name it; one is where it is, the other may be behind the link of a merged /usr.
constexpr const char* kShells[] = {"/bin/sh", "/usr/bin/sh"};

}  // namespace

void mark_for_erasure(rpmts transaction, const std::vector<std::string>& names) {
  std::vector<Problem> problems;
  for (const std::string& name : names) {
    const Packages packages(rpmtsInitIterator(transaction, RPMDBI_NAME, name.c_str(), 0));
    bool found = false;
    while (Header header = packages ? rpmdbNextIterator(packages.get()) : nullptr) {
      found = true;
      const auto number = static_cast<int>(rpmdbGetIteratorOffset(packages.get()));
      if (rpmtsAddEraseElement(transaction, header, number) == 0) continue;
      problems.push_back({fmt::format("cannot erase package '{}'", name), {}, {}, {}});
    }
    if (found) continue;
    problems.push_back(
        {fmt::format("package '{}' is to be erased, and is not installed", name), {}, {}, {}});
  }
  if (!problems.empty()) throw Error(ErrorKind::build, std::move(problems));
}

bool erases_the_shell(rpmts transaction, const std::vector<std::string>& names) {
  for (const char* shell : kShells) {
    const Packages owners(rpmtsInitIterator(transaction, RPMDBI_INSTFILENAMES, shell, 0));
    while (Header header = owners ? rpmdbNextIterator(owners.get()) : nullptr) {
      const char* name = headerGetString(header, RPMTAG_NAME);
      if (name && std::find(names.begin(), names.end(), name) != names.end()) return true;
    }
  }
  return false;
}

std::vector<std::string> left_wanting(const std::vector<std::string>& names) {
  const Transaction transaction(rpmtsCreate());
  rpmtsSetRootDir(transaction.get(), "/");
  rpmtsSetVSFlags(transaction.get(), RPMVSF_MASK_NOSIGNATURES);
  mark_for_erasure(transaction.get(), names);
  std::vector<std::string> lines;
  if (rpmtsCheck(transaction.get()) != 0) {
    throw Error(ErrorKind::build, "cannot check what the remaining packages need");
  }
  const ProblemSet set(rpmtsProblems(transaction.get()));
  const ProblemIterator iterator(rpmpsInitIterator(set.get()));
  while (rpmProblem problem = iterator ? rpmpsiNext(iterator.get()) : nullptr) {
    if (rpmProblemGetType(problem) != RPMPROB_REQUIRES) continue;
    const char* package = rpmProblemGetAltNEVR(problem);  // Pkg is the one that goes.
    const char* need = rpmProblemGetStr(problem);
    lines.push_back(fmt::format("package '{}' remains without '{}', which it needs",
                                package ? package : "?", need ? need : "?"));
    if (lines.size() == kMostWanting) break;
  }
  return lines;
}

DatabaseAside::DatabaseAside(const std::string& path)
    : place_(path), aside_(path + ".image-composer") {
  if (std::rename(place_.c_str(), aside_.c_str()) != 0) {
    throw system_error(fmt::format("cannot move the rpm database '{}'", place_), errno);
  }
}

void DatabaseAside::put_back() const {
  // Its folder is gone with the package that owned it, or empty.
  if ((::rmdir(place_.c_str()) != 0 && errno != ENOENT) ||
      std::rename(aside_.c_str(), place_.c_str()) != 0) {
    throw system_error(fmt::format("cannot move the rpm database back to '{}'", place_), errno);
  }
}

}  // namespace composer::rpm
