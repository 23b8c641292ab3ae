#include "composer/tree/selinux.h"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "composer/error.h"
#include "composer/host/process.h"
#include "composer/mount/mount_point.h"
#include "composer/tree/host_root.h"
#include "composer/tree/selinux_labels.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
namespace fs = std::filesystem;

namespace {

constexpr const char* kContexts = "/etc/selinux/targeted/contexts/files/file_contexts";

/// A root on a filesystem of its own, with another one mounted at /boot.
struct LabelledRoot {
  LabelledRoot() : tree("tree", {scratch.path()}, "tmpfs", {}) {
    for (const char* name : {"etc", "usr/bin", "boot/under", "var/log", "proc", "dev", "run", "sys",
                             "tmp", "odd \n name"}) {
      fs::create_directories(path() / name);
    }
    boot.push_back(mount::Mount("boot", {path(), "/boot"}, "tmpfs", {}));
    write("/etc/passwd", "root\n");
    write("/usr/bin/true", "#!\n");
    write("/boot/vmlinuz", "kernel\n");
    write("/.autorelabel", "");
    fs::create_symlink("/etc/passwd", path() / "usr/bin/link");
    REQUIRE(::mkfifo((path() / "etc/fifo").c_str(), 0600) == 0);
    contexts(
        "/.*\t\t\tsystem_u:object_r:default_t:s0\n"
        "/\t-d\tsystem_u:object_r:root_t:s0\n"
        "/etc(/.*)?\t\tsystem_u:object_r:etc_t:s0\n"
        "/etc/passwd\t--\tsystem_u:object_r:passwd_file_t:s0\n"
        "/etc/fifo\t-p\tsystem_u:object_r:fifo_t:s0\n"
        "/usr/bin(/.*)?\t\tsystem_u:object_r:bin_t:s0\n"
        "/usr/bin/link\t-l\tsystem_u:object_r:link_t:s0\n"
        "/boot(/.*)?\t\tsystem_u:object_r:boot_t:s0\n"
        "/proc\t-d\t<<none>>\n"
        "/proc/.*\t\t<<none>>\n");
  }
  const fs::path& path() const { return scratch.path(); }
  void write(const std::string& name, const std::string& text) const {
    const fs::path file = path() / name.substr(1);
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void contexts(const std::string& text) const { write(kContexts, text); }
  std::string label(const std::string& name) const {
    char value[200] = {};
    const ssize_t n =
        ::lgetxattr((path() / name.substr(1)).c_str(), "security.selinux", value, sizeof value);
    if (n <= 0) return "none";
    CHECK(value[n - 1] == '\0');
    return value;
  }

  test::ScratchFolder scratch;
  mount::Mount tree;
  std::vector<mount::Mount> boot;
};

}  // namespace

TEST_CASE("every file has the label of its policy, links and pipes themselves") {
  const LabelledRoot root;
  tree::set_labels(root.path(), kContexts);
  CHECK(root.label("/") == "system_u:object_r:root_t:s0");
  CHECK(root.label("/etc") == "system_u:object_r:etc_t:s0");
  CHECK(root.label("/etc/passwd") == "system_u:object_r:passwd_file_t:s0");
  CHECK(root.label("/etc/fifo") == "system_u:object_r:fifo_t:s0");
  CHECK(root.label("/usr/bin/link") == "system_u:object_r:link_t:s0");
  CHECK(root.label("/odd \n name") == "system_u:object_r:default_t:s0");
  CHECK(root.label("/proc") == "none");
}

TEST_CASE("mounted filesystems are labelled, and the directories below the mounts") {
  LabelledRoot root;
  tree::set_labels(root.path(), kContexts);
  CHECK(root.label("/boot") == "system_u:object_r:boot_t:s0");
  CHECK(root.label("/boot/vmlinuz") == "system_u:object_r:boot_t:s0");
  root.boot.clear();
  CHECK(root.label("/boot") == "system_u:object_r:boot_t:s0");
  CHECK(root.label("/boot/under") == "system_u:object_r:boot_t:s0");
}

TEST_CASE("setfiles has nothing to change afterwards") {
  const LabelledRoot root;
  tree::set_labels(root.path(), kContexts);
  const std::string contexts = root.path().string() + kContexts;
  SilentProgress progress;
  const host::CommandRunner runner(progress);
  const auto judged = [&] {
    return runner.check(
        {{"setfiles", "-n", "-v", "-F", "-r", root.path().string(), contexts, root.path().string()},
         {},
         {}});
  };
  CHECK(judged().standard_output.empty());
  // The judge does see a difference where there is one.
  REQUIRE(::lsetxattr((root.path() / "etc/passwd").c_str(), "security.selinux",
                      "system_u:object_r:etc_t:s0", 27, 0) == 0);
  CHECK(judged().standard_output.find("/etc/passwd") != std::string::npos);
}

TEST_CASE("labelling leaves times alone, and a second time changes nothing") {
  const LabelledRoot root;
  const timespec times[2] = {{1000, 0}, {2000, 0}};
  REQUIRE(::utimensat(AT_FDCWD, (root.path() / "etc").c_str(), times, 0) == 0);
  const std::size_t first = tree::set_labels(root.path(), kContexts);
  struct stat status {};
  REQUIRE(::stat((root.path() / "etc").c_str(), &status) == 0);
  CHECK(status.st_atim.tv_sec == 1000);
  CHECK(status.st_mtim.tv_sec == 2000);
  CHECK(tree::set_labels(root.path(), kContexts) == first);
}

TEST_CASE("a relabel at the first start is no longer asked for") {
  const LabelledRoot labelled;
  labelled.write("/etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=targeted\n");
  tree::HostRoot root(labelled.path());
  SilentProgress progress;
  tree::label_files(Plan{}, labelled.path(), root, progress);
  CHECK_FALSE(root.exists("/.autorelabel"));
  CHECK(labelled.label("/etc/selinux/config") == "system_u:object_r:etc_t:s0");
}

TEST_CASE("file contexts that cannot be read are an error with its reason") {
  const LabelledRoot root;
  root.contexts("/etc(/.*\tsystem_u:object_r:etc_t:s0\n");
  CHECK_THROWS_WITH(tree::set_labels(root.path(), kContexts),
                    Catch::Matchers::EndsWith("gives no file a label"));
  CHECK_THROWS_WITH(tree::set_labels(root.path(), "/missing"),
                    Catch::Matchers::StartsWith("cannot read '/missing': No such file"));
}

TEST_CASE("file contexts that are a link to the host's lead nowhere") {
  const LabelledRoot root;
  const test::ScratchFolder outside;
  std::ofstream(outside.path() / "contexts") << "/.*\tsystem_u:object_r:host_t:s0\n";
  fs::remove(root.path() / fs::path(kContexts).relative_path());
  fs::create_symlink(outside.path() / "contexts",
                     root.path() / fs::path(kContexts).relative_path());
  CHECK_THROWS_AS(tree::set_labels(root.path(), kContexts), Error);
  CHECK(root.label("/etc") == "none");
}
