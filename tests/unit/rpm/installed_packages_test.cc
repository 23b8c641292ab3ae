#include "composer/rpm/installed_packages.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

#include "tests/support/tiny_rpms.h"

using namespace composer;
using Names = std::vector<std::string>;

namespace {

/// A database that rpm itself has made, of two packages.
class Database {
 public:
  Database() {
    const auto one = rpms_.build("one", "Epoch: 7\n%description\n%files\n");
    const auto two = rpms_.build("two", "%description\n%files\n");
    run({"rpm", "--dbpath", path(), "--define", "_db_backend sqlite", "-i", "--justdb", "--nodeps",
         "--noscripts", "--nosignature", one.string(), two.string()});
  }

  std::string bytes() const { return read_file(scratch_.path() / "rpmdb.sqlite"); }

  /// The database after some statements of SQL.
  std::string changed_by(const std::string& sql) const {
    run({"python3", "-c",
         "import sqlite3, sys\n"
         "with sqlite3.connect(sys.argv[1]) as db: db.executescript(sys.argv[2])\n"
         "db.execute('PRAGMA wal_checkpoint(TRUNCATE)'); db.close()\n",
         path() + "/rpmdb.sqlite", sql});
    return bytes();
  }

 private:
  std::string path() const { return scratch_.path().string(); }
  static void run(std::vector<std::string> arguments) {
    SilentProgress progress;
    host::CommandRunner(progress).check({std::move(arguments)});
  }

  test::TinyRpms rpms_;
  test::ScratchFolder scratch_;
};

std::string outcome(const std::string& database) {
  try {
    std::string text;
    for (const rpm::InstalledPackage& each : rpm::read_installed_packages(database)) {
      text += fmt::format("{}-{}:{}-{}.{} ", each.name, each.epoch, each.version, each.release,
                          each.arch);
    }
    return text;
  } catch (const Error& error) {
    return error.what();
  }
}

constexpr const char* kBoth = "one-7:1-1.noarch two-0:1-1.noarch ";

}  // namespace

TEST_CASE("the packages of a database that rpm has made are read") {
  CHECK(outcome(Database().bytes()) == kBoth);
}

TEST_CASE("what is no database of SQLite is refused") {
  CHECK(outcome("") == "the rpm database is not one of SQLite");
  CHECK(outcome(std::string(4096, '\0')) == "the rpm database is not one of SQLite");
  CHECK(outcome(std::string("SQLite format 3\0", 16)) == "the rpm database is damaged");
}

TEST_CASE("a database that was cut short or overwritten ends in an error or in what is left") {
  const std::string whole = Database().bytes();
  for (std::size_t part = 1; part < 8; ++part) {
    INFO(part);
    CHECK(outcome(whole.substr(0, whole.size() * part / 8)) != kBoth);
  }
  // A byte in each 512 turned over, from another one each time: page numbers, cell offsets, sizes.
  for (std::size_t first = 0; first < 24; ++first) {
    std::string damaged = whole;
    for (std::size_t at = 100 + first * 21; at < damaged.size(); at += 512) {
      damaged[at] = static_cast<char>(~damaged[at]);
    }
    INFO(first);
    CHECK_NOTHROW(outcome(damaged));
  }
}

TEST_CASE("packages whose headers are damaged, or say absurd sizes, are not read") {
  const Database database;
  // The first eight bytes are the number of the header's entries and the bytes of its data.
  const std::string left =
      outcome(database.changed_by("UPDATE Packages SET blob = X'FFFFFFFFFFFFFFFF' || "
                                  "substr(blob, 9) WHERE hnum = 1;"));
  CHECK((left == "one-7:1-1.noarch " || left == "two-0:1-1.noarch "));
  CHECK(outcome(database.changed_by("UPDATE Packages SET blob = zeroblob(100000000);")) == "");
}

TEST_CASE("a database without its table is damaged, and one without end is left") {
  const Database database;
  CHECK(outcome(database.changed_by(
            "DROP TABLE Packages; CREATE VIEW Packages AS WITH RECURSIVE r(hnum, blob) AS (SELECT "
            "1, zeroblob(16) UNION ALL SELECT hnum + 1, blob FROM r) SELECT * FROM r;")) ==
        "the rpm database is damaged: there is no end to it");
  CHECK(outcome(database.changed_by("DROP VIEW Packages;")) == "the rpm database is damaged");
}
