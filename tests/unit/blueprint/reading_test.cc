#include <filesystem>
#include <fstream>

#include "acceptance.h"
#include "blueprint_text.h"

using namespace composer;
using namespace composer::test;

TEST_CASE("the good blueprint is good, and its defaults are as documented") {
  const Blueprint blueprint = parse_blueprint(kGood, "dir/web.yaml");
  CHECK(blueprint.path == "dir/web.yaml");
  CHECK(*blueprint.version == "4.0");
  CHECK(*blueprint.arch == Architecture::x86_64);
  CHECK_FALSE(blueprint.releasever);
  CHECK_FALSE(blueprint.identity_seed);
  CHECK_FALSE(blueprint.source_date_epoch);
  REQUIRE(blueprint.repositories.size() == 1);
  const RepositoryRequest& repository = blueprint.repositories[0];
  CHECK(*repository.baseurls.at(0) == "/srv/base");
  CHECK(repository.at.line == 6);
  CHECK(repository.package_signatures);
  CHECK_FALSE(repository.metadata_signature);
  CHECK(repository.priority == 99);
  CHECK(repository.cost == 1000);
  CHECK(repository.enabled);
  CHECK(blueprint.packages.weak_dependencies);
  CHECK(*blueprint.disk.table == PartitionTableType::gpt);
  CHECK(*blueprint.boot.loader == Loader::grub);
  CHECK(blueprint.boot_test.target == "multi-user.target");
  CHECK(blueprint.boot_test.within_seconds == 300);
  CHECK_FALSE(blueprint.outputs.at(0).compression);
}

TEST_CASE("every key of the documentation's example arrives where it belongs") {
  const std::string text = content_of(COMPOSER_SOURCE_DIR "/docs/blueprint.md");
  const auto begin = text.find("```yaml\n") + 8;
  const Blueprint blueprint =
      parse_blueprint(text.substr(begin, text.find("\n```", begin) - begin + 1), "example.yaml");
  CHECK(*blueprint.name == "example");
  CHECK(**blueprint.releasever == "4.0");
  CHECK(**blueprint.identity_seed == "example of the documentation");
  CHECK(**blueprint.source_date_epoch == 1767225600);
  const auto& repositories = blueprint.repositories;
  REQUIRE(repositories.size() == 3);
  CHECK(repositories[0].baseurls.size() == 2);
  CHECK(repositories[0].metadata_signature);
  CHECK(repositories[0].priority == 50);
  CHECK(repositories[0].cost == 500);
  CHECK(*repositories[0].excludes.at(0) == "fedora-*");
  CHECK(**repositories[0].in_image);
  CHECK((**repositories[1].mirrorlist).starts_with("https://mirrors"));
  CHECK(repositories[1].gpgkeys.size() == 2);
  CHECK((**repositories[2].metalink).starts_with("https://mirrors"));
  CHECK_FALSE(repositories[2].enabled);
  CHECK(blueprint.packages.install.size() == 6);
  CHECK(*blueprint.packages.on_top.at(0) == "my-agent");
  CHECK(*blueprint.packages.exclude.at(0) == "fedora-release");
  CHECK(**blueprint.boot.initramfs == InitramfsMaker::dracut);
  const auto& partitions = blueprint.disk.partitions;
  CHECK(*blueprint.disk.size == GiB(8));
  REQUIRE(partitions.size() == 5);
  CHECK_FALSE(partitions[0].filesystem);
  CHECK(**partitions[0].size == MiB(1));
  CHECK(*partitions[2].filesystem->type == FilesystemType::swap);
  CHECK_FALSE(partitions[2].filesystem->mount);
  CHECK(*partitions[4].label == "root");
  CHECK_FALSE(partitions[4].size);
  CHECK(**partitions[4].filesystem->label == "azurelinux");
  CHECK(**partitions[4].filesystem->mount == "/");
  CHECK(*partitions[4].filesystem->mount_options.at(0) == "noatime");
  CHECK(partitions[4].filesystem->mkfs_options.size() == 2);
  CHECK(**partitions[4].minimum_size == GiB(4));
  CHECK(**partitions[4].grow);
  CHECK(**partitions[3].filesystem->compression == "zstd");
  CHECK(*partitions[3].filesystem->subvolumes.at(0).name == "@srv");
  CHECK(**partitions[3].filesystem->subvolumes.at(0).mount == "/srv");
  CHECK(*blueprint.boot.firmware == Firmware::both);
  CHECK(*blueprint.boot.kernel_arguments.at(1) == "earlyprintk=ttyS0");
  const SystemRequest& system = blueprint.system;
  CHECK(**system.hostname == "web-1");
  CHECK(**system.locale == "C.UTF-8");
  CHECK(**system.keymap == "us");
  CHECK(**system.timezone == "Europe/Berlin");
  CHECK(*system.sysctl.at(0).key == "net.ipv4.ip_forward");
  CHECK(*system.sysctl.at(0).value == "1");
  CHECK(*system.sysctl.at(1).value == "|/bin/false");
  CHECK(*system.ntp.servers.at(1) == "192.0.2.1");
  CHECK(*system.ntp.pools.at(0) == "pool.example.org");
  CHECK(**system.groups.at(0).gid == 1500);
  const UserRequest& user = system.users.at(0);
  CHECK(*user.name == "ops");
  CHECK(**user.uid == 1500);
  CHECK(**user.group == "web");
  CHECK(*user.groups.at(0) == "wheel");
  CHECK(**user.shell == "/bin/bash");
  CHECK(**user.home == "/home/ops");
  CHECK(**user.comment == "Operator");
  CHECK((**user.password_hash).starts_with("$6$"));
  CHECK(**user.expires == "2027-12-31");
  CHECK((*user.ssh_keys.at(0)).starts_with("ssh-ed25519 "));
  CHECK(*system.sudoers.at(0).name == "web");
  CHECK((*system.sudoers.at(0).rules.at(0)).starts_with("%web ALL=(root)"));
  CHECK(*system.kernel_modules.load.at(0) == "br_netfilter");
  CHECK(*system.kernel_modules.deny.at(1) == "sctp");
  CHECK(*system.kernel_modules.options.at(0).key == "loop");
  CHECK(*system.kernel_modules.options.at(0).value == "max_loop=64");
  CHECK(*system.tmpfiles.at(0) == "d /run/web 0750 root web -");
  CHECK((**system.units.at(0).content).starts_with("[Service]\n"));
  CHECK(*system.units.at(1).name == "sshd.service");
  CHECK_FALSE(system.units.at(1).content);
  CHECK(*system.units.at(1).drop_ins.at(0).name == "50-limits.conf");
  CHECK(**system.units.at(1).drop_ins.at(0).content == "[Service]\nMemoryMax=200M\n");
  CHECK(*system.services.enable.at(0) == "sshd.service");
  CHECK(*system.services.enable.at(2) == "fstrim.timer");
  CHECK(*system.services.disable.at(0) == "rsyslog.service");
  CHECK(*system.services.mask.at(0) == "debug-shell.service");
  CHECK(*system.services.presets.at(0) == "disable cups.*");
  CHECK(**system.default_target == "multi-user.target");
  CHECK(*system.directories.at(0).path == "/srv/www");
  CHECK(**system.directories.at(0).source == "files/www");
  CHECK(**system.directories.at(0).mode == 0750);
  CHECK(**system.directories.at(0).owner == "root");
  CHECK(**system.directories.at(0).group == "web");
  CHECK(**system.firewall->backend == FirewallBackend::nftables);
  CHECK(*system.firewall->open.at(2) == "8000-8010/udp");
  const NetworkRequest& network = system.network.at(0);
  CHECK(*network.name == "10-eth0");
  CHECK(*network.match.at(1) == "en*");
  CHECK_FALSE(**network.dhcp);
  CHECK(*network.addresses.at(1) == "2001:db8::10/64");
  CHECK(**network.gateway == "192.0.2.1");
  CHECK(*network.dns.at(0) == "192.0.2.53");
  CHECK(*network.search.at(0) == "example.org");
  CHECK(**system.motd == "This machine is watched.\n");
  CHECK(**system.files.at(0).content == "Welcome.\n");
  CHECK(**system.files.at(1).source == "files/report.sh");
  CHECK(**system.files.at(1).mode == 0755);
  CHECK(**system.files.at(1).owner == "root");
  CHECK(**system.files.at(1).group == "web");
  CHECK(*blueprint.outputs.at(0).format == OutputFormat::vhd_fixed);
  CHECK(**blueprint.outputs.at(1).compression == Compression::zlib);
  CHECK(**blueprint.outputs.at(1).filename == "example-small.qcow2");
  CHECK(blueprint.boot_test.within_seconds == 120);
  CHECK(*blueprint.boot_test.services.at(1) == "chronyd.service");
}

TEST_CASE("a value knows its place") {
  const Blueprint blueprint = parse_blueprint(kGood, "web.yaml");
  const Span at = blueprint.packages.install.at(1).at;
  CHECK(at.source->name == "web.yaml");
  CHECK(at.line == 10);
  CHECK(at.column == 21);
  CHECK(at.length == 4);
  CHECK(blueprint.disk.partitions.at(3).at.line == 18);
}

TEST_CASE("the keys of a mapping that the author chooses have places of their own") {
  const Blueprint blueprint =
      parse_blueprint(with("hostname: web", "sysctl: {vm.swappiness: 10}"), "web.yaml");
  const PairRequest& pair = blueprint.system.sysctl.at(0);
  CHECK(*pair.key == "vm.swappiness");
  CHECK(pair.key.at.line == 22);
  CHECK(pair.key.at.column == 12);
  CHECK(pair.value.at.column == 27);
}

TEST_CASE("a mapping with free keys is a mapping, and each key and value has its rule") {
  CHECK(problems_of(with("hostname: web", "sysctl:")) ==
        Problems{"22: 'sysctl' has no value [give it a mapping, or remove the key]"});
  CHECK(problems_of(with("hostname: web", "sysctl: [a.b]")) ==
        Problems{"22: 'sysctl' is a mapping of keys to values, not a list [give each entry the "
                 "name of a sysctl, ': ' and a value]"});
  CHECK(problems_of(with("hostname: web", "sysctl: a.b=1")) ==
        Problems{"22: 'sysctl' is a mapping of keys to values, not 'a.b=1' [give each entry the "
                 "name of a sysctl, ': ' and a value]"});
  CHECK(problems_of(with("hostname: web", "sysctl: {net*: 1, a.b: [1], c.d: }")) ==
        Problems{"22: sysctl 'net*' holds a wildcard [name each one; 'net.ipv4.conf.all' and "
                 "'.default' are for all interfaces]",
                 "22: 'a.b' takes a value, not a list [give one value]",
                 "22: 'c.d' has no value [give it a value, or remove the key]"});
  CHECK(problems_of(with("hostname: web", R"(sysctl: {a.b: "1\n2"})")) ==
        Problems{"22: a line break or tab in the value of a sysctl [write it on one line]"});
  CHECK(problems_of(with("hostname: web", R"(sysctl: {a.b: "1\e"})")) ==
        Problems{"22: invisible character U+001B in 'a.b' [remove it]"});
}

TEST_CASE("a missing key is reported once, where it belongs") {
  CHECK(problems_of(with("name: web\n", "")) ==
        Problems{"1: the blueprint needs the key 'name' [add 'name:' and a name]"});
  CHECK(problems_of(with("    gpgkey: base.asc\n", "", with("id: base\n    ", ""))) ==
        Problems{"6: a repository needs the key 'id' [add 'id:' and a repository id]"});
  CHECK(problems_of(with("size: rest, ", "")) ==
        Problems{"18: a partition needs the key 'size' [add 'size:' and a size or 'rest']"});
}

TEST_CASE("a misspelt key that is required is not also missing") {
  CHECK(problems_of(with("name:", "nmae:")) ==
        Problems{"2: unknown key 'nmae' in the blueprint [did you mean 'name'?]"});
  CHECK(problems_of(with("arch:", "architecture:")) ==
        Problems{"4: unknown key 'architecture' in the blueprint [did you mean 'arch'?]"});
}

TEST_CASE("an unknown key that is known elsewhere is sent home") {
  CHECK(problems_of(and_also("hostname: web\n")) ==
        Problems{"25: unknown key 'hostname' in the blueprint ['hostname' belongs in 'system']"});
  CHECK(problems_of(with("  hostname: web", "  hostname: web\n  outputs: []")) ==
        Problems{"23: unknown key 'outputs' in the system section ['outputs' belongs at the top "
                 "level]"});
}

TEST_CASE("a blueprint that is no mapping says so") {
  CHECK(problems_of("just words\n").size() == 1);
  CHECK(problems_of("- a\n- b\n")
            .at(0)
            .find("the blueprint is a mapping of keys to values, not a "
                  "list") != std::string::npos);
}

TEST_CASE("a blueprint of a later language is not looked into") {
  CHECK(
      problems_of("blueprint: 2\nnew: key\n") ==
      Problems{"1: blueprint language '2' is not known [this image-composer reads 'blueprint: 1'; "
               "a higher number needs a newer one]"});
}

TEST_CASE("more than a hundred problems are cut off") {
  std::string text = kGood;
  for (int i = 0; i < 5000; ++i) text += "wibble" + std::to_string(i) + ": 1\n";
  CHECK(problems_of(text).size() == 100);
}

TEST_CASE("no password is shown, whatever else is wrong on its line") {
  const std::string user = "  users: [{name: Ops, password_hash: 'hunter2', shell: sh}]\n";
  try {
    parse_blueprint(with("  hostname: web\n", user), "web.yaml");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.problems().size() == 3);
    CHECK(error.to_text().find("hunter2") == std::string::npos);
    CHECK(error.to_text().find("password_hash: *********, shell: sh}]") != std::string::npos);
  }
}

TEST_CASE("a blueprint is read from its file, and a file that cannot be read says why") {
  const std::string path = COMPOSER_SOURCE_DIR "/blueprints/lab/minimal.yaml";
  CHECK(read_blueprint(path).path == path);
  try {
    read_blueprint("/nowhere/vm.yaml");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(error.to_text() ==
          "error: cannot read blueprint '/nowhere/vm.yaml': No such file or directory\n"
          "  hint: give the path of a YAML file\n");
  }
  CHECK_THROWS_WITH(read_blueprint("/"), "cannot read blueprint '/': Is a directory");
  CHECK_THROWS_WITH(read_blueprint("/dev/zero"), "the blueprint is larger than 1024 KiB");
}

TEST_CASE("escapes cannot put control characters into values or messages") {
  CHECK(problems_of(with("hostname: web", R"(locale: "C\e[31m")")) ==
        Problems{"22: 'C<U+001B>[31m' is not a locale [write it as 'C.UTF-8', 'en_US.UTF-8' or "
                 "'de_DE.UTF-8@euro']"});
  CHECK(problems_of(with("label: data", R"(label: "da\u202eta")")) ==
        Problems{"17: invisible character U+202E in 'label' [remove it]"});
  CHECK(problems_of(with("hostname: web", R"(files: [{path: /a, content: "\0\e"}])")).empty());
}

TEST_CASE("a message does not repeat a value that is longer than the message") {
  const std::string problem =
      problems_of(with("hostname: web", "locale: " + std::string(100'000, 'x'))).at(0);
  CHECK(problem.size() < 800);
  CHECK(problem.find("…") != std::string::npos);
  CHECK(problem.find("is not a locale") != std::string::npos);
}

TEST_CASE("the largest blueprints are read or refused within seconds") {
  const auto filled = [](const std::string& head, const std::string& one) {
    std::string text = kGood + head;
    while (text.size() + one.size() < (1u << 20)) text += one;
    return text;
  };
  // Each of these would be quadratic if a check looked at all others for every value.
  CHECK(problems_of(filled("tests:\n  boot:\n    services:\n", "      - a\n")).size() == 100);
  std::string packages = "packages:\n  install:\n";
  for (int i = 0; packages.size() < 900'000; ++i) packages += "    - p" + std::to_string(i) + "\n";
  CHECK(problems_of(with("packages:\n  install: [kernel, bash]\n", packages)).empty());
  std::string users = "  users:\n";
  for (int i = 0; users.size() < 900'000; ++i) {
    users += "    - {name: u" + std::to_string(i) + ", password_hash: x}\n";
  }
  CHECK(problems_of(with("  hostname: web\n", users)).size() == 100);
  std::string keys;
  for (int i = 0; keys.size() < 900'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  CHECK(problems_of(and_also(keys)).size() == 100);
}
