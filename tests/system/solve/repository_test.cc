#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"
#include "composer/host/download.h"
#include "composer/solve/fetch.h"
#include "composer/solve/resolve.h"

#include "../../support/scratch_folder.h"
#include "loopback_server.h"

using namespace composer;
using composer::solve::test::closed_port;
using composer::solve::test::files_of;
using composer::solve::test::LoopbackServer;
using composer::test::ScratchFolder;

// Real packages, made and signed by tests/support/make-test-repo before these tests run.

namespace {

const std::filesystem::path kRepositories = COMPOSER_TEST_REPOSITORIES;

Located<std::string> at_line(int line, std::string value) {
  static const auto source = std::make_shared<SourceText>(SourceText{"vm.yaml", "a\nb\nc\nd\n"});
  return {std::move(value), Span{source, line, 1, 1}};
}

RepositoryRequest repository(const std::string& id, const std::string& url, int priority = 99) {
  RepositoryRequest request;
  request.id.value = id;
  request.baseurls = {at_line(2, url)};
  request.gpgkeys = {at_line(3, (kRepositories / "key.asc").string())};
  request.metadata_signature = true;
  request.priority = priority;
  return request;
}

/// `apple` from the repository `name` of make-test-repo, and what it requires from the good one.
Blueprint blueprint(const std::string& name) {
  Blueprint b;
  b.path = "/nowhere/vm.yaml";
  b.arch.value = Architecture::x86_64;
  b.repositories.push_back(repository("fruit", (kRepositories / name).string(), 10));
  if (name != "good") {
    b.repositories.push_back(repository("good", (kRepositories / "good").string()));
  }
  b.packages.install = {at_line(4, "apple")};
  return b;
}

struct Fetched {
  solve::Resolution resolution;
  std::vector<std::filesystem::path> files;
};

Fetched fetch(const Blueprint& b, const std::filesystem::path& cache) {
  SilentProgress progress;
  Fetched fetched;
  fetched.resolution = solve::resolve(b, cache, progress);
  Plan plan;
  plan.packages = fetched.resolution.packages;
  plan.repositories = fetched.resolution.repositories;
  fetched.files = solve::files_of(solve::fetch_packages(plan, cache, progress));
  return fetched;
}

std::string refusal(const Blueprint& b) {
  const ScratchFolder cache;
  try {
    fetch(b, cache.path());
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::build);
    return error.what();
  }
  return "no refusal";
}

std::string file_url_of(const std::string& path) {
  return host::file_url(kRepositories / path);
}

}  // namespace

TEST_CASE("signed packages of a signed repository are resolved and fetched") {
  const ScratchFolder cache;
  const Fetched fetched = fetch(blueprint("good"), cache.path());
  REQUIRE(fetched.resolution.packages.size() == 2);
  CHECK(fetched.resolution.packages[0].nevra() == "apple-1-1.noarch");
  CHECK(fetched.resolution.packages[0].reason == PackageReason::asked);
  CHECK(fetched.resolution.packages[1].nevra() == "pear-1.5-1.noarch");
  CHECK(fetched.resolution.packages[1].reason == PackageReason::dependency);
  REQUIRE(fetched.resolution.repositories.size() == 1);
  const PlannedRepository& planned = fetched.resolution.repositories[0];
  CHECK(planned.baseurls == std::vector<std::string>{file_url_of("good")});
  CHECK(planned.repomd_sha256 == sha256_file(kRepositories / "good/repodata/repomd.xml"));
  REQUIRE(planned.keys.size() == 1);
  CHECK(planned.keys[0].fingerprint.size() == 40);
  for (const auto& file : fetched.files) {
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0644);
    CHECK(file.stem() == sha256_file(file));
  }
}

TEST_CASE("a second run fetches nothing but repomd.xml and its signature") {
  const ScratchFolder cache;
  const LoopbackServer server(files_of((kRepositories / "good").string()));
  Blueprint b = blueprint("good");
  b.repositories[0].baseurls[0].value = server.url("/");
  const Fetched first = fetch(b, cache.path());
  const std::size_t before = server.requests().size();
  const Fetched second = fetch(b, cache.path());
  CHECK(second.files == first.files);
  std::string asked;
  const auto requests = server.requests();
  for (std::size_t i = before; i < requests.size(); ++i) asked += requests[i].path + " ";
  CHECK(asked == "/repodata/repomd.xml /repodata/repomd.xml.asc ");
}

TEST_CASE("who uses a cached package again does not touch it: another build may be installing it") {
  const ScratchFolder cache;
  const Fetched first = fetch(blueprint("good"), cache.path());
  struct stat before {
  }, after{};
  REQUIRE(::stat(first.files[0].c_str(), &before) == 0);
  fetch(blueprint("good"), cache.path());
  REQUIRE(::stat(first.files[0].c_str(), &after) == 0);
  CHECK(before.st_ctim.tv_sec == after.st_ctim.tv_sec);
  CHECK(before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
}

TEST_CASE("a package that was damaged in the cache is fetched again") {
  const ScratchFolder cache;
  const Fetched first = fetch(blueprint("good"), cache.path());
  const std::string good = read_file(first.files[0]);
  std::string bad = good;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  write_file_atomically(first.files[0], bad);
  fetch(blueprint("good"), cache.path());
  CHECK(read_file(first.files[0]) == good);
}

TEST_CASE("damaged metadata and .solv files in the cache are made anew") {
  const ScratchFolder cache;
  const Fetched first = fetch(blueprint("good"), cache.path());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(cache.path())) {
    if (entry.is_regular_file()) write_file_atomically(entry.path(), "damaged");
  }
  const Fetched second = fetch(blueprint("good"), cache.path());
  CHECK(second.resolution.packages.size() == first.resolution.packages.size());
}

TEST_CASE("an unsigned package is refused") {
  CHECK(refusal(blueprint("unsigned")) == "package 'apple-1-1.noarch' is not signed");
}

TEST_CASE("an unsigned package is accepted where the repository does not ask for signatures") {
  const ScratchFolder cache;
  Blueprint b = blueprint("unsigned");
  b.repositories[0].package_signatures = false;
  CHECK(fetch(b, cache.path()).files.size() == 2);
}

TEST_CASE("a package signed by another key is refused, and accepted once the key is given") {
  Blueprint b = blueprint("other-key");
  const std::string text = refusal(b);
  CHECK(text.starts_with("package 'apple-1-1.noarch' is signed by the unknown key "));
  CHECK(text.size() ==
        std::string("package 'apple-1-1.noarch' is signed by the unknown key ").size() + 16);
  b.repositories[0].gpgkeys.push_back(at_line(3, (kRepositories / "other-key.asc").string()));
  const ScratchFolder cache;
  CHECK(fetch(b, cache.path()).files.size() == 2);
}

TEST_CASE("a package whose header was changed after signing is refused") {
  CHECK(refusal(blueprint("header")) == "package 'apple-1-1.noarch' has a bad signature");
}

TEST_CASE("a package whose payload was changed after signing is refused") {
  CHECK(refusal(blueprint("payload")) ==
        "package 'apple-1-1.noarch' has a payload that does not match its signed header");
}

TEST_CASE("a package that is cut short is refused") {
  CHECK(refusal(blueprint("short")) ==
        "package 'apple-1-1.noarch' has a payload that does not match its signed header");
}

TEST_CASE("a package that is not the one of the metadata is refused and not kept") {
  const ScratchFolder cache;
  std::string text;
  try {
    fetch(blueprint("checksum"), cache.path());
  } catch (const Error& error) {
    text = error.what();
  }
  CHECK(
      text.starts_with(fmt::format("cannot fetch package 'apple-1-1.noarch' from '{}': its "
                                   "sha256 is ",
                                   file_url_of("checksum/apple-1-1.noarch.rpm"))));
  for (const auto& entry :
       std::filesystem::directory_iterator(cache.path() / "packages" / "sha256")) {
    CHECK(entry.path().stem() == sha256_file(entry.path()));
  }
}

TEST_CASE("a package that is in truth another one is refused, however well it is signed") {
  const ScratchFolder cache;
  SilentProgress progress;
  const auto resolution = solve::resolve(blueprint("good"), cache.path(), progress);
  Plan plan;
  plan.repositories = resolution.repositories;
  plan.packages = {resolution.packages[0]};
  plan.packages[0].name = "grape";
  CHECK_THROWS_WITH(solve::fetch_packages(plan, cache.path(), progress),
                    "package 'grape-1-1.noarch' is in truth 'apple-1-1.noarch': the repository's "
                    "metadata is wrong");
}

TEST_CASE("a repomd.xml that was changed after signing is refused") {
  CHECK(refusal(blueprint("bad-repomd")) ==
        fmt::format("cannot read repository 'fruit': '{}' has a bad signature",
                    file_url_of("bad-repomd/repodata/repomd.xml")));
}

TEST_CASE("a repomd.xml without a signature is refused, and accepted where none is asked for") {
  Blueprint b = blueprint("no-asc");
  CHECK(refusal(b) == fmt::format("cannot read repository 'fruit': cannot fetch '{}': No such file "
                                  "or directory",
                                  file_url_of("no-asc/repodata/repomd.xml.asc")));
  b.repositories[0].metadata_signature = false;
  const ScratchFolder cache;
  CHECK(fetch(b, cache.path()).files.size() == 2);
}

TEST_CASE("a repomd.xml signed by another key is refused") {
  Blueprint b = blueprint("good");
  b.repositories[0].gpgkeys[0].value = (kRepositories / "other-key.asc").string();
  CHECK(refusal(b).starts_with(
      fmt::format("cannot read repository 'fruit': '{}' is signed by the unknown key ",
                  file_url_of("good/repodata/repomd.xml"))));
}

TEST_CASE("metadata that is not what repomd.xml says is refused") {
  CHECK(refusal(blueprint("bad-primary"))
            .starts_with("cannot read repository 'fruit': cannot fetch 'file://"));
}

TEST_CASE("a key that is not there is named") {
  Blueprint b = blueprint("good");
  b.repositories[0].gpgkeys[0].value = "/nowhere/key.asc";
  CHECK(refusal(b) ==
        "cannot read repository 'fruit': cannot fetch 'file:///nowhere/key.asc': No "
        "such file or directory");
}

TEST_CASE("a repository without a key to check it by is a mistake of the blueprint") {
  Blueprint b = blueprint("good");
  b.repositories[0].gpgkeys.clear();
  const ScratchFolder cache;
  SilentProgress progress;
  try {
    solve::resolve(b, cache.path(), progress);
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(error.to_text() ==
          "vm.yaml:2:1: error: repository 'fruit' has no 'gpgkey' to check signatures by\n"
          "    b\n"
          "    ^\n"
          "  hint: add the URL or path of its key\n");
  }
}

TEST_CASE("an unreachable repository is an error that names it, its URL, the cause and its place") {
  Blueprint b = blueprint("good");
  const std::string url = fmt::format("http://127.0.0.1:{}/repo", closed_port());
  b.repositories[0].baseurls[0].value = url;
  const ScratchFolder cache;
  SilentProgress progress;
  try {
    solve::resolve(b, cache.path(), progress);
    FAIL("it was read");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::build);
    CHECK(error.to_text() ==
          fmt::format("vm.yaml:2:1: error: cannot read repository 'fruit': cannot fetch "
                      "'{}/repodata/repomd.xml': no connection to the server\n"
                      "    b\n"
                      "    ^\n",
                      url));
  }
}

TEST_CASE("of several base URLs the next is asked when one fails") {
  const ScratchFolder cache;
  Blueprint b = blueprint("good");
  b.repositories[0].baseurls.insert(b.repositories[0].baseurls.begin(),
                                    at_line(2, "file:///nowhere"));
  CHECK(fetch(b, cache.path()).files.size() == 2);
}

TEST_CASE("mirrors come from a mirror list or a metalink") {
  const ScratchFolder cache;
  const LoopbackServer server(files_of((kRepositories / "good").string()));
  write_file_atomically(cache.path() / "list",
                        "# mirrors\n" + server.url("/none") + "\n" + server.url("/") + "\n");
  Blueprint b = blueprint("good");
  b.repositories[0].baseurls.clear();
  b.repositories[0].mirrorlist = at_line(2, (cache.path() / "list").string());
  CHECK(fetch(b, cache.path()).files.size() == 2);

  const auto metalink = [&](const std::string& sha256) {
    write_file_atomically(
        cache.path() / "metalink",
        fmt::format("<metalink><files><file name=\"repomd.xml\"><verification><hash "
                    "type=\"sha256\">{}</hash></verification><resources><url>{}</url></resources>"
                    "</file></files></metalink>",
                    sha256, server.url("/repodata/repomd.xml")));
  };
  b.repositories[0].mirrorlist.reset();
  b.repositories[0].metalink = at_line(2, (cache.path() / "metalink").string());
  metalink(sha256_file(kRepositories / "good/repodata/repomd.xml"));
  CHECK(fetch(b, cache.path()).files.size() == 2);
  metalink(std::string(64, 'a'));
  CHECK(refusal(b).starts_with(
      fmt::format("cannot read repository 'fruit': cannot fetch '{}': its sha256 is ",
                  server.url("/repodata/repomd.xml"))));
}
