#include <algorithm>

#include "tests/unit/rpm/installed_root.h"

using namespace composer;
using test::InstalledRoot;

// A root where packages are installed: others come in, leave, or become another version, in one
// transaction.

namespace {

std::string file_of(const std::string& path, const std::string& text) {
  return "mkdir -p $(dirname %{buildroot}" + path + ")\necho " + text + " > %{buildroot}" + path +
         "\n";
}

/// A package with one file, a log of its scriptlets, and whatever else.
std::filesystem::path package(const InstalledRoot& root, const std::string& name,
                              const std::string& version, const std::string& tags = {}) {
  return root.rpms.build(
      name,
      tags + "%description\n%install\n" + file_of("/opt/" + name + "/file", name + version) +
          "%post\necho post " + name + version + " $1 >> /srv-log\n%postun\necho postun " + name +
          version + " $1 >> /srv-log\n%files\n%dir /opt/" + name + "\n/opt/" + name + "/file\n",
      version);
}

void change(InstalledRoot& root, const std::vector<std::filesystem::path>& packages,
            const std::vector<std::string>& remove) {
  rpm::TransactionRequest request{
      .root = root.root.path(), .source_date_epoch = 1700000000, .database_path = "/var/lib/rpm"};
  request.packages = packages;
  request.remove = remove;
  rpm::install_packages(request, root.progress);
}

std::string installed(const InstalledRoot& root) {
  std::string all = root.rpm_says({"-qa", "--qf", "%{NAME}-%{VERSION}\n"});
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
    lines.push_back(all.substr(at, all.find('\n', at) - at));
  }
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : " ") + line;
  return out;
}

}  // namespace

TEST_CASE("one transaction updates, removes and installs, and runs the scriptlets of each") {
  InstalledRoot root;
  root.install({root.rpms.shell(), package(root, "a", "1"), package(root, "b", "1"),
                package(root, "c", "1")});
  change(root, {package(root, "a", "2"), package(root, "d", "1")},
         {"a-1-1.noarch", "b-1-1.noarch"});
  CHECK(installed(root) == "a-2 c-1 d-1 shell-1");
  CHECK(root.read("opt/a/file") == "a2\n");
  CHECK(root.read("opt/c/file") == "c1\n");
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/b"));
  const std::string log = root.read("srv-log");
  CHECK(log.find("post a2 2\n") != std::string::npos);
  CHECK(log.find("postun a1 1\n") != std::string::npos);
  CHECK(log.find("postun b1 0\n") != std::string::npos);
  CHECK(log.find("post d1 1\n") != std::string::npos);
  CHECK(root.rpm_says({"-Va", "--nodeps", "--noscripts"}).empty());
}

TEST_CASE("an older version comes where the plan says so") {
  InstalledRoot root;
  root.install({root.rpms.shell(), package(root, "a", "2")});
  change(root, {package(root, "a", "1")}, {"a-2-1.noarch"});
  CHECK(installed(root) == "a-1 shell-1");
  CHECK(root.read("opt/a/file") == "a1\n");
}

TEST_CASE("a second version comes beside the one that stays, as kernels do") {
  InstalledRoot root;
  const auto kernel = [&](const std::string& version) {
    return root.rpms.build("kernel",
                           "%description\n%install\n" + file_of("/opt/k/" + version, version) +
                               "%files\n/opt/k/" + version + "\n",
                           version);
  };
  root.install({kernel("1"), kernel("2")});
  change(root, {kernel("3")}, {"kernel-1-1.noarch"});
  CHECK(installed(root) == "kernel-2 kernel-3");
  CHECK_FALSE(std::filesystem::exists(root.root.path() / "opt/k/1"));
  CHECK(root.read("opt/k/2") == "2\n");
}

TEST_CASE("what obsoletes another takes its place") {
  InstalledRoot root;
  root.install({root.rpms.shell(), package(root, "old", "1")});
  change(root, {package(root, "new", "1", "Obsoletes: old\nProvides: old\n")}, {"old-1-1.noarch"});
  CHECK(installed(root) == "new-1 shell-1");
}

TEST_CASE("packages can leave without another one coming") {
  InstalledRoot root;
  root.install({root.rpms.shell(), package(root, "a", "1"), package(root, "b", "1")});
  change(root, {}, {"a-1-1.noarch"});
  CHECK(installed(root) == "b-1 shell-1");
}

TEST_CASE("a configuration file that was changed is kept beside the new one") {
  InstalledRoot root;
  const auto configured = [&](const std::string& version, const std::string& kind) {
    return root.rpms.build("conf",
                           "%description\n%install\n" + file_of("/opt/conf", "v" + version) +
                               "%files\n" + kind + " /opt/conf\n",
                           version);
  };
  root.install({configured("1", "%config(noreplace)")});
  std::ofstream(root.root.path() / "opt/conf") << "mine\n";
  change(root, {configured("2", "%config(noreplace)")}, {"conf-1-1.noarch"});
  CHECK(root.read("opt/conf") == "mine\n");
  CHECK(root.read("opt/conf.rpmnew") == "v2\n");
  change(root, {configured("3", "%config")}, {"conf-2-1.noarch"});
  CHECK(root.read("opt/conf") == "v3\n");
  CHECK(root.read("opt/conf.rpmsave") == "mine\n");
  CHECK(root.progress.warnings.size() == 2);
}

TEST_CASE("what is to leave and is not there is an error, and so is what others need") {
  InstalledRoot root;
  root.install(
      {root.rpms.shell(), package(root, "a", "1"), package(root, "b", "1", "Requires: a\n")});
  CHECK_THROWS_WITH(change(root, {}, {"c-1-1.noarch"}),
                    Catch::Contains("package 'c-1-1.noarch' is to leave, and is not installed"));
  CHECK_THROWS_WITH(change(root, {}, {"a-1-1.noarch"}), Catch::Contains("needs"));
  CHECK(installed(root) == "a-1 b-1 shell-1");
}
