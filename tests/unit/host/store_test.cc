#include "composer/host/store.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>

#include "tests/support/scratch_folder.h"

using namespace composer;
using composer::host::Store;
using composer::host::StoreKey;
namespace fs = std::filesystem;

namespace {

StoreKey key(const std::string& packages = "bash", const std::string& kernel = "6.12") {
  StoreKey made;
  made.add("packages", packages);
  made.add("kernel", kernel);
  return made;
}

void put(const Store& store, const StoreKey& key, const std::string& content) {
  Store::Draft draft(store, key);
  draft.write("initramfs", content);
  draft.note("size", "7");
  draft.commit();
}

std::size_t entries_of(const Store& store) {
  std::size_t count = 0;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(store.folder(), none)) {
    count += entry.path().empty() ? 0 : 1;
  }
  return count;
}

}  // namespace

TEST_CASE("a key depends on each name and content, and not on their order") {
  StoreKey other;
  other.add("kernel", "6.12");
  other.add("packages", "bash");
  CHECK(other.hex() == key().hex());
  CHECK(key().hex().size() == 64);
  CHECK(key("zsh").hex() != key().hex());
  CHECK(key("bash", "6.13").hex() != key().hex());
  StoreKey renamed;
  renamed.add("packages", "6.12");
  renamed.add("kernel", "bash");
  CHECK(renamed.hex() != key().hex());
}

TEST_CASE("what was stored is found by its key alone") {
  const test::ScratchFolder cache;
  const Store store(cache.path(), "initramfs");
  CHECK_FALSE(store.find(key()));
  put(store, key(), "content");
  const auto entry = store.find(key());
  REQUIRE(entry);
  CHECK(entry->read("initramfs") == "content");
  CHECK(entry->note("size") == "7");
  CHECK(entry->note("colour").empty());
  CHECK_FALSE(entry->read("other"));
  CHECK_FALSE(store.find(key("zsh")));
  CHECK_FALSE(Store(cache.path(), "outputs").find(key()));
}

TEST_CASE("a miss is explained by the most similar entry") {
  const test::ScratchFolder cache;
  const Store store(cache.path(), "initramfs");
  CHECK(store.differences(key()).empty());
  CHECK(store.explain("the initramfs", key()) == "the initramfs is made: none was kept before");
  put(store, key("zsh", "6.13"), "a");
  CHECK(store.differences(key()) == std::vector<std::string>{"kernel", "packages"});
  put(store, key("bash", "6.13"), "b");
  CHECK(store.differences(key()) == std::vector<std::string>{"kernel"});
  CHECK(store.explain("the initramfs", key()) == "the initramfs is made: not as before: kernel");
  StoreKey more = key("bash", "6.13");
  more.add("/etc/hostname", "vm");
  CHECK(store.differences(more) == std::vector<std::string>{"/etc/hostname"});
  for (int i = 0; i < 9; ++i) more.add(fmt::format("/etc/{}", i), "x");
  CHECK(store.explain("the initramfs", more) ==
        "the initramfs is made: not as before: /etc/0, /etc/1, /etc/2, /etc/3, /etc/4, /etc/5, "
        "/etc/6, /etc/7 and 2 more");
}

TEST_CASE("a file that was changed in place is no entry any more, and is removed") {
  const test::ScratchFolder cache;
  const Store store(cache.path(), "outputs");
  put(store, key(), "content");
  const fs::path file = store.folder() / key().hex() / "initramfs";
  std::ofstream(file, std::ios::app) << "x";
  CHECK_FALSE(store.find(key()));
  CHECK(entries_of(store) == 0);

  // The same size and another time.
  put(store, key(), "content");
  std::ofstream(file) << "c0ntent";
  const timespec times[2] = {{1, 0}, {1, 0}};
  REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
  CHECK_FALSE(store.find(key()));
}

TEST_CASE("bits that were lost under the same time are seen when the content is read") {
  const test::ScratchFolder cache;
  const Store store(cache.path(), "initramfs");
  put(store, key(), "content");
  const fs::path file = store.folder() / key().hex() / "initramfs";
  struct stat before {};
  REQUIRE(::stat(file.c_str(), &before) == 0);
  std::ofstream(file) << "c0ntent";
  const timespec times[2] = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
  const auto entry = store.find(key());
  REQUIRE(entry);
  CHECK_FALSE(entry->read("initramfs"));
}

TEST_CASE("a damaged or hostile description is no entry") {
  const test::ScratchFolder cache;
  const Store store(cache.path(), "initramfs");
  const fs::path description = store.folder() / key().hex() / "entry.json";
  for (
      const char* text :
      {"", "{", "[]", R"({"format": 2})", R"({"format": 1})",
       R"({"format": 1, "notes": {}, "files": {"../x": {"size": 1, "sha256": "", "modified": 0}}})",
       R"({"format": 1, "notes": {}, "files": {"x": {"size": -1}}})",
       R"({"format": 1, "notes": {"a": 1}, "files": {}})"}) {
    CAPTURE(text);
    put(store, key(), "content");
    std::ofstream(description) << text;
    CHECK_FALSE(store.find(key()));
    CHECK(entries_of(store) == 0);
  }
}

TEST_CASE("a draft that is given up leaves nothing, and one that is late is dropped") {
  const test::ScratchFolder cache;
  const Store store(cache.path(), "initramfs");
  {
    Store::Draft draft(store, key());
    draft.write("initramfs", "half");
  }
  CHECK(entries_of(store) == 0);
  Store::Draft first(store, key()), second(store, key());
  first.write("initramfs", "first");
  second.write("initramfs", "second");
  first.commit();
  second.commit();
  CHECK(store.find(key())->read("initramfs") == "first");
}
