#include "composer/plan/decide_system.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "composer/plan/source_tree.h"

#include "tests/support/scratch_folder.h"

using namespace composer;
using Catch::Matchers::Equals;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path, std::string_view content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

/// A blueprint in `folder` with `keys` in its system section, whose first line is 2.
Blueprint blueprint_with(const std::string& keys, const fs::path& folder = "/nowhere") {
  const std::string text = "system:\n" + keys + R"(
blueprint: 1
name: web
version: 4.0
arch: x86_64
repositories:
  - {id: base, baseurl: /srv/base, gpgkey: base.asc}
packages: {install: [bash]}
disk:
  table: mbr
  size: 4 GiB
  partitions: [{label: root, type: root, size: rest, filesystem: ext4, mount: /}]
boot: {firmware: bios}
outputs: [{format: raw}]
)";
  return parse_blueprint(text, folder / "web.yaml");
}

PlannedSystem planned(const Blueprint& blueprint, const std::vector<std::string>& installed = {}) {
  std::vector<PlannedPackage> packages;
  for (const std::string& name : installed) {
    packages.emplace_back();
    packages.back().name = name;
  }
  return plan_system(blueprint, &packages);
}

/// `line: message [hint]` of each problem.
std::vector<std::string> problems_of(const Blueprint& blueprint,
                                     const std::vector<std::string>& installed = {}) {
  std::vector<std::string> out;
  try {
    planned(blueprint, installed);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    for (const Problem& problem : error.problems()) {
      out.push_back(std::to_string(problem.at.line) + ": " + problem.message + " [" + problem.hint +
                    "]");
    }
  }
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a date becomes the day that /etc/shadow counts") {
  const auto system = planned(blueprint_with(
      "  users: [{name: a, expires: 1971-01-01}, {name: b, expires: 2028-02-29}, {name: c}]\n"));
  CHECK(system.users.at(0).expires_day == 365);
  CHECK(system.users.at(1).expires_day == 21243);
  CHECK_FALSE(system.users.at(2).expires_day);
}

TEST_CASE("what time servers, networks and a firewall need is enabled once") {
  const auto system =
      planned(blueprint_with("  services: {enable: [chronyd, sshd]}\n"
                             "  ntp: {pools: [pool.example.org]}\n"
                             "  network: [{name: all, match: '*'}]\n"
                             "  firewall: {backend: firewalld, open: [ssh]}\n"));
  CHECK(system.services_enable ==
        Texts{"chronyd.service", "sshd.service", "systemd-networkd.service", "firewalld.service"});
  CHECK(system.firewall->open == Texts{"ssh"});
}

TEST_CASE("DHCP is asked where there is no address, or where it is said") {
  const auto system =
      planned(blueprint_with("  network:\n"
                             "    - {name: a, match: a}\n"
                             "    - {name: b, match: b, addresses: [192.0.2.1/24]}\n"
                             "    - {name: c, match: c, addresses: [192.0.2.1/24], dhcp: true}\n"));
  CHECK(system.network.at(0).dhcp);
  CHECK_FALSE(system.network.at(1).dhcp);
  CHECK(system.network.at(2).dhcp);
}

TEST_CASE("the firewall is the one that is installed") {
  const Blueprint blueprint = blueprint_with("  firewall: {open: [ssh, dns, 8080/tcp]}\n");
  CHECK(planned(blueprint, {"firewalld", "nftables"}).firewall->backend ==
        FirewallBackend::firewalld);
  const auto system = planned(blueprint, {"nftables"});
  CHECK(system.firewall->backend == FirewallBackend::nftables);
  CHECK(system.firewall->open == Texts{"22/tcp", "53/tcp", "53/udp", "8080/tcp"});
  CHECK(system.services_enable == Texts{"nftables.service"});
  CHECK(problems_of(blueprint) ==
        Texts{"2: 'firewall' needs a firewall, and no package of the image is one [add 'firewalld' "
              "or 'nftables' to packages.install]"});
  CHECK_FALSE(plan_system(blueprint, nullptr).firewall);
}

TEST_CASE("nftables opens the services whose ports are known") {
  CHECK(problems_of(blueprint_with("  firewall: {backend: nftables, open: [shs, gopher]}\n")) ==
        Texts{"2: the ports of the service 'shs' are not known [did you mean 'ssh'?]",
              "2: the ports of the service 'gopher' are not known [give them, as in '22/tcp'; "
              "nftables knows no services]"});
}

TEST_CASE("a firewall whose service is off is refused") {
  CHECK(problems_of(blueprint_with("  firewall: {open: []}\n"
                                   "  services: {mask: [nftables]}\n"),
                    {"nftables"}) ==
        Texts{"2: 'firewall' needs 'nftables.service', which is masked on line 3 [keep one of the "
              "two]"});
}

TEST_CASE("texts of units and of the message of the day end their last line") {
  const auto system =
      planned(blueprint_with("  motd: hello\n"
                             "  units: [{name: a, content: '[Unit]', drop_ins: "
                             "[{name: b.conf, content: '[Unit]'}]}]\n"));
  CHECK(system.motd == "hello\n");
  CHECK(system.units.at(0).content == "[Unit]\n");
  CHECK(system.units.at(0).drop_ins.at(0).content == "[Unit]\n");
}

TEST_CASE("a folder becomes directories and files, sorted, with the owner that is said") {
  const test::ScratchFolder scratch;
  const fs::path www = scratch.path() / "www";
  put(www / "index.html", "hello");
  put(www / "css/b.css", "b");
  put(www / "css/a.css", "a");
  put(www / "run", "#!/bin/sh\n");
  fs::permissions(www / "run", fs::perms::owner_all);
  fs::create_directories(www / "empty");
  fs::create_symlink("css/a.css", www / "link.css");
  const auto system = planned(
      blueprint_with("  directories: [{path: /srv/www, source: www, mode: \"0750\", group: web}]\n",
                     scratch.path()));
  Texts directories, files;
  for (const PlannedDirectory& directory : system.directories) {
    directories.push_back(directory.path + " " + std::to_string(directory.mode) + " " +
                          directory.owner + ":" + directory.group);
  }
  for (const PlannedFile& file : system.files) {
    files.push_back(file.path + " " + std::to_string(file.mode) + " " + file.owner + ":" +
                    file.group + " " + file.content);
  }
  CHECK(directories == Texts{"/srv/www 488 :web", "/srv/www/css 0 :web", "/srv/www/empty 0 :web"});
  CHECK(files == Texts{"/srv/www/css/a.css 420 root:web a", "/srv/www/css/b.css 420 root:web b",
                       "/srv/www/index.html 420 root:web hello", "/srv/www/link.css 420 root:web a",
                       "/srv/www/run 493 root:web #!/bin/sh\n"});
}

TEST_CASE("nothing leads out of a folder, and what is no file is refused") {
  const test::ScratchFolder scratch;
  const std::string top = scratch.path().string();
  put(scratch.path() / "secret", "x");
  put(scratch.path() / "bp/a/file", "x");
  const auto problem = [&](const std::string& source) {
    return problems_of(blueprint_with("  directories: [{path: /srv/a, source: " + source + "}]\n",
                                      scratch.path() / "bp"));
  };
  CHECK(problem("nonesuch") ==
        Texts{"2: cannot read the folder '" + top + "/bp/nonesuch': No such file or directory []"});
  CHECK(problem("a/file") ==
        Texts{"2: '" + top + "/bp/a/file' is not a folder [a single file belongs in 'files']"});
  fs::create_symlink("..", scratch.path() / "bp/out");
  CHECK(problem("out") == Texts{"2: 'out' leads out of the folder '" + top + "/bp' []"});
  fs::create_symlink("../../secret", scratch.path() / "bp/a/link");
  CHECK(problem("a") == Texts{"2: 'link' leads out of the folder '" + top + "/bp/a' []"});
  fs::remove(scratch.path() / "bp/a/link");
  fs::create_symlink("/", scratch.path() / "bp/a/link");
  CHECK(problem("a") == Texts{"2: '" + top +
                              "/bp/a/link' is a link to something that is no file [take it out of "
                              "the folder]"});
  fs::remove(scratch.path() / "bp/a/link");
  put(scratch.path() / "bp/a/new\nline", "x");
  CHECK(problem("a") == Texts{"2: a name in the folder '" + top +
                              "/bp/a' holds more than printable ASCII characters [rename the "
                              "file]"});
}

TEST_CASE("a folder is bounded in files and in depth") {
  const test::ScratchFolder scratch;
  CHECK(SourceLimits().entries == 10'000);
  CHECK(SourceLimits().size == MiB(64));
  for (const char* name : {"a", "b", "c/d"}) put(scratch.path() / "many" / name, "1234");
  const std::string many = scratch.path().string() + "/many";
  CHECK(read_source_tree(scratch.path(), "many", {.entries = 4, .size = Bytes{12}}).files.size() ==
        3);
  CHECK_THROWS_WITH(read_source_tree(scratch.path(), "many", {.entries = 3, .size = Bytes{12}}),
                    Equals("'" + many + "' holds more than 3 files and folders"));
  CHECK_THROWS_WITH(read_source_tree(scratch.path(), "many", {.entries = 4, .size = Bytes{11}}),
                    Equals("'" + many + "' holds more than 11 bytes"));
  fs::path deep = "deep";
  for (int i = 0; i < 40; i++) deep /= "d";
  fs::create_directories(scratch.path() / deep);
  CHECK_THROWS_WITH(read_source_tree(scratch.path(), "deep"),
                    Catch::Matchers::EndsWith("' has too many levels"));
}

TEST_CASE("a file that a folder brings is not written twice") {
  const test::ScratchFolder scratch;
  put(scratch.path() / "etc/a.conf", "x");
  CHECK(problems_of(blueprint_with("  directories: [{path: /etc, source: etc}]\n"
                                   "  files: [{path: /etc/a.conf, content: y}]\n",
                                   scratch.path())) ==
        Texts{"3: the file '/etc/a.conf' is already there, from a folder of 'directories' [take it "
              "out of the folder, or remove the entry]"});
}

TEST_CASE("a folder brings nothing that the composer writes itself") {
  const test::ScratchFolder scratch;
  for (const char* name : {"hostname", "shadow", "sudoers.d/ops", "x.conf"}) {
    put(scratch.path() / "etc" / name, "x");
  }
  put(scratch.path() / "var/tmp/a/b", "x");
  CHECK(problems_of(blueprint_with("  hostname: web\n"
                                   "  sudoers: [{name: ops, rules: ['%ops ALL=(ALL) ALL']}]\n"
                                   "  directories:\n"
                                   "    - {path: /etc, source: etc}\n"
                                   "    - {path: /var, source: var}\n",
                                   scratch.path())) ==
        Texts{"5: '/etc/hostname' is what 'hostname' writes [take it out of the folder]",
              "5: the file '/etc/shadow' cannot be written: it is written from 'system.users' "
              "[take it out of the folder]",
              "5: '/etc/sudoers.d/ops' is what 'sudoers' writes [take it out of the folder]",
              "6: the directory '/var/tmp/a' cannot be written: the folder is emptied at the end "
              "of the build [take it out of the folder]",
              "6: the file '/var/tmp/a/b' cannot be written: the folder is emptied at the end of "
              "the build [take it out of the folder]"});
}

TEST_CASE("a source counts from the folder of the part that wrote it, and stays inside it") {
  const test::ScratchFolder scratch;
  put(scratch.path() / "parts/p.yaml",
      "part: 1\nsystem: {files: [{path: /etc/p, source: p.txt}]}\n");
  put(scratch.path() / "parts/p.txt", "of the part");
  put(scratch.path() / "p.txt", "of the blueprint");
  Blueprint blueprint = blueprint_with(
      "  files: [{path: /etc/b, source: p.txt}]\ninclude: [parts/p.yaml]\n", scratch.path());
  const auto system = planned(blueprint);
  REQUIRE(system.files.size() == 2);
  CHECK(system.files[0].path == "/etc/p");
  CHECK(system.files[0].content == "of the part");
  CHECK(system.files[1].content == "of the blueprint");
  fs::remove(scratch.path() / "parts/p.txt");
  fs::create_symlink("../p.txt", scratch.path() / "parts/p.txt");
  CHECK(problems_of(blueprint).size() == 1);
}

TEST_CASE("a source counts from the folder of the blueprint, and what cannot be read is told") {
  const test::ScratchFolder scratch;
  put(scratch.path() / "units/a.service", "[Unit]\n");
  const auto system =
      planned(blueprint_with("  units: [{name: a, source: units/a.service}]\n", scratch.path()));
  CHECK(system.units.at(0).content == "[Unit]\n");
  CHECK(problems_of(blueprint_with("  units: [{name: a, source: b}]\n"
                                   "  files: [{path: /a, source: c}]\n",
                                   scratch.path())) ==
        Texts{"2: cannot read '" + scratch.path().string() + "/b': No such file or directory []",
              "3: cannot read '" + scratch.path().string() + "/c': No such file or directory []"});
}
