#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "composer/base/file_descriptor.h"
#include "composer/tree/clamp_times.h"

#include "sample.h"
#include "tests/support/scratch_folder.h"

using namespace composer;

TEST_CASE("caches, logs, keys, seeds and temporary files go; what packages own stays") {
  MemoryRoot root;
  root.file("/tmp/a/b", "x")
      .file("/var/tmp/dracut.x/y", "x")
      .file("/var/cache/dnf/lab/repomd.xml", "x")
      .file("/var/cache/ldconfig/aux-cache", "x")
      .file("/var/lib/dnf/history.sqlite", "x")
      .file("/var/log/dnf.log", "log", {0640, 0, 7})
      .file("/var/log/chrony/x.log", "log")
      .file("/var/log/README", "kept")
      .link("/var/log/link", "/etc/keep")
      .file("/etc/keep", "kept")
      .file("/root/.bash_history", "x")
      .file("/etc/ssh/ssh_host_rsa_key", "x")
      .file("/etc/ssh/ssh_host_rsa_key.pub", "x")
      .file("/etc/ssh/sshd_config", "kept")
      .file("/var/lib/systemd/random-seed", "x")
      .file("/etc/passwd-", "x")
      .file("/etc/resolv.conf", "nameserver 10.0.0.1\n");
  SilentProgress progress;
  tree::clean(test::sample_plan(), root, progress);
  CHECK(root.tree_text("/") ==
        "0755 0:0 //\n"
        "0755 0:0 /etc/\n"
        "0644 0:0 /etc/keep\n"
        "0755 0:0 /etc/ssh/\n"
        "0644 0:0 /etc/ssh/sshd_config\n"
        "0755 0:0 /root/\n"
        "0755 0:0 /tmp/\n"
        "0755 0:0 /var/\n"
        "0755 0:0 /var/cache/\n"
        "0755 0:0 /var/cache/dnf/\n"
        "0755 0:0 /var/cache/ldconfig/\n"
        "0755 0:0 /var/lib/\n"
        "0755 0:0 /var/lib/dnf/\n"
        "0755 0:0 /var/lib/systemd/\n"
        "0755 0:0 /var/log/\n"
        "0644 0:0 /var/log/README\n"
        "0755 0:0 /var/log/chrony/\n"
        "0644 0:0 /var/log/chrony/x.log\n"
        "0640 0:7 /var/log/dnf.log\n"
        "0777 0:0 /var/log/link -> /etc/keep\n"
        "0755 0:0 /var/tmp/\n");
  CHECK(root.read("/var/log/dnf.log") == "");
  CHECK(root.read("/var/log/README") == "kept");
  CHECK(root.read("/etc/keep") == "kept");
  CHECK(root.clamped_to == std::vector<std::int64_t>{1750000000});
}

TEST_CASE("files of the blueprint stay, and a link instead of a folder is not followed") {
  MemoryRoot root;
  root.file("/etc/resolv.conf", "asked")
      .file("/var/log/asked.log", "asked")
      .file("/etc/ssh/ssh_host_ed25519_key", "asked")
      .file("/srv/precious", "kept")
      .link("/tmp", "/srv")
      .file("/etc/x", "x");
  Plan plan = test::sample_plan();
  plan.system.files = {{.path = "/etc/resolv.conf", .content = ""},
                       {.path = "/var/log/asked.log", .content = ""},
                       {.path = "/etc/ssh/ssh_host_ed25519_key", .content = ""}};
  SilentProgress progress;
  tree::clean(plan, root, progress);
  CHECK(root.read("/etc/resolv.conf") == "asked");
  CHECK(root.read("/var/log/asked.log") == "asked");
  CHECK(root.read("/etc/ssh/ssh_host_ed25519_key") == "asked");
  CHECK(root.read("/srv/precious") == "kept");
  CHECK(root.read_link("/tmp") == "/srv");
}

TEST_CASE("what the blueprint asks for stays in folders that are emptied or removed") {
  MemoryRoot root;
  root.file("/var/cache/dnf/mine/list", "asked")
      .file("/var/cache/dnf/mine/other", "x")
      .file("/var/cache/dnf/lab/repomd.xml", "x")
      .file("/var/lib/dnf/asked", "asked")
      .file("/var/lib/dnf/asked-not", "x")
      .file("/var/log/journal/abc/x", "x")
      .file("/usr/lib/sysimage/rpm/rpmdb.sqlite", "x");
  root.make_directories("/var/log/journal/mine", {0755, 0, 0});
  Plan plan = test::sample_plan();
  plan.installation.package_manager = PackageManager::removed;
  plan.system.files = {{.path = "/var/cache/dnf/mine/list", .content = ""},
                       {.path = "/var/lib/dnf/asked", .content = ""}};
  plan.system.directories = {{.path = "/var/log/journal/mine"}};
  SilentProgress progress;
  tree::clean(plan, root, progress);
  CHECK(root.tree_text("/var") ==
        "0755 0:0 /var/\n"
        "0755 0:0 /var/cache/\n"
        "0755 0:0 /var/cache/dnf/\n"
        "0755 0:0 /var/cache/dnf/mine/\n"
        "0644 0:0 /var/cache/dnf/mine/list\n"
        "0755 0:0 /var/lib/\n"
        "0755 0:0 /var/lib/dnf/\n"
        "0644 0:0 /var/lib/dnf/asked\n"
        "0755 0:0 /var/log/\n"
        "0755 0:0 /var/log/journal/\n"
        "0755 0:0 /var/log/journal/mine/\n");
  CHECK_FALSE(root.exists("/usr/lib/sysimage/rpm"));
}

TEST_CASE("a link to resolved's file stays") {
  MemoryRoot root;
  root.link("/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
  SilentProgress progress;
  tree::clean(test::sample_plan(), root, progress);
  CHECK(root.link_status("/etc/resolv.conf"));
}

TEST_CASE("times after the epoch become the epoch, earlier ones and what links lead to stay") {
  const test::ScratchFolder scratch;
  const std::filesystem::path top = scratch.path() / "root";
  const std::filesystem::path outside = scratch.path() / "outside";
  std::filesystem::create_directories(top / "a/b");
  std::ofstream(top / "a/b/new") << "x";
  std::ofstream(top / "a/old") << "x";
  std::ofstream(outside) << "x";
  std::filesystem::create_symlink("../../outside", top / "a/link");
  const auto set = [&](const std::filesystem::path& path, time_t seconds, long nanoseconds) {
    const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0);
  };
  set(top / "a/old", 1000, 5);
  set(top / "a/b/new", 2000, 1);
  set(outside, 5000, 0);
  const FileDescriptor fd = open_file(top, O_RDONLY | O_DIRECTORY);
  tree::clamp_times(fd.get(), 2000);

  const auto modified = [](const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return std::pair(status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  };
  CHECK(modified(top / "a/old") == std::pair<time_t, long>(1000, 5));
  CHECK(modified(top / "a/b/new") == std::pair<time_t, long>(2000, 0));
  CHECK(modified(top / "a/b") == std::pair<time_t, long>(2000, 0));
  CHECK(modified(top / "a/link") == std::pair<time_t, long>(2000, 0));
  CHECK(modified(top) == std::pair<time_t, long>(2000, 0));
  CHECK(modified(outside) == std::pair<time_t, long>(5000, 0));
}
