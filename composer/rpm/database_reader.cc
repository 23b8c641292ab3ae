#include "composer/rpm/database_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <rpm/rpmdb.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/rpm/handles.h"

namespace composer::rpm {
namespace {

constexpr std::string_view kSqlite{"SQLite format 3\0", 16};
constexpr std::size_t kMostAnswer = std::size_t{256} << 20;

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

/// What the child says when it has seen all of the database.
constexpr std::string_view kWhole{"whole\0", 6};
/// A workstation's database is read in a second. One that is made for it (a view without end in
/// place of the table) would keep librpm busy for ever.
constexpr rlim_t kMostSeconds = 5;

/// Reads the database with librpm and writes what it finds to `out`. In a process of its own, since
/// librpm trusts a database more than an image deserves. Returns the exit status.
int read_in_child(const std::string& folder, TellHeader tell, int out) {
  // The hard limit kills, the soft one says why.
  const rlimit seconds{kMostSeconds, kMostSeconds + 1}, none{0, 0};
  ::setrlimit(RLIMIT_CPU, &seconds);
  ::setrlimit(RLIMIT_CORE, &none);
  const Quiet quiet;
  const Macro path("_dbpath", folder);
  const Macro backend("_db_backend", "sqlite");
  const Transaction transaction(rpmtsCreate());
  // Whose signature the packages had is not asked here.
  rpmtsSetVSFlags(transaction.get(), RPMVSF_MASK_NOSIGNATURES | RPMVSF_MASK_NODIGESTS);
  if (rpmtsOpenDB(transaction.get(), O_RDONLY) != 0) return 1;
  {
    const Packages packages(rpmtsInitIterator(transaction.get(), RPMDBI_PACKAGES, nullptr, 0));
    while (packages) {
      const Header header = rpmdbNextIterator(packages.get());
      if (header == nullptr) break;
      write_all(out, tell(header), "the packages");
    }
  }
  rpmtsCloseDB(transaction.get());
  write_all(out, kWhole, "the packages");
  return 0;
}

/// The texts between NULs.
std::vector<std::string> texts_of(std::string_view bytes) {
  std::vector<std::string> texts;
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\0'), bytes.size());
    texts.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return texts;
}

/// Everything that comes out of the pipe, which is closed then.
std::string read_to_end(FileDescriptor in) {
  std::string answer;
  std::string part(64 << 10, '\0');
  while (true) {
    const ssize_t n = ::read(in.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return answer;
    answer.append(part, 0, static_cast<std::size_t>(n));
    if (answer.size() > kMostAnswer) return answer;  // The child then gets a broken pipe.
  }
}

std::string ask_child(const std::string& folder, TellHeader tell) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("cannot make a pipe", errno);
  FileDescriptor in(ends[0]), out(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw system_error("cannot start a process to read an rpm database", errno);
  if (child == 0) {
    int status = 1;
    try {
      in.reset();
      status = read_in_child(folder, tell, out.get());
    } catch (...) {
      status = 1;
    }
    ::_exit(status);
  }
  out.reset();
  std::string answer = read_to_end(std::move(in));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status == 0 && answer.ends_with(kWhole)) {
    answer.resize(answer.size() - kWhole.size());
    return answer;
  }
  throw Error(ErrorKind::build, WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU
                                    ? "the rpm database is damaged: there is no end to it"
                                    : "the rpm database is damaged");
}

}  // namespace

std::vector<std::string> read_database(std::string_view database, TellHeader tell) {
  if (!database.starts_with(kSqlite)) {
    throw Error(ErrorKind::build, "the rpm database is not one of SQLite");
  }
  const DatabaseCopy copy(database);
  return texts_of(ask_child(copy.path(), tell));
}

std::string text_of(Header header, rpmTag tag) {
  const char* text = headerGetString(header, tag);
  return text == nullptr ? std::string() : std::string(text);
}

}  // namespace composer::rpm
