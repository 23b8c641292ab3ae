#include "composer/rpm/package_order.h"

#include <rpm/rpmver.h>

namespace composer::rpm {

int compare_versions(const PlannedPackage& a, const PlannedPackage& b) {
  if (a.epoch != b.epoch) return a.epoch < b.epoch ? -1 : 1;
  const int version = rpmvercmp(a.version.c_str(), b.version.c_str());
  return version != 0 ? version : rpmvercmp(a.release.c_str(), b.release.c_str());
}

}  // namespace composer::rpm
