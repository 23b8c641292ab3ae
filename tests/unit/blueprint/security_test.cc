#include "blueprint_text.h"
#include "tests/support/certificates.h"

using namespace composer;
using namespace composer::test;

namespace {

/// A PEM text as a block of YAML, indented by `spaces`.
std::string block(const std::string& text, int spaces) {
  std::string out = "|\n" + std::string(static_cast<std::size_t>(spaces), ' ');
  for (const char c : text) {
    out += c;
    if (c == '\n') out += std::string(static_cast<std::size_t>(spaces), ' ');
  }
  return out.substr(0, out.find_last_not_of(' ') + 1);
}

Problems with_system(const std::string& more) {
  return problems_of(with("  hostname: web\n", "  hostname: web\n" + more));
}

Problems with_packages(const std::string& more) {
  return problems_of(with("  install: [kernel, bash]\n", "  install: [kernel, bash]\n" + more));
}

}  // namespace

TEST_CASE("security settings are read") {
  const Blueprint blueprint = parse_blueprint(with("  hostname: web\n",
                                                   "  hostname: web\n"
                                                   "  fips: true\n"
                                                   "  selinux: {mode: permissive, policy: mls}\n"
                                                   "  ca_certificates:\n"
                                                   "    - {name: one, source: keys/one.pem}\n"
                                                   "    - name: two\n"
                                                   "      content: " +
                                                       block(kAuthority, 8)),
                                              "web.yaml");
  const SystemRequest& system = blueprint.system;
  CHECK(**system.fips);
  CHECK(**system.selinux.mode == SelinuxMode::permissive);
  CHECK(**system.selinux.policy == "mls");
  REQUIRE(system.ca_certificates.size() == 2);
  CHECK(**system.ca_certificates[0].source == "keys/one.pem");
  CHECK(**system.ca_certificates[1].content == kAuthority);
}

TEST_CASE("a CA certificate has a name of its own and one PEM text of an authority") {
  CHECK(with_system("  ca_certificates: [{name: a}]\n") ==
        Problems{"23: CA certificate 'a' has neither 'content' nor 'source' [add 'source:' and the "
                 "path of its PEM file]"});
  CHECK(with_system("  ca_certificates: [{name: a, source: x, content: y}]\n").size() == 2);
  CHECK(with_system("  ca_certificates: [{name: a, source: x}, {name: a, source: y}]\n") ==
        Problems{"23: CA certificate 'a' is already given on line 23 [keep one of the two]"});
  CHECK(with_system("  ca_certificates: [{name: a.pem, source: x}]\n") ==
        Problems{"23: certificate name 'a.pem' has a suffix [write 'a': '.pem' is added]"});
  CHECK(with_system("  ca_certificates: [{name: ../a, source: x}]\n")[0].find(
            "is not a valid name of a certificate") != std::string::npos);
  CHECK(
      with_system("  ca_certificates:\n    - name: a\n      content: " + block(kServer, 8))[0].find(
          "certificate 1 is not one of an authority") != std::string::npos);
}

TEST_CASE("a private key in a blueprint is refused and not shown") {
  const std::string key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  for (const std::string& text :
       {"  ca_certificates:\n    - name: a\n      content: " + block(key, 8),
        std::string("  ca_certificates:\n    - {name: a, source: x, key: c2VjcmV0}\n")}) {
    try {
      parse_blueprint(with("  hostname: web\n", "  hostname: web\n" + text), "web.yaml");
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.to_text().find("c2VjcmV0") == std::string::npos);
      CHECK(error.to_text().find("as known to others") != std::string::npos);
    }
  }
}

TEST_CASE("an SELinux policy is a plain name, and a mode one of three") {
  CHECK(with_system("  selinux: {policy: ../x}\n") ==
        Problems{"23: '../x' is not a valid name of a policy [write one such as 'targeted']"});
  CHECK(with_system("  selinux: {mode: strict}\n").size() == 1);
}

TEST_CASE("what is left out of packages and erased again is read") {
  const Blueprint blueprint = parse_blueprint(with("  install: [kernel, bash]\n",
                                                   "  install: [kernel, bash]\n"
                                                   "  erase: [bash, 'vim-*']\n"
                                                   "  package_manager: removed\n"
                                                   "  documentation: false\n"
                                                   "  locales: [en_US, sr@latin]\n"),
                                              "web.yaml");
  CHECK(blueprint.packages.erase.size() == 2);
  CHECK(**blueprint.packages.package_manager == PackageManager::removed);
  CHECK_FALSE(**blueprint.packages.documentation);
  REQUIRE(blueprint.packages.locales);
  CHECK(*blueprint.packages.locales->at(1) == "sr@latin");
  CHECK(parse_blueprint(with("[kernel, bash]\n", "[kernel, bash]\n  locales: []\n"), "web.yaml")
            .packages.locales->empty());
  CHECK_FALSE(parse_blueprint(kGood, "web.yaml").packages.locales);
}

TEST_CASE("languages of packages are those that files are marked with") {
  CHECK(with_packages("  locales: [all]\n") ==
        Problems{"11: 'all' is what holds without 'locales' [remove the key]"});
  CHECK(with_packages("  locales: [en_US.UTF-8]\n") ==
        Problems{"11: 'en_US.UTF-8' holds a character set, which files are not marked with [write "
                 "'en_US']"});
  CHECK(with_packages("  locales: [en, en]\n") ==
        Problems{"11: language 'en' is already given on line 11 [keep one of the two]"});
  CHECK(with_packages("  locales: ['en:de']\n")[0].find("is not a language") != std::string::npos);
  CHECK(with_packages("  erase: [bash, bash]\n") ==
        Problems{"11: pattern 'bash' is already given on line 11 [keep one of the two]"});
}

TEST_CASE("no kernel argument undoes what the system is to be") {
  const auto problems = [](const std::string& system, const std::string& arguments) {
    return problems_of(with(
        "  hostname: web\n", system,
        with("  firmware: both\n", "  firmware: both\n  kernel_arguments: [" + arguments + "]\n")));
  };
  CHECK(problems("  fips: true\n", "quiet, fips=0") ==
        Problems{"21: kernel argument 'fips=0' undoes the 'fips: true' on line 23 [keep one of the "
                 "two]"});
  CHECK(problems("  selinux: {mode: enforcing}\n", "selinux=0, enforcing=0") ==
        Problems{"21: kernel argument 'selinux=0' undoes the 'mode: enforcing' on line 23 [keep "
                 "one of the two]",
                 "21: kernel argument 'enforcing=0' undoes the 'mode: enforcing' on line 23 [keep "
                 "one of the two]"});
  CHECK(problems("  selinux: {mode: permissive}\n", "selinux=0").size() == 1);
  CHECK(problems("  selinux: {mode: permissive}\n", "enforcing=0").empty());
  CHECK(problems("  selinux: {mode: disabled}\n", "selinux=0").empty());
  CHECK(problems("  fips: false\n", "fips=0").empty());
}
