#include "sample.h"

// The steps that write units, directories and what systemd starts from.

using namespace composer;
using Catch::Matchers::Equals;

namespace {

std::string refusal(const char* step, const Plan& plan, MemoryRoot root = test::sample_root()) {
  return test::message_of([&] { test::apply(step, plan, root); });
}

Plan with_unit(PlannedUnit unit) {
  Plan plan = test::sample_plan();
  plan.system.units = {std::move(unit)};
  return plan;
}

Plan with_directory(PlannedDirectory directory) {
  Plan plan = test::sample_plan();
  plan.system.directories = {std::move(directory)};
  return plan;
}

}  // namespace

TEST_CASE("a unit and its drop-ins are written, and say when they take a package's place") {
  MemoryRoot root = test::sample_root();
  test::NotedProgress progress;
  Plan plan = test::full_plan();
  plan.system.units.push_back({"sshd.service", "[Service]\n", {}});
  test::step("units").apply(plan, root, progress);
  CHECK(root.read("/etc/systemd/system/report.service") == "[Service]\nExecStart=/bin/true\n");
  CHECK(root.read("/etc/systemd/system/report.service.d/10-nice.conf") == "[Service]\nNice=5\n");
  CHECK(progress.notes ==
        std::vector<std::string>{"'/etc/systemd/system/sshd.service' takes the place of "
                                 "'/usr/lib/systemd/system/sshd.service'"});
}

TEST_CASE("a drop-in is for a unit of the image, or an instance of its template") {
  MemoryRoot root = test::sample_root();
  test::apply("units", with_unit({"getty@tty1.service", {}, {{"a.conf", "[Service]\n"}}}), root);
  CHECK(root.exists("/etc/systemd/system/getty@tty1.service.d/a.conf"));
  CHECK_FALSE(root.exists("/etc/systemd/system/getty@tty1.service"));
  CHECK_THAT(
      refusal("units", with_unit({"sshdd.service", {}, {{"a.conf", "[Service]\n"}}})),
      Equals("error: cannot change 'sshdd.service' by a drop-in: the image has no such unit\n"
             "  hint: did you mean 'sshd.service'?\n"));
}

TEST_CASE("names of units and drop-ins stay in their folder") {
  CHECK_THAT(refusal("units", with_unit({"../../passwd", "x", {}})),
             Equals("error: '../../passwd' is not the name of a unit's file\n"));
  CHECK_THAT(refusal("units", with_unit({"sshd.service", {}, {{"../x", "x"}}})),
             Equals("error: '../x' is not the name of a unit's file\n"));
}

TEST_CASE("the default target is a link to a target of the image, and comes after the presets") {
  MemoryRoot root = test::sample_root();
  test::apply("default target", test::full_plan(), root);
  CHECK(root.read_link("/etc/systemd/system/default.target") ==
        "/usr/lib/systemd/system/multi-user.target");
  Plan plan = test::sample_plan();
  plan.system.default_target = "multiuser.target";
  CHECK_THAT(refusal("default target", plan),
             Equals("error: cannot boot to 'multiuser.target': the image has no such target\n"
                    "  hint: did you mean 'multi-user.target'?\n"));
  int services = 0, target = 0, at = 0;
  for (const tree::ConfigureStep& step : tree::configure_steps()) {
    at++;
    if (step.name == "services") services = at;
    if (step.name == "default target") target = at;
  }
  CHECK(services < target);
}

TEST_CASE("a new directory gets what the plan says, and 0755 of root where it says nothing") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::full_plan();
  test::apply("groups", plan, root);
  test::apply("users", plan, root);
  test::apply("directories", plan, root);
  CHECK(root.tree_text("/srv/www") ==
        "0750 2001:2000 /srv/www/\n"
        "0755 0:0 /srv/www/css/\n");
}

TEST_CASE("a directory of a package keeps what the plan does not say") {
  MemoryRoot root = test::sample_root();
  root.directory("/srv/private", {0700, 10, 20});
  test::apply("directories", with_directory({"/srv/private", 0, "", ""}), root);
  CHECK(root.tree_text("/srv/private") == "0700 10:20 /srv/private/\n");
  test::apply("directories", with_directory({"/srv/private", 0, "", "wheel"}), root);
  CHECK(root.tree_text("/srv/private") == "0700 10:10 /srv/private/\n");
  test::apply("directories", with_directory({"/srv/private", 01777, "root", ""}), root);
  CHECK(root.tree_text("/srv/private") == "1777 0:10 /srv/private/\n");
}

TEST_CASE("a directory in the place of a file, of nobody, or where nothing lasts is refused") {
  CHECK_THAT(refusal("directories", with_directory({"/etc/login.defs", 0, "", ""})),
             Equals("error: the directory '/etc/login.defs' cannot be made: it is a file in the "
                    "image\n"));
  CHECK_THAT(refusal("directories", with_directory({"/srv/x", 0, "rot", ""})),
             Equals("error: the owner 'rot' of the directory '/srv/x' is not in the image\n"
                    "  hint: did you mean 'root'?\n"));
  CHECK_THAT(refusal("directories", with_directory({"/run/x", 0, "", ""})),
             Equals("error: the directory '/run/x' cannot be written: the running system mounts a "
                    "filesystem over it\n  hint: use 'tmpfiles'\n"));
}
