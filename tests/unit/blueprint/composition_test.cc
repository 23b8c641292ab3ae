#include "composer/blueprint/composition.h"

#include <catch2/catch.hpp>
#include <map>

#include "composer/blueprint/findings.h"
#include "composer/blueprint/list_rules.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/source_text.h"

#include "blueprint_text.h"

using namespace composer;
using namespace composer::blueprint;
using composer::test::Problems;

namespace {

using Texts = std::map<std::string, std::string>;

Blueprint read(const Texts& files, const BlueprintOptions& options = {}) {
  return parse_blueprint_from(files.at("vm.yaml"), "vm.yaml", options, files_in_memory(files));
}

/// Each problem as `file:line:column: message [hint]`, with its notes after it.
Problems problems(const Texts& files, const BlueprintOptions& options = {}) {
  try {
    read(files, options);
    return {};
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    Problems out;
    for (const Problem& problem : error.problems()) {
      std::string text;
      if (problem.at) {
        text = problem.at.source->name + ":" + std::to_string(problem.at.line) + ":" +
               std::to_string(problem.at.column) + ": ";
      }
      text += problem.message + " [" + problem.hint + "]";
      for (const std::string& note : problem.notes) text += " " + note;
      out.push_back(std::move(text));
    }
    return out;
  }
}

const std::string kHead = "blueprint: 1\nname: vm\n";

/// A blueprint that extends the good one, with more keys.
Texts variant(const std::string& more, const std::string& base = test::kGood) {
  return {{"vm.yaml", kHead + "extends: base.yaml\n" + more}, {"base.yaml", base}};
}

std::vector<std::string> values(const std::vector<Located<std::string>>& located) {
  std::vector<std::string> out;
  for (const auto& value : located) out.push_back(*value);
  return out;
}

using Names = std::vector<std::string>;

/// Each list of mappings has entries that another file can name.
void check_names(const Mapping& mapping) {
  for (const Key& key : mapping.keys) {
    if (key.mapping == nullptr) continue;
    CAPTURE(mapping.path, key.name);
    if (key.arity == Arity::list) {
      const ListRule rule = rule_of(key.name);
      CHECK(rule.kind == ListRule::Kind::entries);
      for (const std::string_view name : rule.names) CHECK(key.mapping().find(name) != nullptr);
    }
    check_names(key.mapping());
  }
}

}  // namespace

TEST_CASE("every entry of a list of mappings can be named by another file") {
  check_names(blueprint_mapping());
}

TEST_CASE("a blueprint that extends another inherits all but what makes an image itself") {
  const Blueprint vm =
      read(variant("", test::and_also("identity_seed: web-1\nsource_date_epoch: 1700000000\n")));
  CHECK(*vm.name == "vm");
  CHECK(*vm.version == "4.0");
  CHECK(vm.disk.partitions.size() == 4);
  CHECK_FALSE(vm.identity_seed);
  CHECK_FALSE(vm.source_date_epoch);
  CHECK(vm.path == "vm.yaml");
}

TEST_CASE("the child's own name takes the place of the base's, with or without a tag") {
  CHECK(*read({{"vm.yaml", "blueprint: 1\nname: !replace mine\nextends: base.yaml\n"},
               {"base.yaml", test::kGood}})
             .name == "mine");
  CHECK(problems({{"vm.yaml", "blueprint: 1\nextends: base.yaml\n"}, {"base.yaml", test::kGood}}) ==
        Problems{"vm.yaml:2:10: a blueprint that extends another needs a name of its own "
                 "[add 'name:' and a name]"});
}

TEST_CASE("lists append: the base, the parts in their order, then the file's own") {
  Texts files = variant("include: [b.yaml, a.yaml]\npackages: {install: [nano]}\n");
  files["a.yaml"] = "part: 1\npackages: {install: [a1, a2]}\n";
  files["b.yaml"] = "part: 1\ninclude: [c.yaml]\npackages: {install: [b1]}\n";
  files["c.yaml"] = "part: 1\npackages: {install: [c1]}\n";
  CHECK(values(read(files).packages.install) ==
        Names{"kernel", "bash", "c1", "b1", "a1", "a2", "nano"});
}

TEST_CASE("what many ask for is there once, and arguments are there as often as written") {
  const Blueprint vm = read(
      variant("packages: {install: [bash, nano]}\n"
              "disk: {partitions: [!merge {label: data, mkfs_options: [-m, '1', -m, '2']}]}\n"));
  CHECK(values(vm.packages.install) == Names{"kernel", "bash", "nano"});
  CHECK(values(vm.disk.partitions[2].filesystem->mkfs_options) == Names{"-m", "1", "-m", "2"});
  CHECK(vm.packages.install[1].at.source->name == "base.yaml");
  CHECK(problems(variant("packages: {install: [nano, nano]}\n")) ==
        Problems{"vm.yaml:4:28: package 'nano' is already given on line 4 [keep one of the two]"});
}

TEST_CASE("a part that two others include is merged once") {
  Texts files = variant("include: [a.yaml, b.yaml]\n");
  files["a.yaml"] = "part: 1\ninclude: [c.yaml]\n";
  files["b.yaml"] = "part: 1\ninclude: [./c.yaml]\n";
  files["c.yaml"] = "part: 1\nboot: {kernel_arguments: [quiet]}\n";
  CHECK(values(read(files).boot.kernel_arguments) == Names{"quiet"});
}

TEST_CASE("a text that is already another is refused, with both places") {
  CHECK(problems(variant("system:\n  hostname: db\n")) ==
        Problems{"vm.yaml:5:13: 'hostname' is already set to 'web' "
                 "[write 'hostname: !replace db' to take its place] "
                 "note: base.yaml:22:13 sets it"});
  CHECK(problems(variant("system:\n  hostname: web\n")).empty());
  CHECK(*read(variant("system:\n  hostname: !replace db\n")).system.hostname->value.c_str() == 'd');
}

TEST_CASE("a value of another kind is refused") {
  CHECK(problems(variant("packages: [nano]\n")) ==
        Problems{"vm.yaml:4:11: 'packages' is a list here, and was a mapping before "
                 "[write '!replace' before the value to take its place] "
                 "note: base.yaml:9:1 sets it"});
}

TEST_CASE("one value and a list of them make one list") {
  const Blueprint vm = read(
      variant("repositories: [!merge {id: base, baseurl: [/srv/more], gpgkey: [more.asc]}]\n"));
  REQUIRE(vm.repositories.size() == 1);
  CHECK(values(vm.repositories[0].baseurls) == Names{"/srv/base", "/srv/more"});
  CHECK(values(vm.repositories[0].gpgkeys) == Names{"base.asc", "more.asc"});
}

TEST_CASE("!replace takes the place of a text, a list, a mapping or an entry, in its position") {
  const Blueprint vm =
      read(variant("packages: {install: !replace [bash]}\n"
                   "boot: !replace\n  firmware: uefi\n"
                   "disk:\n  size: !replace '8 GiB'\n  partitions:\n"
                   "    - !remove bios\n"
                   "    - !replace {label: data, type: linux-data, size: 2 GiB}\n"));
  CHECK(values(vm.packages.install) == Names{"bash"});
  CHECK(*vm.boot.firmware == Firmware::uefi);
  CHECK(vm.disk.size->count == GiB(8).count);
  REQUIRE(vm.disk.partitions.size() == 3);
  CHECK(*vm.disk.partitions[1].label == "data");
  CHECK_FALSE(vm.disk.partitions[1].filesystem);
}

TEST_CASE("!merge changes an entry where it is") {
  const Blueprint vm = read(
      variant("disk:\n  partitions:\n    - !merge\n      label: esp\n      size: !replace 200 MiB\n"
              "      mount_options: [umask=0077]\n"));
  CHECK(*vm.disk.partitions[1].label == "esp");
  CHECK(vm.disk.partitions[1].size->value.count == MiB(200).count);
  CHECK(values(vm.disk.partitions[1].filesystem->mount_options) == Names{"umask=0077"});
}

TEST_CASE("!remove takes away texts, entries by name and keys") {
  const Blueprint vm =
      read(variant("packages: {install: [!remove bash, bash-minimal]}\n"
                   "disk: {partitions: [!remove {label: data}]}\n"
                   "system: {hostname: !remove}\n"
                   "outputs:\n  - !remove qcow2\n  - {format: raw}\n"));
  CHECK(values(vm.packages.install) == Names{"kernel", "bash-minimal"});
  CHECK(vm.disk.partitions.size() == 3);
  CHECK_FALSE(vm.system.hostname);
  REQUIRE(vm.outputs.size() == 1);
  CHECK(*vm.outputs[0].format == OutputFormat::raw);
}

TEST_CASE("a tag with nothing to change is refused, and says what there is") {
  CHECK(problems(variant("packages: {install: [!remove bahs]}\n")) ==
        Problems{"vm.yaml:4:22: there is no 'bahs' in 'install' to remove [did you mean 'bash'?]"});
  CHECK(problems(variant("system: {locale: !replace C.UTF-8}\n")) ==
        Problems{"vm.yaml:4:18: there is no 'locale' to replace [what is there: 'hostname']"});
  CHECK(problems(variant("boot: !replace {firmware: !replace uefi}\n"))[1] ==
        "vm.yaml:4:27: there is no 'firmware' to replace "
        "[there is no key yet: what comes first has no tag]");
  CHECK(problems({{"vm.yaml", test::with("hostname: web", "hostname: !replace web")}})[0] ==
        "vm.yaml:22:13: there is no 'hostname' to replace "
        "[there is no key yet: what comes first has no tag]");
}

TEST_CASE("an entry whose name is there already is refused, with both places") {
  CHECK(problems(variant("disk:\n  partitions:\n    - {label: root, type: root}\n")) ==
        Problems{"vm.yaml:6:7: 'partitions' has an entry 'root' already [write '- !merge {…}' to "
                 "change it, '- !replace {…}' to take its place] note: base.yaml:18:7 adds it"});
}

TEST_CASE("sections of the architecture are merged before the selected profiles") {
  const std::string sections =
      "per_arch:\n  x86_64: {boot: {kernel_arguments: [pc]}}\n"
      "  aarch64: {boot: {kernel_arguments: [arm]}}\n"
      "profiles:\n  two: {boot: {kernel_arguments: [two]}}\n"
      "  one: {include: [p.yaml], boot: {kernel_arguments: [one]}}\n";
  Texts files = variant("boot: {kernel_arguments: [own]}\nselect: [one]\n" + sections);
  files["p.yaml"] = "part: 1\nboot: {kernel_arguments: [part]}\n";
  CHECK(values(read(files).boot.kernel_arguments) == Names{"own", "pc", "part", "one"});
  CHECK(values(read(files, {.profiles = {"two", "one"}}).boot.kernel_arguments) ==
        Names{"own", "pc", "part", "one", "two"});
  CHECK(problems(files, {.profiles = {"tow"}}) ==
        Problems{"there is no profile 'tow' [did you mean 'two'?]"});
}

TEST_CASE("a base's profile can be selected, and its selection be taken back") {
  const std::string base = test::and_also(
      "select: [fips]\nprofiles: {fips: {boot: {kernel_arguments: [fips=1]}}, "
      "hard: {boot: {kernel_arguments: [hard]}}}\n");
  CHECK(values(read(variant("", base)).boot.kernel_arguments) == Names{"fips=1"});
  CHECK(values(read(variant("select: [!remove fips, hard]\n", base)).boot.kernel_arguments) ==
        Names{"hard"});
  CHECK(problems(variant("select: [fisp]\n", base)) ==
        Problems{"vm.yaml:4:10: there is no profile 'fisp' [did you mean 'fips'?]"});
}

TEST_CASE("a hostile number of profiles or variables is told in good time") {
  std::string profiles = "profiles:\n", select = "select: [";
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "p" + std::to_string(i);
    profiles += "  " + name + ": {}\n";
    select += (i == 0 ? "" : ", ") + name;
  }
  CHECK(problems(variant(profiles + select + "]\n")) ==
        Problems{"vm.yaml:20005:160: more than 32 profiles are on [write sections that belong "
                 "together into one profile]"});

  std::string chain = "variables:\n  v0: x\n";
  for (int i = 1; i < 20000; ++i) {
    chain += "  v" + std::to_string(i) + ": \"${{v" + std::to_string(i - 1) + "}}\"\n";
  }
  const Problems found = problems(variant(chain + "system: {locale: \"${{v19999}}\"}\n"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("variables nest deeper than 16 levels") != std::string::npos);
}

TEST_CASE("variables stand in every text, and the command line wins") {
  const Texts files = variant(
      "variables: {host: \"${{kind}}-1\", kind: db}\n"
      "system:\n  hostname: !replace ${{host}}\n"
      "  files: [{path: /etc/x, content: \"$${{host}} is ${{ host }}\\n\"}]\n");
  CHECK(**read(files).system.hostname == "db-1");
  CHECK(**read(files).system.files[0].content == "${{host}} is db-1\n");
  CHECK(**read(files, {.variables = {{"kind", "web"}}}).system.hostname == "web-1");
  CHECK(problems(files, {.variables = {{"kidn", "web"}}}) ==
        Problems{"there is no variable 'kidn' to set [did you mean 'kind'?]"});
  CHECK(problems(files, {.variables = {{"kind", "a"}, {"kind", "b"}}}) ==
        Problems{"variable 'kind' is set twice on the command line [keep one of the two]"});
  CHECK(problems(files, {.variables = {{"kind", "${{"}}}) ==
        Problems{"'${{' is never closed [close it with '}}'; '$${{' stands for the characters "
                 "themselves]"});
  CHECK(problems(files, {.variables = {{"kind", "not a host"}}}).size() == 1);
}

TEST_CASE("a variable is set once, unless it is replaced") {
  const std::string base =
      test::with("hostname: web", "hostname: ${{host}}") + "variables: {host: web}\n";
  CHECK(problems(variant("variables: {host: db}\n", base)) ==
        Problems{"vm.yaml:4:19: 'host' is already set to another value "
                 "[write '!replace' before the value to take its place] "
                 "note: base.yaml:25:19 sets it"});
  CHECK(**read(variant("variables: {host: !replace db}\n", base)).system.hostname == "db");
}

TEST_CASE("variables that are unknown, unused or made of themselves are refused") {
  CHECK(problems(variant("system: {hostname: !replace \"${{hots}}\"}\nvariables: {host: a}\n")) ==
        Problems{"vm.yaml:4:29: variable 'hots' is not defined [did you mean 'host'?]"});
  CHECK(problems(variant("variables: {host: a}\n")) ==
        Problems{"vm.yaml:4:13: variable 'host' is never used "
                 "[remove it, or write '${{host}}' where it is meant]"});
  CHECK(problems(variant("variables: {a: \"${{b}}\", b: \"x${{a}}\"}\n"
                         "system: {hostname: !replace \"${{a}}\"}\n")) ==
        Problems{"vm.yaml:4:16: variable 'a' is made of itself: a -> b -> a "
                 "[write one of them out]"});
  CHECK(problems(variant("arch: !replace ${{a}}\nvariables: {a: x86_64}\n"))[0].find(
            "a variable in 'arch', which says what is merged") != std::string::npos);
}

TEST_CASE("variables cannot make a blueprint larger than it may be") {
  std::string text = "variables:\n  v0: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
  for (int i = 1; i < 15; ++i) {
    const std::string last = "${{v" + std::to_string(i - 1) + "}}";
    text += "  v" + std::to_string(i) + ": \"" + last + last + last + last + last + "\"\n";
  }
  const Problems found = problems(variant(text + "system: {locale: \"${{v14}}\"}\n"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("variables make the blueprint longer than 4 MiB") != std::string::npos);
}

TEST_CASE("paths count from the folder of the file that wrote them") {
  const Texts files = {{"vm.yaml", kHead + "extends: lib/base.yaml\n"},
                       {"lib/base.yaml", test::kGood + "include: [parts/p.yaml]\n"},
                       {"lib/parts/p.yaml", "part: 1\ninclude: [../q.yaml]\n"},
                       {"lib/q.yaml", "part: 1\nsystem: {files: [{path: /etc/q, source: q}]}\n"}};
  const Blueprint vm = read(files);
  CHECK(vm.repositories[0].gpgkeys[0].at.source->name == "lib/base.yaml");
  CHECK(vm.system.files[0].source->at.source->name == "lib/q.yaml");
}

TEST_CASE("files that cannot be read, include each other or are too many are refused") {
  CHECK(problems(variant("include: [none.yaml]\n")) ==
        Problems{"vm.yaml:4:11: cannot read 'none.yaml': No such file or directory "
                 "[a path counts from the folder of the file that it is written in]"});
  Texts circle = variant("include: [a.yaml]\n");
  circle["a.yaml"] = "part: 1\ninclude: [b.yaml]\n";
  circle["b.yaml"] = "part: 1\ninclude: [a.yaml]\n";
  CHECK(problems(circle) ==
        Problems{"b.yaml:2:11: files include each other: 'a.yaml' -> 'b.yaml' -> 'a.yaml' "
                 "[take one of these lines out]"});
  CHECK(problems({{"vm.yaml", kHead + "extends: ./vm.yaml\n"}}) ==
        Problems{"vm.yaml:3:10: files include each other: 'vm.yaml' -> 'vm.yaml' "
                 "[take one of these lines out]"});

  Texts deep = variant("include: [p0.yaml]\n");
  Texts many = variant("");
  std::string all;
  for (int i = 0; i < 70; ++i) {
    const std::string name = "p" + std::to_string(i) + ".yaml";
    deep[name] = "part: 1\ninclude: [p" + std::to_string(i + 1) + ".yaml]\n";
    many[name] = "part: 1\n";
    all += (i == 0 ? "" : ", ") + name;
  }
  CHECK(problems(deep) == Problems{"p14.yaml:2:11: files include each other deeper than 16 levels "
                                   "[include the parts from one file]"});
  many["vm.yaml"] += "include: [" + all + "]\n";
  CHECK(problems(many).size() == 8);
  CHECK(problems(many)[0].find("a blueprint of more than 64 files") != std::string::npos);
}

TEST_CASE("secrets are concealed in whichever file they stand") {
  const std::string base = test::with(
      "  hostname: web\n", "  users: [{name: a, password_hash: \"${{hash}}\", uid: 65535}]\n");
  const Texts files = {
      {"vm.yaml", kHead + "extends: base.yaml\nvariables: {hash: hunter2, x: 1}\n"},
      {"base.yaml", base}};
  try {
    read(files);
    FAIL("no problem was reported");
  } catch (const Error& error) {
    CHECK(error.to_text().find("hunter2") == std::string::npos);
    CHECK(error.to_text().find("variable 'x' is never used") != std::string::npos);
    CHECK(error.to_text().find("hash: *******") != std::string::npos);
  }
}

TEST_CASE("tags are understood before every kind of value") {
  const Blueprint vm =
      read(variant("system:\n  timezone: !replace # why\n    Asia/Tokyo\n"
                   "  hostname: !replace 'db'\n  files:\n    - !replace\n      # more\n"
                   "      path: /etc/x\n      content: |\n        new\n"
                   "include: []\n",
                   test::with("  hostname: web\n",
                              "  hostname: web\n  timezone: UTC\n  files:\n"
                              "    - {path: /etc/x, content: old}\n")));
  CHECK(**vm.system.timezone == "Asia/Tokyo");
  CHECK(vm.system.timezone->at.line == 6);
  CHECK(**vm.system.hostname == "db");
  CHECK(**vm.system.files[0].content == "new\n");
}

TEST_CASE("a profile or an architecture that is not on has only keys that there are") {
  const std::string text = composer::test::and_also(
      "profiles:\n"
      "  x: {sytem: {hostname: a}, variables: {}}\n"
      "  y: {system: {users: [{name: a, shel: /bin/sh}]}, disk: {partitions: [!remove data]}}\n"
      "per_arch:\n"
      "  aarch64: {packages: {instal: [a]}}\n");
  CHECK(composer::test::problems_of(text) ==
        Problems{"26: unknown key 'sytem' in the blueprint [did you mean 'system'?]",
                 "27: unknown key 'shel' in a user [did you mean 'shell'?]",
                 "29: unknown key 'instal' in the packages section [did you mean 'install'?]"});
}
