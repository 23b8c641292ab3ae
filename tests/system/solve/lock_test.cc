#include "composer/plan/lock.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

#include "composer/base/file_descriptor.h"
#include "composer/checked_blueprint.h"
#include "composer/compose.h"
#include "composer/error.h"
#include "composer/lock_file.h"
#include "composer/plan/plan_json.h"
#include "composer/solve/fetch.h"

#include "tests/support/scratch_folder.h"

// `lock` against the repositories of tests/support/make-test-repo, one after another at the same
// address, as a repository moves on.

using namespace composer;
namespace fs = std::filesystem;

namespace {

const fs::path kRepositories = COMPOSER_TEST_REPOSITORIES;

/// A blueprint that installs `apple`, its repository and its cache.
class Site {
 public:
  Site() {
    serve("good");
    write("apple");
  }

  fs::path path() const { return scratch_.path() / "fruit.yaml"; }
  fs::path lock_file() const { return scratch_.path() / "fruit.yaml.lock"; }
  Places places() const { return {.cache = scratch_.path() / "cache", .work = {}}; }

  /// From now on the repository of this name is at the blueprint's address.
  void serve(const std::string& name) {
    fs::remove(scratch_.path() / "repository");
    fs::create_directory_symlink(kRepositories / name, scratch_.path() / "repository");
  }
  void stop_serving() { fs::remove(scratch_.path() / "repository"); }

  void write(const std::string& packages) {
    std::ofstream(path()) << fmt::format(
        "blueprint: 1\nname: fruit\nversion: 1\narch: x86_64\n"
        "repositories:\n  - id: fruit\n    baseurl: repository\n    gpgkey: {}\n"
        "    metadata_signature: true\n"
        "packages: {{install: [{}]}}\noutputs: [{{format: tar}}]\n",
        (kRepositories / "key.asc").string(), packages);
  }

  LockReport lock(std::vector<std::string> update = {}, bool all = false, bool diff = false) {
    return composer::lock({.blueprint = path(),
                           .lock = {},
                           .places = places(),
                           .options = {},
                           .update_all = all,
                           .update = std::move(update),
                           .diff = diff},
                          progress);
  }

  /// What a build from the lock would install.
  Plan locked_plan() {
    return make_plan(read_checked_blueprint(path()), places(), progress, lock_file());
  }
  std::string locked() {
    std::string text;
    for (const PlannedPackage& package : locked_plan().packages) {
      text += (text.empty() ? "" : " ") + package.nevra();
    }
    return text;
  }

  class Notes final : public Progress {
   public:
    void begin(Stage, Amount) override {}
    void advance(Stage, Amount, std::string_view) override {}
    void end(Stage, Amount) override {}
    void note(std::string_view text) override { all += fmt::format("{}\n", text); }
    void warning(std::string_view) override {}
    void command(std::span<const std::string>) override {}
    void output(std::string_view, std::string_view) override {}
    std::string all;
  } progress;

 private:
  test::ScratchFolder scratch_;
};

template <typename Body>
std::string refusal(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.to_text();
  }
  return "nothing was refused";
}

}  // namespace

TEST_CASE("a lock has each package with digest, size, address and signing key") {
  Site site;
  const LockReport report = site.lock();
  CHECK(report.path == site.lock_file());
  CHECK(report.packages == 2);
  const Lock lock = read_lock(site.lock_file(), site.path());
  REQUIRE(lock.packages.size() == 2);
  const PlannedPackage& apple = lock.packages[0];
  CHECK(apple.nevra() == "apple-1-1.noarch");
  CHECK(apple.size.count == fs::file_size(kRepositories / "good" / apple.location));
  CHECK(apple.signing_key == lock.repositories.at(0).keys.at(0).fingerprint);
  CHECK(lock.repositories[0].repomd_sha256.size() == 64);
  CHECK(lock.identity_seed == "fruit/1/x86_64");
  CHECK(lock.source_date_epoch == 1700000000);
}

TEST_CASE("a build from a lock reads no repository, and with a warm cache none is needed") {
  Site site;
  site.lock();
  const std::string before = to_json(site.locked_plan());
  site.serve("newer");
  CHECK(to_json(site.locked_plan()) == before);
  site.stop_serving();
  const Plan plan = site.locked_plan();
  CHECK(to_json(plan) == before);
  CHECK(solve::fetch_packages(plan, site.places().cache, site.progress).size() == 2);
  // Without the cache the packages are needed, and the error says so.
  CHECK(refusal([&] {
          solve::fetch_packages(plan, site.places().cache / "empty", site.progress);
        }).find("cannot fetch package 'apple-1-1.noarch'") != std::string::npos);
}

TEST_CASE("a blueprint and its lock may move together, with a repository beside them") {
  Site site;
  site.lock();
  const test::ScratchFolder elsewhere;
  fs::copy(site.path(), elsewhere.path());
  fs::copy(site.lock_file(), elsewhere.path());
  fs::create_directory_symlink(kRepositories / "good", elsewhere.path() / "repository");
  site.stop_serving();
  const Plan plan = make_plan(read_checked_blueprint(elsewhere.path() / "fruit.yaml"),
                              site.places(), site.progress, elsewhere.path() / "fruit.yaml.lock");
  CHECK(solve::fetch_packages(plan, elsewhere.path() / "cache", site.progress).size() == 2);
}

TEST_CASE("without an update a lock that matches stays as it is, to the byte") {
  Site site;
  site.lock();
  const std::string before = read_file(site.lock_file());
  site.serve("newer");
  CHECK(site.lock().kept);
  CHECK(read_file(site.lock_file()) == before);
}

TEST_CASE("what an update would change is told, and nothing is changed") {
  Site site;
  site.lock();
  CHECK(site.lock({}, false, true).changes.empty());
  const std::string before = read_file(site.lock_file());
  site.serve("newer");
  const std::string changes = site.lock({}, false, true).changes;
  CAPTURE(changes);
  CHECK(changes.find("upgraded:\n  apple.noarch 1-1 -> 2-1") == 0);
  CHECK(changes.find("  pear.noarch 1.5-1 -> 2-1") != std::string::npos);
  CHECK(changes.find("repository fruit: other metadata") != std::string::npos);
  CHECK(changes.find("2 upgraded; ") != std::string::npos);
  CHECK(site.lock({"pear"}, false, true).changes.find("1 upgraded; ") != std::string::npos);
  CHECK(read_file(site.lock_file()) == before);
}

TEST_CASE("an update moves what is asked, and what that cannot be had without") {
  Site site;
  site.lock();
  site.serve("newer");
  site.lock({"pear"});
  CHECK(site.locked() == "apple-1-1.noarch pear-2-1.noarch");
  CHECK(site.progress.all.empty());

  fs::remove(site.lock_file());
  site.serve("good");
  site.lock();
  site.serve("newer");
  site.lock({"app*"});
  CHECK(site.locked() == "apple-2-1.noarch pear-2-1.noarch");
  CHECK(site.progress.all.find("'pear' must move as well") != std::string::npos);
}

TEST_CASE("an update of everything is a new lock") {
  Site site;
  site.lock();
  site.serve("newer");
  CHECK(site.lock({}, true).changes.find("2 upgraded") != std::string::npos);
  CHECK(site.locked() == "apple-2-1.noarch pear-2-1.noarch");
  for (const PlannedPackage& package : read_lock(site.lock_file(), site.path()).packages) {
    CHECK(package.signing_key.size() == 40);
  }
}

TEST_CASE("a blueprint that changed is refused until it is locked again, which moves no other") {
  Site site;
  site.write("pear");
  site.lock();
  site.serve("newer");
  site.write("pear, apple = 1-1");
  CHECK(refusal([&] { site.locked(); }).find("'packages.install' has 'apple = 1-1'") !=
        std::string::npos);
  site.lock();
  CHECK(site.locked() == "apple-1-1.noarch pear-1.5-1.noarch");
}

TEST_CASE("a package must be signed by the key that its lock names") {
  Site site;
  site.lock();
  Lock lock = read_lock(site.lock_file(), site.path());
  const std::string key = lock.packages[0].signing_key;
  lock.packages[0].signing_key = std::string(40, 'A');
  write_file_atomically(site.lock_file(), to_json(lock));
  const Plan plan = site.locked_plan();
  CHECK(refusal([&] { solve::fetch_packages(plan, site.places().cache, site.progress); })
            .find(fmt::format("package 'apple-1-1.noarch' is signed by key {}, and not by {}", key,
                              std::string(40, 'A'))) != std::string::npos);
}

TEST_CASE("a lock that is not there is asked for by its name") {
  Site site;
  const std::string text = refusal([&] { site.locked(); });
  CHECK(text.find("there is no lock '") != std::string::npos);
  CHECK(text.find("hint: make it: image-composer lock ") != std::string::npos);
  CHECK(refusal([&] { site.lock({"pear"}); }).find("there is no lock") != std::string::npos);
}
