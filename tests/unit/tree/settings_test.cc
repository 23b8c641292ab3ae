#include "sample.h"

// The steps that write a small file of settings each.

using namespace composer;
using Catch::Matchers::Equals;

TEST_CASE("sysctls are written to a file that is read after those of the packages") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.system.sysctl = {{"net.ipv4.ip_forward", "1"}, {"kernel.core_pattern", "|/bin/false"}};
  test::apply("sysctl", plan, root);
  CHECK(root.read("/etc/sysctl.d/99-blueprint.conf") ==
        "# The kernel parameters of the blueprint.\n"
        "net.ipv4.ip_forward = 1\nkernel.core_pattern = |/bin/false\n");
}

TEST_CASE("a plan whose value would be two lines is refused") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.system.sysctl = {{"a.b", "1\nc.d = 2"}};
  CHECK_THAT(test::message_of([&] { test::apply("sysctl", plan, root); }),
             Equals("error: '1' holds a control character and cannot be a line of a file\n"));
  CHECK_FALSE(root.exists("/etc/sysctl.d/99-blueprint.conf"));
}

TEST_CASE("the keymap is set, and the font that a package chose stays") {
  MemoryRoot root = test::sample_root();
  root.file("/etc/vconsole.conf", "KEYMAP=fr\nFONT=eurlatgr\n");
  Plan plan = test::sample_plan();
  plan.system.keymap = "de";
  test::apply("keymap", plan, root);
  CHECK(root.read("/etc/vconsole.conf") == "FONT=eurlatgr\nKEYMAP=de\n");
}

TEST_CASE("a keymap that the image does not have is refused with the nearest, or its package") {
  Plan plan = test::sample_plan();
  plan.system.keymap = "dee";
  MemoryRoot root = test::sample_root();
  CHECK_THAT(test::message_of([&] { test::apply("keymap", plan, root); }),
             Equals("error: the keymap 'dee' is not in the image\n  hint: did you mean 'de'?\n"));
  MemoryRoot bare;
  CHECK_THAT(test::message_of([&] { test::apply("keymap", plan, bare); }),
             Equals("error: the keymap 'dee' is not in the image\n"
                    "  hint: add 'kbd' to packages.install\n"));
}

TEST_CASE("files of sudoers are root's alone to read, and visudo sees each and the whole") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::full_plan();
  plan.system.sudoers = {{"ops", {"Defaults:ada !requiretty", "%ops ALL=(ALL) NOPASSWD: ALL"}}};
  test::apply("sudoers", plan, root);
  CHECK(root.read("/etc/sudoers.d/ops") ==
        "Defaults:ada !requiretty\n%ops ALL=(ALL) NOPASSWD: ALL\n");
  CHECK(root.tree_text("/etc/sudoers.d") ==
        "0750 0:0 /etc/sudoers.d/\n0440 0:0 /etc/sudoers.d/ops\n");
  REQUIRE(root.commands.size() == 2);
  CHECK(root.commands[0].arguments ==
        std::vector<std::string>{"/usr/sbin/visudo", "-cf", "/etc/sudoers.d/ops"});
  CHECK(root.commands[1].arguments == std::vector<std::string>{"/usr/sbin/visudo", "-c"});
}

TEST_CASE("what visudo refuses is refused, in its words") {
  MemoryRoot root = test::sample_root();
  root.on_run = [](MemoryRoot&, const RootCommand&) {
    return RootCommandResult{1, "", "/etc/sudoers.d/ops:1:5: syntax error\n%ops ALLL\n    ^\n"};
  };
  CHECK_THAT(test::message_of([&] { test::apply("sudoers", test::full_plan(), root); }),
             Equals("error: '/usr/sbin/visudo -cf /etc/sudoers.d/ops' failed in the image with "
                    "status 1\n"
                    "  /etc/sudoers.d/ops:1:5: syntax error\n  %ops ALLL\n      ^\n"));
}

TEST_CASE("rules for a sudo that the image does not have are written with a warning") {
  MemoryRoot root = test::sample_root();
  root.remove("/usr/sbin/visudo");
  test::NotedProgress progress;
  test::step("sudoers").apply(test::full_plan(), root, progress);
  CHECK(root.exists("/etc/sudoers.d/ops"));
  CHECK(progress.notes ==
        std::vector<std::string>{"the image has no sudo, so nothing reads the files of "
                                 "system.sudoers"});
}

TEST_CASE("a file that sudo would ignore is refused") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::full_plan();
  plan.system.sudoers[0].name = "ops.conf";
  CHECK_THAT(test::message_of([&] { test::apply("sudoers", plan, root); }),
             Equals("error: sudo would ignore '/etc/sudoers.d/ops.conf'\n"
                    "  hint: use letters, digits, '_' and '-' alone\n"));
}

TEST_CASE("modules are loaded, denied for devices and by name, and get their options") {
  MemoryRoot root = test::sample_root();
  test::apply("kernel modules", test::full_plan(), root);
  CHECK(root.read("/etc/modules-load.d/blueprint.conf") ==
        "# The kernel modules that the blueprint loads.\nhv-storvsc\n");
  CHECK(root.read("/etc/modprobe.d/blueprint.conf") ==
        "# The kernel modules of the blueprint.\n"
        "blacklist dccp\ninstall dccp /bin/false\noptions loop max_loop=64\n");
}

TEST_CASE("a module that no kernel of the image has is not loaded at every boot") {
  Plan plan = test::sample_plan();
  plan.system.modules_load = {"hv_storvcs"};
  MemoryRoot root = test::sample_root();
  CHECK_THAT(test::message_of([&] { test::apply("kernel modules", plan, root); }),
             Equals("error: cannot load 'hv_storvcs' at boot: no kernel of the image has such a "
                    "module\n  hint: did you mean 'hv_storvsc'?\n"));
  plan.system.modules_load = {"ext4"};  // Built in.
  CHECK(test::message_of([&] { test::apply("kernel modules", plan, root); }) == "no error");
  MemoryRoot container;
  plan.system.modules_load = {"overlay"};
  CHECK(test::message_of([&] { test::apply("kernel modules", plan, container); }) == "no error");
}

TEST_CASE("tmpfiles and the message of the day are written as they are") {
  MemoryRoot root = test::sample_root();
  test::apply("tmpfiles", test::full_plan(), root);
  test::apply("motd", test::full_plan(), root);
  CHECK(root.read("/etc/tmpfiles.d/blueprint.conf") ==
        "# What the blueprint has made at every boot.\nd /run/ops 0750 root ops -\n");
  CHECK(root.read("/etc/motd") == "This machine is watched.\nAsk ops.\n");
}
