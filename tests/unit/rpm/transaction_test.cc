#include "composer/rpm/transaction.h"

#include <algorithm>
#include <array>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "composer/base/checksum.h"

#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using test::InstalledRoot;

namespace {

struct stat status_of(const InstalledRoot& root, const std::string& path) {
  struct stat status {};
  INFO(path);
  REQUIRE(::lstat((root.root.path() / path).c_str(), &status) == 0);
  return status;
}

}  // namespace

TEST_CASE("packages are installed in the order of their dependencies, scriptlets in theirs") {
  InstalledRoot root;
  const auto log = [](const std::string& what) { return "echo " + what + " $1 >> /srv-log\n"; };
  const auto base = root.rpms.build(
      "base",
      "Requires(post): shell\n%description\n%pre\n" + log("base-pre") + "%post\n" +
          log("base-post") + "%posttrans\n" + log("base-posttrans") + "%triggerin -- top\n" +
          log("base-triggerin") + "%filetriggerin -- /opt/watched\n" +
          "sort | sed 's/^/filetrigger /' >> /srv-log\n" + "%transfiletriggerin -- /opt/watched\n" +
          "sort | sed 's/^/transfiletrigger /' >> /srv-log\n" + "%files\n");
  const auto top = root.rpms.build(
      "top",
      "Requires(pre): base\n%description\n%install\nmkdir -p %{buildroot}/opt/watched\n"
      "echo x > %{buildroot}/opt/watched/file\n"
      "%pretrans -p <lua>\nlocal f = io.open('/srv-log', 'a'); f:write('top-pretrans\\n'); "
      "f:close()\n"
      "%pre\n" +
          log("top-pre") + "test ! -e /opt/watched/file\n%post\n" + log("top-post") +
          "test -e /opt/watched/file\n%posttrans -p <lua>\n"
          "local f = io.open('/srv-log', 'a'); f:write('top-posttrans ' .. posix.getcwd() .. "
          "'\\n')\n"
          "f:close()\n%files\n%dir /opt/watched\n/opt/watched/file\n");
  root.install({top, base, root.rpms.shell()});
  CHECK(root.read("srv-log") ==
        "top-pretrans\nbase-pre 1\nbase-post 1\ntop-pre 1\nfiletrigger /opt/watched\n"
        "filetrigger /opt/watched/file\ntop-post 1\nbase-triggerin 1\nbase-posttrans 1\n"
        "top-posttrans /\ntransfiletrigger /opt/watched\ntransfiletrigger /opt/watched/file\n");
  CHECK(root.progress.order ==
        std::vector<std::string>{"shell-1-1.noarch", "base-1-1.noarch", "top-1-1.noarch"});
  CHECK(root.progress.begun.items == 3);
  CHECK(root.progress.ended);
  CHECK(root.rpm_says({"-qa", "--qf", "%{NAME} %{INSTALLTID}\n"}) ==
        "shell 1700000000\nbase 1700000000\ntop 1700000000\n");
}

TEST_CASE("a scriptlet has a clean environment, and nothing to read") {
  InstalledRoot root;
  ::setenv("COMPOSER_TEST_SECRET", "hunter2", 1);
  const auto package = root.rpms.build(
      "env",
      "%description\n%post\nenv | sort | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD=\n"
      "umask; pwd; cat; ls /proc | grep -c '^[0-9]'; cat /proc/*/environ 2>/dev/null | grep -c "
      "hunter2\n"
      "exit 0\n%posttrans -p <lua>\n"
      "print(os.getenv('COMPOSER_TEST_SECRET'))\n"
      "local f = io.open('/proc/self/environ'); print(string.find(f:read('*a'), 'hunter2'))\n"
      "%files\n");
  root.install({package, root.rpms.shell()});
  const std::string source = "%post of env-1-1.noarch: ", lua = "%posttrans of env-1-1.noarch: ";
  CHECK(root.progress.outputs ==
        std::vector<std::string>{
            source + "HOME=/root", source + "KERNEL_INSTALL_BYPASS=1", source + "LANG=C.UTF-8",
            source + "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            source + "SOURCE_DATE_EPOCH=1700000000", source + "SYSTEMD_OFFLINE=1",
            source + "TERM=dumb", source + "0022", source + "/", source + "5", source + "0",
            lua + "nil", lua + "nil"});
}

TEST_CASE("files have the owners that the root's own accounts say") {
  InstalledRoot root;
  std::ofstream(root.root.path() / "etc/passwd", std::ios::app)
      << "svc:x:4321:8765::/:/bin/false\n";
  std::ofstream(root.root.path() / "etc/group", std::ios::app) << "svc:x:8765:\n";
  const auto package = root.rpms.build(
      "owned",
      "%description\n%install\nmkdir -p %{buildroot}/opt/d\ntouch %{buildroot}/opt/d/f\n"
      "ln -s f %{buildroot}/opt/d/l\n"
      "%files\n%dir %attr(0750, svc, svc) /opt/d\n%attr(04711, svc, root) /opt/d/f\n"
      "%attr(-, svc, svc) /opt/d/l\n");
  root.install({package});
  CHECK(status_of(root, "opt/d").st_uid == 4321);
  CHECK(status_of(root, "opt/d").st_gid == 8765);
  CHECK((status_of(root, "opt/d/f").st_mode & 07777U) == 04711);
  CHECK(status_of(root, "opt/d/l").st_uid == 4321);
  CHECK(root.progress.warnings.empty());
}

TEST_CASE("a file whose user is made by a later package belongs to that user in the end") {
  InstalledRoot root;
  // `early` has two files of the unknown user: rpm 4.18 warns at the first, and takes a stale
  // number for the second.
  std::ofstream(root.root.path() / "etc/passwd", std::ios::app) << "other:x:99:99::/:/bin/false\n";
  std::ofstream(root.root.path() / "etc/group", std::ios::app) << "other:x:99:\n";
  const auto early = root.rpms.build(
      "early",
      "%description\n%install\nmkdir -p %{buildroot}/opt\n"
      "for f in a b c; do echo $f > %{buildroot}/opt/$f; done\n"
      "%files\n%attr(0644, other, other) /opt/a\n"
      "%attr(04755, late, late) %caps(cap_net_raw=ep) /opt/b\n%attr(02750, root, late) /opt/c\n");
  const auto later = root.rpms.build(
      "later",
      "Requires: early\n%description\n%pre\necho late:x:77:78::/:/bin/false >> /etc/passwd\n"
      "echo late:x:78: >> /etc/group\n%files\n");
  root.install({later, early, root.rpms.shell()});
  CHECK(status_of(root, "opt/a").st_uid == 99);
  CHECK(status_of(root, "opt/b").st_uid == 77);
  CHECK(status_of(root, "opt/b").st_gid == 78);
  CHECK((status_of(root, "opt/b").st_mode & 07777U) == 04755);
  CHECK(status_of(root, "opt/c").st_uid == 0);
  CHECK(status_of(root, "opt/c").st_gid == 78);
  CHECK((status_of(root, "opt/c").st_mode & 07777U) == 02750);
  CHECK(::lgetxattr((root.root.path() / "opt/b").c_str(), "security.capability", nullptr, 0) > 0);
}

TEST_CASE("a file of a user that nothing makes is an error") {
  InstalledRoot root;
  const auto package = root.rpms.build(
      "orphan",
      "%description\n%install\nmkdir -p %{buildroot}/opt\ntouch %{buildroot}/opt/f\n"
      "%files\n%attr(0644, nobody-here, root) /opt/f\n");
  const Error error = root.refusal({package});
  CHECK(std::string(error.what()) ==
        "package 'orphan-1-1.noarch' gives '/opt/f' to user 'nobody-here', which nothing in the "
        "image makes");
}

TEST_CASE("links, capabilities, configuration files and covered directories verify clean") {
  InstalledRoot root;
  const auto package = root.rpms.build(
      "kinds",
      "%description\n%install\nmkdir -p %{buildroot}/opt/k %{buildroot}/etc %{buildroot}/proc "
      "%{buildroot}/sys %{buildroot}/run %{buildroot}/tmp %{buildroot}/dev\n"
      "echo one > %{buildroot}/opt/k/one\nln %{buildroot}/opt/k/one %{buildroot}/opt/k/two\n"
      "ln %{buildroot}/opt/k/one %{buildroot}/opt/k/three\nln -s ../k/one %{buildroot}/opt/k/soft\n"
      "echo ping > %{buildroot}/opt/k/ping\necho a=1 > %{buildroot}/etc/kinds.conf\n"
      "touch %{buildroot}/opt/k/ghost\n"
      "%files\n%dir /opt/k\n/opt/k/one\n/opt/k/two\n/opt/k/three\n/opt/k/soft\n"
      "%caps(cap_net_raw,cap_net_admin=ep) /opt/k/ping\n%config(noreplace) /etc/kinds.conf\n"
      "%ghost /opt/k/ghost\n%attr(0555,root,root) %dir /proc\n%attr(0555,root,root) %dir /sys\n"
      "%attr(0755,root,root) %dir /run\n%attr(1777,root,root) %dir /tmp\n%dir /dev\n");
  root.install({package});
  CHECK(root.rpm_says({"-Va"}).empty());
  CHECK(status_of(root, "opt/k/one").st_nlink == 3);
  CHECK(status_of(root, "opt/k/one").st_ino == status_of(root, "opt/k/three").st_ino);
  std::array<char, 64> capability{};
  CHECK(::lgetxattr((root.root.path() / "opt/k/ping").c_str(), "security.capability",
                    capability.data(), capability.size()) > 0);
  CHECK((status_of(root, "tmp").st_mode & 07777U) == 01777);
  CHECK((status_of(root, "sys").st_mode & 07777U) == 0555);
}

TEST_CASE("the same packages give the same database, in whatever order they are named") {
  InstalledRoot first, second;
  std::vector<std::filesystem::path> packages = {first.rpms.shell()};
  for (const char* name : {"a", "b", "c", "d"}) {
    packages.push_back(
        first.rpms.build(name, std::string("%description\n%install\nmkdir -p %{buildroot}/opt\n"
                                           "echo x > %{buildroot}/opt/") +
                                   name + "\n%post\ntrue\n%files\n/opt/" + name + "\n"));
  }
  first.install(packages);
  std::reverse(packages.begin(), packages.end());
  second.install(packages);
  const auto names = [](const InstalledRoot& root) {
    std::vector<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(root.root.path() / "var/lib/rpm")) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  CHECK(names(first) == std::vector<std::string>{".rpm.lock", "rpmdb.sqlite"});
  CHECK(sha256_file(first.root.path() / "var/lib/rpm/rpmdb.sqlite") ==
        sha256_file(second.root.path() / "var/lib/rpm/rpmdb.sqlite"));
}

TEST_CASE("the order of packages does not depend on what their files are called") {
  // As in the cache, where a file is called by its digest, which is another one after a rebuild.
  const auto order_of = [](const std::array<std::array<std::string, 2>, 3>& files) {
    InstalledRoot root;
    const auto folder = root.rpms.shell().parent_path();
    std::vector<std::filesystem::path> packages;
    for (const auto& [name, digest] : files) {
      packages.push_back(folder / (digest + ".rpm"));
      std::filesystem::rename(root.rpms.build(name, "%description\n%files\n"), packages.back());
    }
    root.install(packages);
    return root.progress.order;
  };
  const auto order = order_of({{{"a", "2f"}, {"b", "0c"}, {"c", "1d"}}});
  CHECK(order.size() == 3);
  CHECK(order == order_of({{{"a", "1d"}, {"b", "2f"}, {"c", "0c"}}}));
}

TEST_CASE("nothing to install is nothing to do") {
  InstalledRoot root;
  root.install({});
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "var/lib/rpm"));
}
