#include "composer/cache_care.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>

#include "composer/base/checksum.h"
#include "composer/error.h"
#include "composer/host/cache_lease.h"
#include "composer/host/store.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
namespace fs = std::filesystem;

namespace {

/// A cache with something of each kind, each a day older than the one before it.
class Cache {
 public:
  Cache() {
    package("first");
    package("second");
    write(path() / "metadata/sha256" / sha256_hex("metadata"), "metadata");
    write(path() / "solv/a.solv", "solv" + bytes_of(sha256_hex("solv")));
    initramfs("6.12");
  }

  fs::path path() const { return scratch_.path(); }
  fs::path package_path(const std::string& content) const {
    return path() / "packages/sha256" / (sha256_hex(content) + ".rpm");
  }
  void package(const std::string& content) { write(package_path(content), content); }

  host::StoreKey key(const std::string& kernel) const {
    host::StoreKey made;
    made.add("kernel", kernel);
    return made;
  }
  host::Store store() const { return {path(), "initramfs"}; }
  void initramfs(const std::string& kernel) {
    host::Store::Draft draft(store(), key(kernel));
    draft.write("initramfs", std::string(8192, 'i'));
    draft.commit();
    age(store().folder() / key(kernel).hex() / "entry.json");
  }

  void write(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << content;
    age(file);
  }
  void age(const fs::path& file) {
    const timespec time{1'700'000'000 - 86400 * ++written_, 0};
    const timespec times[2] = {time, time};
    REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
  }

  SilentProgress progress;

 private:
  static std::string bytes_of(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
  }
  test::ScratchFolder scratch_;
  int written_ = 0;
};

std::uint64_t count(const CacheReport& report, const std::string& kind) {
  for (const CacheKind& known : report.kinds) {
    if (known.name == kind) return known.entries;
  }
  return 99;
}

}  // namespace

TEST_CASE("what a cache holds is told kind by kind, of an empty one too") {
  const Cache cache;
  const CacheReport report = inspect_cache(cache.path());
  CHECK(count(report, "packages") == 2);
  CHECK(count(report, "metadata") == 1);
  CHECK(count(report, "solv") == 1);
  CHECK(count(report, "initramfs") == 1);
  CHECK(count(report, "outputs") == 0);
  CHECK(report.size() >= KiB(8));
  CHECK(report.limit == GiB(20));
  const test::ScratchFolder empty;
  CHECK(inspect_cache(empty.path() / "nothing").size() == Bytes{});
}

TEST_CASE("what was not used for longest goes first") {
  Cache cache;
  // The initramfs is the oldest, and a half of everything.
  CacheReport report =
      prune_cache(cache.path(), inspect_cache(cache.path()).size() - Bytes{1}, cache.progress);
  CHECK(report.removed == 1);
  CHECK(count(report, "initramfs") == 0);
  report = prune_cache(cache.path(), KiB(8), cache.progress);
  CHECK(count(report, "solv") == 0);
  CHECK(count(report, "metadata") == 0);
  CHECK(count(report, "packages") == 2);
  CHECK(report.size() <= KiB(8));
  report = prune_cache(cache.path(), {}, cache.progress);
  CHECK(count(report, "packages") == 0);
}

TEST_CASE("what was found in a store counts as used") {
  Cache cache;
  REQUIRE(cache.store().find(cache.key("6.12")));
  const CacheReport report = prune_cache(cache.path(), KiB(12), cache.progress);
  CHECK(count(report, "initramfs") == 1);
  CHECK(count(report, "packages") == 0);
}

TEST_CASE("what killed builds left half-made goes, whatever the limit") {
  Cache cache;
  cache.write(cache.path() / "packages/sha256/0123.rpm.aB3dE9", "half");
  cache.write(cache.path() / "initramfs/0123.Zz9Zz9/initramfs", "half");
  const CacheReport report = prune_cache(cache.path(), GiB(1), cache.progress);
  CHECK(report.removed == 2);
  CHECK(count(report, "packages") == 2);
  CHECK(count(report, "initramfs") == 1);
}

TEST_CASE("nothing is removed from under a build") {
  Cache cache;
  {
    const auto build = host::CacheLease::use(cache.path());
    const auto another = host::CacheLease::use(cache.path());
    CHECK_THROWS_WITH(prune_cache(cache.path(), {}, cache.progress),
                      fmt::format("the cache '{}' is in use", cache.path().string()));
    CHECK_THROWS_AS(verify_cache(cache.path(), cache.progress), Error);
  }
  CHECK(prune_cache(cache.path(), {}, cache.progress).size() == Bytes{});
}

TEST_CASE("verifying removes what is damaged, of each kind, and nothing else") {
  Cache cache;
  cache.initramfs("6.13");
  CHECK(verify_cache(cache.path(), cache.progress).damaged.empty());
  std::ofstream(cache.package_path("second"), std::ios::app) << "x";
  std::ofstream(cache.path() / "metadata/sha256" / sha256_hex("metadata")) << "metadatA";
  std::ofstream(cache.path() / "solv/a.solv") << "s";
  const fs::path image = cache.store().folder() / cache.key("6.13").hex() / "initramfs";
  struct stat before {};
  REQUIRE(::stat(image.c_str(), &before) == 0);
  std::ofstream(image) << std::string(8192, 'I');
  const timespec times[2] = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, image.c_str(), times, 0) == 0);
  const CacheReport report = verify_cache(cache.path(), cache.progress);
  CHECK(report.damaged.size() == 4);
  CHECK(report.removed == 4);
  CHECK(count(report, "packages") == 1);
  CHECK(count(report, "initramfs") == 1);
  CHECK(verify_cache(cache.path(), cache.progress).damaged.empty());
}

TEST_CASE("the limit is what the environment says, and a word that is no size is refused") {
  ::setenv("IMAGE_COMPOSER_CACHE_LIMIT", "3 GiB", 1);
  CHECK(cache_limit() == GiB(3));
  ::setenv("IMAGE_COMPOSER_CACHE_LIMIT", "much", 1);
  CHECK_THROWS_WITH(cache_limit(), "IMAGE_COMPOSER_CACHE_LIMIT is 'much', not a size");
  ::unsetenv("IMAGE_COMPOSER_CACHE_LIMIT");
  CHECK(cache_limit() == GiB(20));
}
