#include "composer/rpm/transaction_surroundings.h"

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <fmt/format.h>
#include <nss.h>
#include <stdio_ext.h>
#include <sys/prctl.h>

#include "composer/error.h"
#include "composer/mount/confinement.h"

namespace composer::rpm {

void be_hermetic(const TransactionRequest& request) {
  // Scriptlets are children of this process, and must not read its memory or its descriptors.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  std::setlocale(LC_ALL, "C");
  ::__fpurge(stdout);  // What the process that we are a copy of had not printed yet.
  mount::set_clean_environment({
      // The kernel and its initramfs are installed by configure steps, not by a package's
      // scriptlet.
      "KERNEL_INSTALL_BYPASS=1",
      "SYSTEMD_OFFLINE=1",
      // rpmtsCreate takes the database's times from it: one second more for each package.
      fmt::format("SOURCE_DATE_EPOCH={}", request.source_date_epoch),
  });
  // The root's own passwd and group, by glibc itself: a module that its nsswitch.conf names would
  // be the root's code in this process, of another glibc.
  for (const char* database : {"passwd", "group", "shadow"}) {
    if (::__nss_configure_lookup(database, "files") != 0) {
      throw system_error("cannot configure user look-up", errno);
    }
  }
}

}  // namespace composer::rpm
