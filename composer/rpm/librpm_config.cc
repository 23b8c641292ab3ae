#include "composer/rpm/librpm_config.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <rpm/rpmkeyring.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmmacro.h>
#include <string_view>
#include <sys/mman.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

namespace composer::rpm {
namespace {

/// Which architectures of packages a machine takes; the part of rpm's own rpmrc that matters here.
constexpr std::string_view kArchitectures =
    "arch_canon: x86_64: x86_64 1\n"
    "arch_canon: aarch64: aarch64 19\n"
    "os_canon: Linux: Linux 1\n"
    "arch_compat: x86_64: amd64 em64t athlon noarch\n"
    "arch_compat: athlon: i686\n"
    "arch_compat: i686: i586\n"
    "arch_compat: i586: i486\n"
    "arch_compat: i486: i386\n"
    "arch_compat: i386: noarch\n"
    "arch_compat: aarch64: noarch\n"
    "buildarch_compat: x86_64: noarch\n"
    "buildarch_compat: aarch64: noarch\n";

struct Macro {
  const char* name;
  const char* value;
};

/// What librpm reads while it installs, and the folders that a scriptlet may ask for by macro.
/// Debian's own macros differ: another database path, another library folder.
constexpr std::array<Macro, 25> kMacros = {{
    {"_db_backend", "sqlite"},
    {"_install_script_path", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"_tmppath", "/tmp"},  // Gone with the contained process.
    {"_rpmlock_path", "%{_dbpath}/.rpm.lock"},
    {"_flush_io", "0"},
    {"_minimize_writes", "0"},
    {"_keyring", "rpmdb"},
    {"_pkgverify_level", "digest"},
    // As Fedora's x86_64 and aarch64 have it: of two files at one path, the 64-bit one wins.
    {"_transaction_color", "3"},
    {"_prefer_color", "2"},
    {"_prefix", "/usr"},
    {"_exec_prefix", "/usr"},
    {"_bindir", "/usr/bin"},
    {"_sbindir", "/usr/sbin"},
    {"_lib", "lib64"},
    {"_libdir", "/usr/lib64"},
    {"_libexecdir", "/usr/libexec"},
    {"_datadir", "/usr/share"},
    {"_sysconfdir", "/etc"},
    {"_localstatedir", "/var"},
    {"_var", "/var"},
    {"_sharedstatedir", "/var/lib"},
    {"_includedir", "/usr/include"},
    {"_mandir", "/usr/share/man"},
    {"_infodir", "/usr/share/info"},
}};

std::atomic_flag configured = ATOMIC_FLAG_INIT;

}  // namespace

void configure_librpm(const std::string& database_path,
                      const std::optional<std::vector<std::string>>& locales) {
  if (configured.test_and_set()) {
    throw Error(ErrorKind::build, "librpm is used twice in one process");
  }
  const FileDescriptor tables(::memfd_create("rpmrc", MFD_CLOEXEC));
  if (!tables) throw system_error("cannot make a file in memory", errno);
  write_all(tables.get(), kArchitectures, "rpmrc");
  macrofiles = "/dev/null";  // A null pointer would mean rpm's own list of places.
  if (rpmReadConfigFiles(fmt::format("/proc/self/fd/{}", tables.get()).c_str(), nullptr) != 0) {
    throw Error(ErrorKind::build, "cannot start librpm");
  }
  for (const Macro& macro : kMacros) rpmPushMacro(nullptr, macro.name, nullptr, macro.value, 0);
  rpmPushMacro(nullptr, "_dbpath", nullptr, database_path.c_str(), 0);
  if (!locales) return;
  // An empty value would mean all of them; no file is marked with the language C.
  const std::string kept = locales->empty() ? "C" : fmt::format("{}", fmt::join(*locales, ":"));
  rpmPushMacro(nullptr, "_install_langs", nullptr, kept.c_str(), 0);
}

void set_verification(rpmts transaction) {
  constexpr rpmVSFlags kSkipped = RPMVSF_MASK_NOSIGNATURES | RPMVSF_NOMD5 | RPMVSF_NOSHA1HEADER;
  rpmtsSetVSFlags(transaction, kSkipped);
  rpmtsSetVfyFlags(transaction, kSkipped);
  rpmtsSetVfyLevel(transaction, 0);
  rpmKeyring none = rpmKeyringNew();
  rpmtsSetKeyring(transaction, none);
  rpmKeyringFree(none);
}

}  // namespace composer::rpm
