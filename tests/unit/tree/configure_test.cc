#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "composer/plan/plan_json.h"

#include "sample.h"
#include "tests/unit/blueprint/acceptance.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

std::string described(const Plan& plan) {
  std::string text;
  for (const tree::ConfigureStep& step : tree::configure_steps()) {
    if (!step.wanted(plan)) continue;
    for (const std::string& line : step.describe(plan)) {
      text += std::string(step.name) + ": " + line + "\n";
    }
  }
  return text;
}

struct Change {
  const char* field;
  void (*make)(Plan&);
};

// One for each member that a step reads.
const Change kChanges[] = {
    {"boot.firmware", [](Plan& p) { p.boot.firmware = Firmware::uefi; }},
    {"boot.loader", [](Plan& p) { p.boot.loader = Loader::systemd_boot; }},
    {"boot.uki",
     [](Plan& p) {
       p.boot.loader = Loader::uki;
       p.boot.uki = UkiSource::packaged;
     }},
    {"boot.initramfs", [](Plan& p) { p.boot.initramfs = InitramfsMaker::systemd; }},
    {"boot.timeout_seconds", [](Plan& p) { p.boot.timeout_seconds = 5; }},
    {"boot.serial_console", [](Plan& p) { p.boot.serial_console = false; }},
    {"boot.kernel_command_line", [](Plan& p) { p.boot.kernel_command_line = "quiet"; }},
    {"boot.root_argument", [](Plan& p) { p.boot.root_argument = "root=UUID=x"; }},
    {"system.hostname", [](Plan& p) { p.system.hostname = "other"; }},
    {"system.locale", [](Plan& p) { p.system.locale = "C"; }},
    {"system.keymap", [](Plan& p) { p.system.keymap = "de"; }},
    {"system.timezone", [](Plan& p) { p.system.timezone = "UTC"; }},
    {"system.ntp_servers", [](Plan& p) { p.system.ntp_servers = {}; }},
    {"system.ntp_pools", [](Plan& p) { p.system.ntp_pools = {}; }},
    {"system.groups", [](Plan& p) { p.system.groups[0].gid = 7; }},
    {"system.users", [](Plan& p) { p.system.users[1].shell = "/bin/sh"; }},
    {"system.sudoers", [](Plan& p) { p.system.sudoers[0].name = "other"; }},
    {"system.modules_load", [](Plan& p) { p.system.modules_load = {}; }},
    {"system.modules_deny", [](Plan& p) { p.system.modules_deny = {}; }},
    {"system.module_options", [](Plan& p) { p.system.module_options[0].value = "max_loop=8"; }},
    {"system.tmpfiles", [](Plan& p) { p.system.tmpfiles = {}; }},
    {"system.units", [](Plan& p) { p.system.units[0].drop_ins = {}; }},
    {"system.service_presets", [](Plan& p) { p.system.service_presets = {}; }},
    {"system.default_target", [](Plan& p) { p.system.default_target = "rescue.target"; }},
    {"system.directories", [](Plan& p) { p.system.directories[1].mode = 0700; }},
    {"system.firewall", [](Plan& p) { p.system.firewall->open = {}; }},
    {"system.network", [](Plan& p) { p.system.network[0].dhcp = true; }},
    {"system.motd", [](Plan& p) { p.system.motd = "other\n"; }},
    {"system.sysctl", [](Plan& p) { p.system.sysctl[0].value = "0"; }},
    {"system.services_enable", [](Plan& p) { p.system.services_enable = {"x"}; }},
    {"system.services_disable", [](Plan& p) { p.system.services_disable = {"x"}; }},
    {"system.services_mask", [](Plan& p) { p.system.services_mask = {"x"}; }},
    {"system.ca_certificates", [](Plan& p) { p.system.ca_certificates[0].name = "x"; }},
    {"system.selinux", [](Plan& p) { p.system.selinux.mode = SelinuxMode::enforcing; }},
    {"system.fips", [](Plan& p) { p.system.fips = false; }},
    {"system.files", [](Plan& p) { p.system.files[0].mode = 0600; }},
};

}  // namespace

TEST_CASE("every member of the planned system and boot shows in what a step says") {
  std::set<std::string> members;
  const auto plan_json = nlohmann::json::parse(to_json(Plan{}));
  for (const char* part : {"system", "boot"}) {
    for (const auto& [key, value] : plan_json[part].items()) {
      members.insert(fmt::format("{}.{}", part, key));
    }
  }
  std::set<std::string> covered;
  for (const Change& change : kChanges) CHECK(covered.insert(change.field).second);
  CHECK(covered == members);

  const std::string before = described(test::full_plan());
  for (const Change& change : kChanges) {
    CAPTURE(change.field);
    Plan plan = test::full_plan();
    change.make(plan);
    CHECK(described(plan) != before);
  }
}

TEST_CASE("the steps of a full plan are described as the golden text says") {
  test::compare_with_file(described(test::full_plan()),
                          COMPOSER_TEST_DATA "/golden/configure/describe.expected");
}

TEST_CASE("steps have names of their own and their text is one line each") {
  std::set<std::string_view> names;
  for (const tree::ConfigureStep& step : tree::configure_steps()) {
    CHECK(names.insert(step.name).second);
    for (const std::string& line : step.describe(test::full_plan())) {
      CHECK(line.find('\n') == std::string::npos);
      CHECK_FALSE(line.empty());
    }
  }
}

TEST_CASE("each step has a test file that names it") {
  std::string tests;
  for (const char* name :
       {"accounts_test.cc", "files_test.cc", "fstab_test.cc", "grub_bios_test.cc",
        "grub_menu_test.cc", "grub_uefi_test.cc", "kernels_test.cc", "names_test.cc",
        "network_test.cc", "old_boot_files_test.cc", "policy_test.cc", "services_test.cc",
        "settings_test.cc", "systemd_boot_test.cc", "units_test.cc"}) {
    tests += test::content_of(std::string(COMPOSER_TEST_DATA "/unit/tree/") + name);
  }
  for (const auto steps : {tree::configure_steps(), tree::kernel_steps()}) {
    for (const tree::ConfigureStep& step : steps) {
      CAPTURE(step.name);
      // By test::apply, or by a wrapper of it that wants the message.
      CHECK((tests.find("apply(\"" + std::string(step.name) + "\"") != std::string::npos ||
             tests.find("refusal(\"" + std::string(step.name) + "\"") != std::string::npos));
    }
  }
}

TEST_CASE("a plan that asks for nothing leaves names, accounts and files alone") {
  const Plan plan = test::sample_plan();
  for (const char* name :
       {"hostname", "locale", "keymap", "timezone", "time servers", "groups", "users", "sudoers",
        "sysctl", "kernel modules", "tmpfiles", "motd", "repositories", "network", "firewall",
        "directories", "files", "units", "default target"}) {
    CAPTURE(name);
    CHECK_FALSE(test::step(name).wanted(plan));
  }
}

TEST_CASE("configure runs every wanted step in the table's order and counts them") {
  MemoryRoot root = test::sample_root();
  test::NotedProgress progress;
  tree::configure(test::full_plan(), root, progress);
  std::vector<std::string> expected;
  for (const tree::ConfigureStep& step : tree::configure_steps()) {
    if (step.wanted(test::full_plan())) expected.emplace_back(step.name);
  }
  const std::string count = std::to_string(expected.size());
  expected.insert(expected.begin(), "begin configure " + count);
  expected.emplace_back("end configure " + count);
  CHECK(progress.events == expected);
}

TEST_CASE("configuring the same root twice from the same plan gives the same bytes") {
  MemoryRoot a = test::sample_root();
  MemoryRoot b = test::sample_root();
  SilentProgress progress;
  tree::configure(test::full_plan(), a, progress);
  tree::configure(test::full_plan(), b, progress);
  CHECK(a.tree_text("/") == b.tree_text("/"));
  for (const char* path : {"/etc/passwd", "/etc/shadow", "/etc/group", "/boot/grub2/grub.cfg"}) {
    CHECK(a.read(path) == b.read(path));
  }
}

TEST_CASE("an error names the step that it comes from") {
  MemoryRoot root = test::sample_root();
  SilentProgress progress;
  Plan plan = test::sample_plan();
  plan.system.timezone = "Europe/Berln";
  CHECK_THAT(test::message_of([&] { tree::configure(plan, root, progress); }),
             Equals("error: the time zone 'Europe/Berln' is not in the image\n"
                    "  while configuring the image: timezone\n"
                    "  hint: did you mean 'Europe/Berlin'?\n"));
}
