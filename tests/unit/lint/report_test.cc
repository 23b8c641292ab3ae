#include "composer/lint/report.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "composer/base/file_descriptor.h"
#include "composer/error.h"

#include "tests/unit/lint/sample_image.h"

namespace composer::lint {
namespace {

/// One error, one warning, one note, one rule that cannot be judged, and one that is ignored.
Report mixed_report() {
  SampleImage image = good_image(LintProfile::azure_gen2);
  image.subject.name = "out/my image.vhd";
  image.edit("/etc/waagent.conf", "EnableSwap=n", "EnableSwap=y");
  image.edit("/etc/login.defs", "027", "022");
  image.edit("/boot/grub2/grub.cfg", "net.ifnames=0", "");
  image.edit("/etc/cloud/cloud.cfg.d/90-azure-datasource.cfg", "[ Azure", "*all [");
  image.root.file("/etc/hostname", "web\xff\n");
  image.label();
  return judged(image, LintProfile::azure_gen2, {{"hostname-not-fixed", "a demonstration"}});
}

TEST_CASE("the report for people has errors first, and what could not be known") {
  CHECK(report_text(mixed_report()) ==
        "error: resource-disk-swap\n"
        "  wanted: the agent makes no swap file\n"
        "  found:  /etc/waagent.conf has ResourceDisk.EnableSwap=y\n"
        "  why:    With cloud-init in charge of the resource disk the file may end up on the OS "
        "disk.\n"
        "  fix:    Set `ResourceDisk.EnableSwap=n` in /etc/waagent.conf by `system.files`.\n"
        "  see:    https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic\n"
        "\n"
        "warning: umask\n"
        "  wanted: UMASK in login.defs is 027 or stricter\n"
        "  found:  UMASK is 022\n"
        "  why:    Files of new users would be readable by all others.\n"
        "  fix:    Set `UMASK 027` in /etc/login.defs by `system.files`.\n"
        "  see:    https://github.com/microsoft/azurelinux/tree/4.0/base/images\n"
        "\n"
        "notes:\n"
        "  interface-names: /boot/grub2/grub.cfg: there is no net.ifnames=0\n"
        "\n"
        "could not be judged:\n"
        "  azure-datasource: 'datasource_list' in /etc/cloud/cloud.cfg.d/90-azure-datasource.cfg "
        "is written in a way that is not understood\n"
        "\n"
        "ignored:\n"
        "  hostname-not-fixed: a demonstration\n"
        "\n"
        "out/my image.vhd: 1 error, 1 warning, 1 note; 102 rules for azure-gen2: 97 passed, 1 not "
        "judged, 1 ignored, 0 about what it has not\n");
}

TEST_CASE("a good image's report is one line") {
  SampleImage image = good_image(LintProfile::container);
  image.label();
  CHECK(report_text(judged(image, LintProfile::container)) ==
        "container.vhd: 0 errors, 0 warnings, 0 notes; 22 rules for container: 22 passed, 0 not "
        "judged, 0 ignored, 0 about what it has not\n");
}

TEST_CASE("the JSON report has every result, and text that is UTF-8") {
  const Report report = mixed_report();
  const auto json = nlohmann::json::parse(report_json({&report, 1}, "0.1.0"));
  CHECK(json["format"] == 1);
  CHECK(json["tool_version"] == "0.1.0");
  const auto& image = json["images"][0];
  CHECK(image["image"] == "out/my image.vhd");
  CHECK(image["profiles"] == nlohmann::json{"azure-gen2"});
  CHECK(image["errors"] == 1);
  CHECK(image["warnings"] == 1);
  CHECK(image["notes"] == 1);
  CHECK(image["results"].size() == report.results.size());
  for (const auto& result : image["results"]) {
    if (result["rule"] != "hostname-not-fixed") continue;
    CHECK(result ==
          nlohmann::json{{"rule", "hostname-not-fixed"},
                         {"group", 24},
                         {"severity", "warning"},
                         {"outcome", "failed"},
                         {"wanted", "the image has no host name of its own"},
                         {"found", {"/etc/hostname has 'web\xef\xbf\xbd'"}},
                         {"ignored", "a demonstration"},
                         {"why",
                          "Each VM gets the name that it was created with; until then all "
                          "have this one."},
                         {"fix", "Remove `system.hostname`."},
                         {"source", "https://github.com/Azure/WALinuxAgent"}});
  }
}

TEST_CASE("the SARIF report has the parts that the standard asks for") {
  const Report report = mixed_report();
  const auto sarif = nlohmann::json::parse(report_sarif({&report, 1}, "0.1.0"));
  CHECK(sarif["version"] == "2.1.0");
  REQUIRE(sarif["runs"].size() == 1);
  const auto& driver = sarif["runs"][0]["tool"]["driver"];
  CHECK(driver["name"] == "image-composer lint");
  REQUIRE(driver["rules"].is_array());
  CHECK(driver["rules"].size() == rules().size());
  CHECK(driver["rules"][0]["properties"]["tags"] == nlohmann::json{"group-1"});
  const auto& results = sarif["runs"][0]["results"];
  REQUIRE(results.size() == 5);
  std::set<std::string> kinds;
  for (const auto& result : results) {
    const auto& rule = driver["rules"][result["ruleIndex"].get<std::size_t>()];
    CHECK(rule["id"] == result["ruleId"]);
    CHECK(result["message"]["text"].get<std::string>() != "");
    const auto& location = result["locations"][0]["physicalLocation"]["artifactLocation"];
    CHECK(location["uri"] == "out/my%20image.vhd");
    kinds.insert(result["kind"].get<std::string>() + " " + result["level"].get<std::string>());
    // SARIF 2.1.0, 3.27.10: where the kind is not "fail", the level is "none".
    CHECK((result["kind"] == "fail") == (result["level"] != "none"));
    CHECK(result.contains("suppressions") == (result["ruleId"] == "hostname-not-fixed"));
  }
  CHECK(kinds == std::set<std::string>{"fail error", "fail warning", "fail note", "open none"});
}

TEST_CASE("a rule to ignore must be one, with a reason") {
  try {
    check_ignored(std::vector<Ignored>{{"umaks", "x"}, {"zzzzzzzzzzzz", "x"}, {"umask", " "}});
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(error.to_text() ==
          "error: there is no lint rule 'umaks'\n  hint: did you mean 'umask'?\n"
          "error: there is no lint rule 'zzzzzzzzzzzz'\n"
          "  hint: 'image-composer lint --list' shows them all\n"
          "error: rule 'umask' is ignored without a reason\n"
          "  hint: write why: --ignore umask=REASON\n");
  }
  CHECK_NOTHROW(check_ignored(std::vector<Ignored>{{"umask", "our users share files"}}));
}

TEST_CASE("the list of rules has one line for each") {
  const std::string text = rules_text();
  CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == rules().size());
  CHECK(
      text.starts_with(" 1  error    vhd-footer                    the footer is that of a fixed "
                       "VHD, whole and with "
                       "the right checksum\n"));
}

/// docs/lint.md between its two marks; `COMPOSER_ACCEPT=1` writes it anew, and fails.
TEST_CASE("docs/lint.md has the table of the rules") {
  const std::filesystem::path page =
      std::filesystem::path(COMPOSER_SOURCE_DIR) / "docs" / "lint.md";
  const std::string text = read_file(page);
  const std::string begin =
      "<!-- rules: begin; written by the tests from the table in "
      "composer/lint -->\n";
  const std::size_t from = text.find(begin), to = text.find("<!-- rules: end -->");
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  const std::string wanted =
      text.substr(0, from + begin.size()) + "\n" + rules_markdown() + "\n" + text.substr(to);
  if (wanted != text && std::getenv("COMPOSER_ACCEPT") != nullptr) {
    write_file_atomically(page, wanted);
    FAIL("docs/lint.md was written anew");
  }
  CHECK(text == wanted);
}

}  // namespace
}  // namespace composer::lint
