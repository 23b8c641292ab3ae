#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

Plan enabling(std::vector<std::string> enable, std::vector<std::string> disable = {},
              std::vector<std::string> mask = {}) {
  Plan plan = test::sample_plan();
  plan.system.services_enable = std::move(enable);
  plan.system.services_disable = std::move(disable);
  plan.system.services_mask = std::move(mask);
  return plan;
}

std::string refusal(const Plan& plan) {
  MemoryRoot root = test::sample_root();
  return test::message_of([&] { test::apply("services", plan, root); });
}

}  // namespace

TEST_CASE("presets come first, then enable, disable and mask, each looked at afterwards") {
  MemoryRoot root = test::sample_root();
  test::apply("services", enabling({"sshd"}, {"crond.service"}, {"tmp.mount"}), root);
  std::vector<std::string> verbs;
  for (const RootCommand& command : root.commands) verbs.push_back(command.arguments.at(3));
  CHECK(verbs == std::vector<std::string>{"preset-all", "--global", "enable", "is-enabled",
                                          "disable", "is-enabled"});
  CHECK(root.link_status("/etc/systemd/system/multi-user.target.wants/sshd.service"));
  CHECK(root.read_link("/etc/systemd/system/tmp.mount") == "/dev/null");
  CHECK(root.read("/etc/systemd/system-preset/00-blueprint.preset") ==
        "# The services of the blueprint, for the presets of the first start.\n"
        "enable sshd.service\ndisable crond.service\n");
}

TEST_CASE("without services only the presets are applied") {
  MemoryRoot root = test::sample_root();
  test::apply("services", test::sample_plan(), root);
  REQUIRE(root.commands.size() == 2);
  CHECK(root.commands[0].arguments ==
        std::vector<std::string>{"systemctl", "--root=/", "--no-pager", "preset-all"});
  CHECK(root.commands[1].arguments ==
        std::vector<std::string>{"systemctl", "--root=/", "--no-pager", "--global", "preset-all"});
  CHECK_FALSE(root.exists("/etc/systemd/system-preset"));
}

TEST_CASE("presets of the blueprint come after what it says of single units, and before others") {
  MemoryRoot root = test::sample_root();
  Plan plan = enabling({"sshd"});
  plan.system.service_presets = {"disable cups.*", "enable getty@.service tty1"};
  test::apply("services", plan, root);
  CHECK(root.read("/etc/systemd/system-preset/00-blueprint.preset") ==
        "# The services of the blueprint, for the presets of the first start.\n"
        "enable sshd.service\ndisable cups.*\nenable getty@.service tty1\n");
}

TEST_CASE("an instance of a template is there when its template is") {
  MemoryRoot root = test::sample_root();
  CHECK(test::message_of([&] {
          test::apply("services", enabling({}, {}, {"getty@tty9"}), root);
        }) == "no error");
}

TEST_CASE("a unit that the image does not have is refused with the nearest name") {
  CHECK_THAT(refusal(enabling({"sshdd"})),
             Equals("error: cannot enable 'sshdd.service': the image has no such unit\n"
                    "  hint: did you mean 'sshd.service'?\n"));
  CHECK_THAT(refusal(enabling({}, {"nonesuch.timer"})),
             Equals("error: cannot disable 'nonesuch.timer': the image has no such unit\n"
                    "  hint: install the package that has it\n"));
  CHECK_THAT(refusal(enabling({}, {}, {"../../x"})),
             Equals("error: cannot mask '../../x.service': the image has no such unit\n"
                    "  hint: install the package that has it\n"));
}

TEST_CASE("a unit that cannot be enabled is refused although systemctl is content") {
  CHECK_THAT(refusal(enabling({"static"})),
             Equals("error: cannot enable 'static.service': the unit is static\n"
                    "  hint: its unit file has no [Install] section, or it is masked\n"));
  CHECK_THAT(refusal(enabling({}, {"static"})),
             Equals("error: cannot disable 'static.service': the unit is static\n"
                    "  hint: a package starts it by a link of its own: list it under "
                    "system.services.mask\n"));
}

TEST_CASE("services need systemctl; an image without it and without services is left alone") {
  MemoryRoot root;
  test::apply("services", test::sample_plan(), root);
  CHECK(root.commands.empty());
  CHECK_THAT(test::message_of([&] { test::apply("services", enabling({"sshd"}), root); }),
             Equals("error: cannot set up services: the image has no 'systemctl'\n"
                    "  hint: add 'systemd' to packages.install\n"));
}

TEST_CASE("a failing systemctl shows the end of its output") {
  MemoryRoot root = test::sample_root();
  root.on_run = [](MemoryRoot&, const RootCommand&) {
    return RootCommandResult{1, "", "first\nFailed to preset all units.\n"};
  };
  const std::string text =
      test::message_of([&] { test::apply("services", test::sample_plan(), root); });
  CHECK(
      text.starts_with("error: 'systemctl --root=/ --no-pager preset-all' failed in the image with "
                       "status 1\n"));
  CHECK(text.find("Failed to preset all units.") != std::string::npos);
}

TEST_CASE("the units of a base image stay as they are but for what is asked") {
  Plan plan = test::sample_plan();
  plan.base.emplace();
  CHECK_FALSE(test::step("services").wanted(plan));
  plan.system.services_disable = {"sshd"};
  MemoryRoot root = test::sample_root();
  root.file("/etc/systemd/system-preset/00-blueprint.preset", "enable sshd.service\n");
  test::apply("services", plan, root);
  for (const RootCommand& command : root.commands) {
    CHECK(std::find(command.arguments.begin(), command.arguments.end(), "preset-all") ==
          command.arguments.end());
  }
  CHECK(root.read("/etc/systemd/system-preset/00-blueprint.preset") ==
        "# The services of the blueprint, for the presets of the first start.\n"
        "disable sshd.service\nenable sshd.service\n");
}
