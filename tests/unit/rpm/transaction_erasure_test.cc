#include <algorithm>

#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using test::InstalledRoot;

namespace {

constexpr const char* kShell =
    "Provides: /bin/sh\n%description\n%install\n"
    "mkdir -p %{buildroot}/bin\ntouch %{buildroot}/bin/sh\n"
    "%files\n%ghost /bin/sh\n";

rpm::TransactionRequest request_for(const InstalledRoot& root) {
  return {
      .root = root.root.path(), .source_date_epoch = 1700000000, .database_path = "/var/lib/rpm"};
}

void erase(InstalledRoot& root, const std::vector<std::string>& names) {
  rpm::TransactionRequest request = request_for(root);
  request.erase = names;
  rpm::erase_packages(request, root.progress);
}

std::string file_of(const std::string& path) {
  return "mkdir -p $(dirname %{buildroot}" + path + ")\necho text > %{buildroot}" + path + "\n";
}

std::string names_in(const InstalledRoot& root) {
  return root.rpm_says({"-qa", "--qf", "%{NAME} "});
}

/// Differences that rpm finds, but for times.
std::string verified(const InstalledRoot& root) {
  return root.rpm_says({"-Va", "--nodeps", "--noscripts"});
}

}  // namespace

TEST_CASE("erased packages go with their files and run their scriptlets, the others stay whole") {
  InstalledRoot root;
  const auto gone = root.rpms.build(
      "gone", "%description\n%install\n" + file_of("/opt/gone/file") +
                  "%preun\necho preun $1 >> /srv-log\n%postun\necho postun $1 >> /srv-log\n"
                  "%files\n%dir /opt/gone\n/opt/gone/file\n");
  const auto kept = root.rpms.build("kept", "%description\n%install\n" + file_of("/opt/kept/file") +
                                                "%files\n%dir /opt/kept\n/opt/kept/file\n");
  root.install({gone, kept, root.rpms.shell()});
  erase(root, {"gone"});
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "var/lib/rpm/rpmdb.sqlite-wal"));
  CHECK(root.read("srv-log") == "preun 0\npostun 0\n");
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/gone"));
  CHECK(root.read("opt/kept/file") == "text\n");
  CHECK(root.progress.warnings.empty());
  CHECK(names_in(root) == "shell kept ");
  CHECK(verified(root).empty());
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "var/lib/rpm.image-composer"));
}

TEST_CASE("what remaining packages need of erased ones is told, and does not stop it") {
  InstalledRoot root;
  const auto base = root.rpms.build("base", "%description\n%files\n");
  const auto top = root.rpms.build("top", "Requires: base >= 1\n%description\n%files\n");
  root.install({base, top});
  erase(root, {"base"});
  CHECK(names_in(root) == "top ");
  CHECK(root.progress.warnings ==
        std::vector<std::string>{
            "package 'top-1-1.noarch' remains without 'base >= 1', which it needs"});
}

TEST_CASE("scriptlets do not run when the shell goes with them") {
  InstalledRoot root;
  const auto shell = root.rpms.build("shell", kShell);
  const auto gone = root.rpms.build(
      "gone", "Requires(preun): shell\n%description\n%preun\necho preun >> /srv-log\n%files\n");
  const auto watcher = root.rpms.build(
      "watcher", "%description\n%triggerun -- gone\necho trigger >> /srv-log\n%files\n");
  root.install({shell, gone, watcher});
  erase(root, {"gone", "shell"});
  CHECK(names_in(root) == "watcher ");
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "srv-log"));
  CHECK(std::find(root.progress.notes.begin(), root.progress.notes.end(),
                  "the shell is erased, so no scriptlet of what is erased runs") !=
        root.progress.notes.end());
}

TEST_CASE("a scriptlet that fails while a package is erased ends the build") {
  InstalledRoot root;
  const auto gone = root.rpms.build("gone", "%description\n%preun\necho not yet; exit 3\n%files\n");
  root.install({gone, root.rpms.shell()});
  CHECK_THROWS_WITH(erase(root, {"gone"}), "scriptlet %preun of package 'gone-1-1.noarch' failed");
}

TEST_CASE("a changed configuration file goes with its package, without a copy") {
  InstalledRoot root;
  const auto gone = root.rpms.build("gone", "%description\n%install\n" + file_of("/etc/gone.conf") +
                                                "%files\n%config /etc/gone.conf\n");
  root.install({gone});
  std::ofstream(root.root.path() / "etc/gone.conf") << "changed\n";
  erase(root, {"gone"});
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "etc/gone.conf"));
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "etc/gone.conf.rpmsave"));
  CHECK(root.progress.warnings.empty());
}

TEST_CASE("the database outlives the package that lists it as its file") {
  InstalledRoot root;
  const auto manager =
      root.rpms.build("rpm",
                      "%description\n%install\nmkdir -p %{buildroot}/var/lib/rpm\n"
                      "touch %{buildroot}/var/lib/rpm/rpmdb.sqlite\n"
                      "%files\n%dir /var/lib/rpm\n%ghost %config(missingok,noreplace) "
                      "/var/lib/rpm/rpmdb.sqlite\n");
  const auto kept = root.rpms.build("kept", "%description\n%files\n");
  root.install({manager, kept});
  erase(root, {"rpm"});
  CHECK(names_in(root) == "kept ");
}

TEST_CASE("a name that is not installed cannot be erased") {
  InstalledRoot root;
  root.install({root.rpms.build("kept", "%description\n%files\n")});
  CHECK_THROWS_WITH(erase(root, {"missing"}),
                    "package 'missing' is to be erased, and is not installed");
}

TEST_CASE("two images from which the same is erased have the same database") {
  std::string databases[2];
  const test::TinyRpms rpms;
  const auto gone = rpms.build("gone", "%description\n%files\n");
  const auto kept = rpms.build("kept", "%description\n%files\n");
  for (std::string& database : databases) {
    InstalledRoot root;
    root.install({gone, kept});
    erase(root, {"gone"});
    database = root.read("var/lib/rpm/rpmdb.sqlite");
  }
  CHECK(databases[0] == databases[1]);
}

TEST_CASE("documentation and other languages are left out, and nothing misses them") {
  InstalledRoot root;
  const auto package =
      root.rpms.build("talk", "%description\n%install\n" + file_of("/opt/talk/manual") +
                                  file_of("/opt/talk/de/text") + file_of("/opt/talk/en/text") +
                                  file_of("/opt/talk/all") +
                                  "%files\n%doc /opt/talk/manual\n%lang(de) /opt/talk/de/text\n"
                                  "%lang(en) /opt/talk/en/text\n/opt/talk/all\n");
  rpm::TransactionRequest request = request_for(root);
  request.packages = {package};
  request.documentation = false;
  SECTION("one language") {
    request.locales = {{"en_US"}};
    rpm::install_packages(request, root.progress);
    CHECK(root.read("opt/talk/en/text") == "text\n");
  }
  SECTION("none") {
    request.locales.emplace();
    rpm::install_packages(request, root.progress);
    CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/talk/en/text"));
  }
  CHECK(root.read("opt/talk/all") == "text\n");
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/talk/de/text"));
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/talk/manual"));
  CHECK(verified(root).empty());
}
