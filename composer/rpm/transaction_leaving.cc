#include "composer/rpm/transaction_leaving.h"

#include <fmt/format.h>
#include <rpm/header.h>
#include <rpm/rpmdb.h>

#include "composer/error.h"
#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

std::string text_of(Header header, rpmTag tag) {
  const char* text = headerGetString(header, tag);
  return text ? text : "";
}

std::string nevra_of(Header header) {
  const auto epoch = headerGetNumber(header, RPMTAG_EPOCH);
  return fmt::format("{}-{}{}-{}.{}", text_of(header, RPMTAG_NAME),
                     epoch == 0 ? std::string() : fmt::format("{}:", epoch),
                     text_of(header, RPMTAG_VERSION), text_of(header, RPMTAG_RELEASE),
                     text_of(header, RPMTAG_ARCH));
}

}  // namespace

LeavingPackages::LeavingPackages(rpmts transaction, const std::vector<std::string>& nevras) {
  std::set<std::string> missing(nevras.begin(), nevras.end());
  const std::set<std::string> wanted = missing;
  const Packages packages(rpmtsInitIterator(transaction, RPMDBI_PACKAGES, nullptr, 0));
  while (Header header = packages ? rpmdbNextIterator(packages.get()) : nullptr) {
    const std::string nevra = nevra_of(header), name = text_of(header, RPMTAG_NAME);
    if (wanted.contains(nevra)) {
      leave_[rpmdbGetIteratorOffset(packages.get())] = name;
      missing.erase(nevra);
    } else {
      stay_.insert(name);
    }
  }
  std::vector<Problem> problems;
  for (const std::string& nevra : missing) {
    problems.push_back(
        {fmt::format("package '{}' is to leave, and is not installed", nevra), {}, {}, {}});
  }
  if (!problems.empty()) throw Error(ErrorKind::build, std::move(problems));
}

void LeavingPackages::mark(rpmts transaction, const std::multiset<std::string>& incoming) const {
  for (const auto& [place, name] : leave_) {
    if (incoming.count(name) == 1 && !some_stay(name)) continue;
    const Packages packages(rpmtsInitIterator(transaction, RPMDBI_PACKAGES, &place, sizeof place));
    Header header = packages ? rpmdbNextIterator(packages.get()) : nullptr;
    if (!header || rpmtsAddEraseElement(transaction, header, static_cast<int>(place)) != 0) {
      throw Error(ErrorKind::build, fmt::format("cannot remove package '{}'", name));
    }
  }
}

}  // namespace composer::rpm
