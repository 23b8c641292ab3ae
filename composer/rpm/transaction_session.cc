#include "composer/rpm/transaction_session.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <rpm/header.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmte.h>
#include <rpm/rpmts.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "composer/error.h"
#include "composer/mount/error_wire.h"
#include "composer/rpm/handles.h"
#include "composer/rpm/librpm_config.h"
#include "composer/rpm/transaction_erasure.h"
#include "composer/rpm/transaction_hwdb.h"
#include "composer/rpm/transaction_leaving.h"
#include "composer/rpm/transaction_modules.h"
#include "composer/rpm/transaction_order.h"
#include "composer/rpm/transaction_owners.h"
#include "composer/rpm/transaction_phase.h"
#include "composer/rpm/transaction_problems.h"
#include "composer/rpm/transaction_surroundings.h"

namespace composer::rpm {
namespace {

using nlohmann::json;

constexpr int kFailed = 1;
constexpr std::size_t kMostLogLines = 50;
constexpr std::size_t kMostLogLine = 500;
/// RPMTAG_RPMFORMAT, which librpm 4.18 does not know yet (rpm 4.20's rpmtag.h).
constexpr rpmTagVal kTagFormat = 5114;

std::string nevra_of(const void* header) {
  // librpm's callbacks hand headers out as const void*; reading one is all that is done.
  const Text text(headerGetAsString(static_cast<Header>(const_cast<void*>(header)), RPMTAG_NEVRA));
  return text ? text.get() : "?";
}

struct Session {
  const TransactionChannel* channel = nullptr;
  bool erases = false;  ///< Nothing is installed: what packages leave behind is not wanted.
  UnknownOwners unknown;
  HardwareDatabase hwdb;
  ModuleIndexes modules;
  std::size_t to_begin = 0;      ///< Packages whose installation has not begun.
  std::vector<std::string> log;  ///< What librpm said since the last package or scriptlet began.
  FD_t open = nullptr;           ///< The package that librpm reads.

  [[noreturn]] void stop(const Error& error) const {
    channel->send({{"error", mount::to_wire(error)}});
    ::_exit(kFailed);
  }

  FD_t open_package(std::uint64_t index) const {
    channel->send({{"open", index}});
    const FileDescriptor fd = channel->receive_descriptor();
    return fdDup(fd.get());
  }

  void remember(std::string line) {
    while (line.ends_with('\n')) line.pop_back();
    if (line.size() > kMostLogLine) line.resize(kMostLogLine);
    if (log.size() < kMostLogLines) log.push_back("rpm: " + line);
  }

  /// A changed configuration file of a package that is erased is kept under another name, for an
  /// administrator to look at; an image has none. lib/fsm.c, fsmBackup: "%s saved as %s".
  static bool remove_saved(std::string_view text) {
    constexpr std::string_view kSavedAs = " saved as ", kSuffix = ".rpmsave";
    while (text.ends_with('\n')) text.remove_suffix(1);
    const auto at = text.rfind(kSavedAs);
    if (at == std::string_view::npos || !text.ends_with(kSuffix)) return false;
    return ::unlink(std::string(text.substr(at + kSavedAs.size())).c_str()) == 0;
  }

  void take_log(rpmlogRec record) {
    const std::string text = rpmlogRecMessage(record);
    if (rpmlogRecPriority(record) != RPMLOG_WARNING) return remember(text);
    // lib/rpmfi.c, rpmfilesStat: "user %s does not exist - using %s".
    const auto end = text.find(" does not exist - using ");
    if (end != std::string::npos && text.starts_with("user ")) {
      unknown.users.insert(text.substr(5, end - 5));
    } else if (end != std::string::npos && text.starts_with("group ")) {
      unknown.groups.insert(text.substr(6, end - 6));
    } else if (erases && remove_saved(text)) {
      // Gone with its package.
    } else {
      remember(text);
      channel->send({{"warning", log.empty() ? text : log.back()}});
    }
  }

  /// @param phase  Where in its package's life the scriptlet is run, as spec files name it.
  void script_begins(const std::string& package, std::string_view phase) {
    log.clear();
    channel->send({{"begins", phase}, {"package", package}});
  }

  void script_ended(const std::string& package, std::string_view phase, bool failed) {
    std::fflush(stdout);  // Of a Lua scriptlet, which ran in this process.
    channel->send({{"script", phase},
                   {"package", package},
                   {"failed", failed},
                   {"notes", failed ? log : std::vector<std::string>()}});
    const auto answer = channel->receive();
    // For rpm, a failed %post is a warning; here it is the end of the build.
    if (failed || !answer) ::_exit(kFailed);
  }

  void* notified(const void* header, rpmCallbackType what, std::uint64_t amount,
                 std::uint64_t total, fnpyKey key) {
    switch (what) {
      case RPMCALLBACK_INST_OPEN_FILE:
        open = open_package(index_of(key));
        return open;
      case RPMCALLBACK_INST_CLOSE_FILE:
        if (open) Fclose(open);
        open = nullptr;
        break;
      case RPMCALLBACK_INST_START:
        log.clear();
        if (to_begin > 0) --to_begin;
        hwdb.begun(index_of(key));
        modules.begun(index_of(key), *channel);
        channel->send({{"package", nevra_of(header)}, {"index", index_of(key)}});
        break;
      case RPMCALLBACK_SCRIPT_START:
        // All are installed: what follows may need the indexes.
        if (to_begin == 0 && amount != RPMTAG_POSTIN) modules.finish(*channel);
        script_begins(header ? nevra_of(header) : "?", phase_of(amount));
        break;
      case RPMCALLBACK_SCRIPT_STOP:
        script_ended(header ? nevra_of(header) : "?", phase_of(amount), total != RPMRC_OK);
        break;
      case RPMCALLBACK_UNPACK_ERROR:
      case RPMCALLBACK_CPIO_ERROR: {
        Problem problem{fmt::format("cannot unpack package '{}'", nevra_of(header)), {}, log, {}};
        for (const std::string& line : log) {
          if (line.find("No space left on device") == std::string::npos) continue;
          problem.hint = "make the partition larger in the blueprint";
        }
        stop(Error(ErrorKind::build, std::move(problem)));
      }
      default:
        break;
    }
    return nullptr;
  }
};

// Called from C, through which no exception may pass: an error ends the process.
void* on_notify(const void* header, const rpmCallbackType what, const rpm_loff_t amount,
                const rpm_loff_t total, fnpyKey key, rpmCallbackData data) noexcept {
  auto* session = static_cast<Session*>(data);
  try {
    try {
      return session->notified(header, what, amount, total, key);
    } catch (const Error& error) {
      session->stop(error);
    } catch (const std::exception& error) {
      session->stop(Error(ErrorKind::build, error.what()));
    }
  } catch (...) {
    ::_exit(kFailed);  // Nobody is left to tell.
  }
}

int on_log(rpmlogRec record, rpmlogCallbackData data) noexcept {
  try {
    static_cast<Session*>(data)->take_log(record);
  } catch (...) {
    ::_exit(kFailed);
  }
  return 0;  // Nothing is left for librpm to print.
}

[[noreturn]] void refuse(const Session& session, std::string message, std::string hint = {}) {
  throw Error(ErrorKind::build, Problem{std::move(message), {}, session.log, std::move(hint)});
}

/// librpm 4.18 opens a named pipe that it has just made, and waits for ever for somebody to open
/// the other end (lib/fsm.c, fsmOpenat of "stealth" names; seen with 4.18.0).
void refuse_named_pipes(const Session& session, rpmfiles files, const std::string& nevra) {
  const int count = rpmfilesFC(files);
  for (int i = 0; i < count; ++i) {
    if (!S_ISFIFO(rpmfilesFMode(files, i))) continue;
    if ((rpmfilesFFlags(files, i) & RPMFILE_GHOST) != 0) continue;
    const Text path(rpmfilesFN(files, i));
    refuse(session,
           fmt::format("package '{}' has a named pipe '{}', at which librpm {} hangs", nevra,
                       path.get(), RPMVERSION),
           "let tmpfiles.d or a scriptlet of the package make it");
  }
}

/// A package that librpm can install, by its name; `index` is its place in the request.
struct ReadPackage {
  std::string nevra;
  std::size_t index;
  OwnedHeader header;
};

ReadPackage read_package(rpmts transaction, const std::string& name, std::size_t index,
                         Session& session) {
  session.log.clear();
  FD_t fd = session.open_package(index);
  Header raw = nullptr;
  const rpmRC result = rpmReadPackageFile(transaction, fd, name.c_str(), &raw);
  Fclose(fd);
  OwnedHeader header(raw);
  if (result != RPMRC_OK || !raw) refuse(session, fmt::format("cannot read package '{}'", name));
  std::string nevra = nevra_of(raw);
  if (headerIsSource(raw) != 0) {
    refuse(session, fmt::format("package '{}' is a source package", nevra));
  }
  if (headerGetNumber(raw, kTagFormat) > 4) {
    refuse(session,
           fmt::format("package '{}' is of format {}, which librpm {} cannot unpack", nevra,
                       headerGetNumber(raw, kTagFormat), RPMVERSION),
           "build on a host with rpm 4.20 or newer, or take a package of format 4");
  }
  if (const Files files{rpmfilesNew(nullptr, raw, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY)}) {
    refuse_named_pipes(session, files.get(), nevra);
    session.hwdb.look_at(files.get(), nevra, index);
    session.modules.look_at(raw, files.get(), index);
  }
  return {std::move(nevra), index, std::move(header)};
}

/// rpm's order among packages that do not depend on each other, or that are in a circle, is the one
/// that they were added in: by name, since files of the cache are called by their digests, which
/// are other ones after every rebuild.
void add_packages(rpmts transaction, const TransactionRequest& request, Session& session) {
  std::vector<ReadPackage> packages;
  for (std::size_t i = 0; i < request.packages.size(); ++i) {
    const std::string name = request.packages[i].filename().string();
    packages.push_back(read_package(transaction, name, i, session));
  }
  std::sort(packages.begin(), packages.end(),
            [](const ReadPackage& a, const ReadPackage& b) { return a.nevra < b.nevra; });
  const LeavingPackages leaving(transaction, request.remove);
  std::multiset<std::string> names;
  for (const ReadPackage& package : packages) {
    names.insert(headerGetString(package.header.get(), RPMTAG_NAME));
  }
  for (const ReadPackage& package : packages) {
    const std::string name = headerGetString(package.header.get(), RPMTAG_NAME);
    // An upgrade, for rpm, makes all other versions of the package leave, and what it obsoletes.
    const bool is_upgrade =
        !request.remove.empty() && !leaving.some_stay(name) && names.count(name) == 1;
    if (rpmtsAddInstallElement(transaction, package.header.get(), key_of(package.index),
                               is_upgrade ? 1 : 0, nullptr) != 0) {
      refuse(session, fmt::format("cannot add package '{}' to the transaction", package.nevra));
    }
  }
  leaving.mark(transaction, names);
}

void check(rpmts transaction, const Session& session) {
  if (rpmtsCheck(transaction) != 0) refuse(session, "cannot check the packages' dependencies");
  const ProblemSet set(rpmtsProblems(transaction));
  std::vector<Problem> problems = problems_of(set.get());
  if (!problems.empty()) throw Error(ErrorKind::build, std::move(problems));
}

void run(rpmts transaction, const Session& session) {
  // Which version is wanted was decided before: an older one is no mistake.
  const int result = rpmtsRun(transaction, nullptr, RPMPROB_FILTER_OLDPACKAGE);
  if (result == 0) return;
  const ProblemSet set(rpmtsProblems(transaction));
  std::vector<Problem> problems = problems_of(set.get());
  if (!problems.empty()) throw Error(ErrorKind::build, std::move(problems));
  refuse(session, "rpm could not finish the transaction");
}

/// sqlite's journal is empty once the database is closed, and its index holds random numbers: an
/// image has no use for either, and the next rpm makes them anew.
void drop_journal(const std::string& database_path) {
  const std::string database = database_path + "/rpmdb.sqlite";
  struct stat journal {};
  if (::stat((database + "-wal").c_str(), &journal) == 0 && journal.st_size != 0) {
    throw Error(ErrorKind::build, "the rpm database was not closed cleanly");
  }
  ::unlink((database + "-wal").c_str());
  ::unlink((database + "-shm").c_str());
}

}  // namespace

namespace {

/// Without the shell nothing could be run any more, half way through.
constexpr rpmtransFlags kNothingRuns = RPMTRANS_FLAG_NOSCRIPTS | RPMTRANS_FLAG_NOTRIGGERS |
                                       static_cast<rpmtransFlags>(_noTransScripts) |
                                       static_cast<rpmtransFlags>(_noTransTriggers);

void prepare_installation(rpmts transaction, const TransactionRequest& request, Session& session) {
  if (!request.documentation) {
    rpmtsSetFlags(transaction, rpmtsFlags(transaction) | RPMTRANS_FLAG_NODOCS);
  }
  add_packages(transaction, request, session);
  session.hwdb.put_off(transaction);
  session.to_begin = request.packages.size();
  // A package that leaves may have scriptlets that need an index.
  if (request.remove.empty()) {
    const auto packages = session.modules.put_off(transaction);
    if (!packages.empty()) session.channel->send({{"modules", packages}});
  }
  session.log.clear();
  check(transaction, session);
}

/// What scriptlets asked for again and again, once for all of them.
void do_what_was_put_off(Session& session) {
  session.modules.finish(*session.channel);
  if (!session.hwdb.is_due()) return;
  constexpr std::string_view kPhase = "systemd-hwdb update";
  session.script_begins(session.hwdb.owner(), kPhase);
  session.script_ended(session.hwdb.owner(), kPhase, !session.hwdb.compile());
}

void prepare_erasure(rpmts transaction, const TransactionRequest& request, const Session& session) {
  mark_for_erasure(transaction, request.erase);
  for (const std::string& line : left_wanting(request.erase)) {
    session.channel->send({{"warning", line}});
  }
  if (!erases_the_shell(transaction, request.erase)) return;
  rpmtsSetFlags(transaction, rpmtsFlags(transaction) | kNothingRuns);
  session.channel->send({{"note", "the shell is erased, so no scriptlet of what is erased runs"}});
}

}  // namespace

int run_session(const TransactionRequest& request, const TransactionChannel& channel) {
  const bool erases = !request.erase.empty();
  Session session;
  session.channel = &channel;
  session.erases = erases;
  be_hermetic(request);
  rpmlogSetCallback(on_log, &session);
  std::optional<DatabaseAside> aside;
  if (erases) aside.emplace(request.database_path);
  const std::string database = aside ? aside->path() : request.database_path;
  configure_librpm(database, request.locales);

  const Transaction transaction(rpmtsCreate());
  rpmtsSetRootDir(transaction.get(), "/");
  rpmtsSetNotifyCallback(transaction.get(), on_notify, &session);
  rpmtsSetFlags(transaction.get(), RPMTRANS_FLAG_NOPLUGINS);
  set_verification(transaction.get());
  if (erases) {
    prepare_erasure(transaction.get(), request, session);
  } else {
    prepare_installation(transaction.get(), request, session);
  }
  if (rpmtsOrder(transaction.get()) < 0) refuse(session, "cannot order the packages");
  rpmtsClean(transaction.get());  // What only the ordering needed.
  tell_order(transaction.get(), channel);
  run(transaction.get(), session);
  do_what_was_put_off(session);
  give_to_late_owners(transaction.get(), session.unknown);
  if (rpmtsCloseDB(transaction.get()) != 0) refuse(session, "cannot close the rpm database");
  rpmlogSetCallback(nullptr, nullptr);
  drop_journal(database);
  if (aside) aside->put_back();
  return 0;
}

}  // namespace composer::rpm
