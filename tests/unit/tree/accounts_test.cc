#include "composer/tree/accounts.h"

#include "sample.h"
#include "tests/unit/blueprint/acceptance.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

PlannedUser user(std::string name) {
  PlannedUser made;
  made.name = std::move(name);
  return made;
}

std::string refusal(const Plan& plan) {
  MemoryRoot root = test::sample_root();
  return test::message_of([&] {
    test::apply("groups", plan, root);
    test::apply("users", plan, root);
  });
}

}  // namespace

TEST_CASE("groups and users of a full plan are written as the golden text says") {
  MemoryRoot root = test::sample_root();
  root.file("/etc/subuid", "").file("/etc/subgid", "old:100000:65536\n");
  test::apply("groups", test::full_plan(), root);
  test::apply("users", test::full_plan(), root);
  std::string text;
  for (const char* path : {"/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow",
                           "/etc/subuid", "/etc/subgid", "/srv/ada/.ssh/authorized_keys"}) {
    text += std::string("== ") + path + "\n" + *root.read(path);
  }
  text += root.tree_text("/srv") + root.tree_text("/home");
  test::compare_with_file(text, COMPOSER_TEST_DATA "/golden/configure/accounts.expected");
  CHECK(root.status("/etc/shadow")->mode == 0);
}

TEST_CASE("fixed ids are taken before free ones are looked for") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.system.users = {user("first"), user("second"), user("third")};
  plan.system.users[2].uid = 1000;
  plan.system.groups = {{.name = "g1", .gid = {}}, {.name = "g2", .gid = 1000}};
  test::apply("groups", plan, root);
  test::apply("users", plan, root);
  const tree::Accounts accounts(root);
  CHECK(accounts.uid_of("first") == 1001);
  CHECK(accounts.uid_of("second") == 1002);
  CHECK(accounts.uid_of("third") == 1000);
  CHECK(accounts.gid_of("g1") == 1001);
  CHECK(accounts.gid_of("g2") == 1000);
  // A user's own group has the user's number where that is free.
  CHECK(accounts.gid_of("first") == 1002);
  CHECK(accounts.gid_of("second") == 1003);
  CHECK(accounts.gid_of("third") == 1004);
}

TEST_CASE("an existing group is taken as it is, and said so") {
  MemoryRoot root = test::sample_root();
  test::NotedProgress progress;
  Plan plan = test::sample_plan();
  plan.system.groups = {{.name = "wheel", .gid = {}}};
  const std::string before = *root.read("/etc/group");
  test::step("groups").apply(plan, root, progress);
  CHECK(root.read("/etc/group") == before);
  CHECK(progress.notes == std::vector<std::string>{"the group 'wheel' is in the image already"});
}

TEST_CASE("ids and names that are taken are refused") {
  Plan plan = test::sample_plan();
  plan.system.groups = {{.name = "wheel", .gid = 11}};
  CHECK_THAT(refusal(plan),
             Equals("error: the group 'wheel' has gid 10 in the image, and the blueprint gives it "
                    "11\n  hint: leave 'gid' out to take the group as it is\n"));
  plan.system.groups = {{.name = "new", .gid = 10}};
  CHECK_THAT(refusal(plan), Equals("error: gid 10 of the group 'new' is taken by 'wheel'\n"));
  plan.system.groups = {};
  plan.system.users = {user("nobody")};
  CHECK_THAT(refusal(plan),
             Equals("error: the user 'nobody' is in the image already, with uid 65534\n"
                    "  hint: a package makes it; choose another name\n"));
  plan.system.users = {user("a")};
  plan.system.users[0].uid = 0;
  CHECK_THAT(refusal(plan), Equals("error: uid 0 of the user 'a' is taken by 'root'\n"));
  plan.system.users = {user("a"), user("b")};
  plan.system.users[0].uid = plan.system.users[1].uid = 1234;
  CHECK_THAT(refusal(plan), Equals("error: uid 1234 of the user 'b' is taken by another user of "
                                   "the blueprint\n"));
}

TEST_CASE("groups and shells of a user must be in the image") {
  Plan plan = test::sample_plan();
  plan.system.users = {user("a")};
  plan.system.users[0].groups = {"weel"};
  CHECK_THAT(refusal(plan), Equals("error: the group 'weel' of the user 'a' is not in the image\n"
                                   "  hint: did you mean 'wheel'?\n"));
  plan.system.users[0].groups = {};
  plan.system.users[0].group = "operators";
  CHECK_THAT(refusal(plan),
             Equals("error: the group 'operators' of the user 'a' is not in the image\n"
                    "  hint: add it to system.groups, or install the package that makes it\n"));
  plan.system.users[0].group = "";
  plan.system.users[0].shell = "/bin/zsh";
  CHECK_THAT(refusal(plan), Equals("error: the shell '/bin/zsh' of the user 'a' is not in the "
                                   "image\n  hint: install the package that has it\n"));
  plan.system.users[0].shell = "/etc/passwd";
  CHECK_THAT(refusal(plan), Equals("error: the shell '/etc/passwd' of the user 'a' is not in the "
                                   "image\n  hint: install the package that has it\n"));
}

TEST_CASE("no field can hold another account") {
  Plan plan = test::sample_plan();
  plan.system.users = {user("a")};
  plan.system.users[0].comment = "x\nroot::0:0::/:/bin/sh";
  CHECK_THAT(refusal(plan), Equals("error: the comment of 'a' has a character that '/etc/passwd' "
                                   "cannot hold\n"));
  plan.system.users[0].comment = "";
  plan.system.users[0].password_hash = "x:0";
  CHECK_THAT(refusal(plan), Equals("error: the password hash of 'a' has a character that "
                                   "'/etc/passwd' cannot hold\n"));
  plan.system.users[0].password_hash = "";
  plan.system.users[0].ssh_keys = {"ssh-ed25519 A\ncommand=\"x\" ssh-ed25519 B"};
  CHECK_THAT(refusal(plan), Equals("error: an ssh key of the user 'a' has more than one line\n"));
}

TEST_CASE("root's password and keys can be set, its number and group cannot") {
  MemoryRoot root = test::sample_root();
  root.directory("/root", {0550, 0, 0});
  Plan plan = test::sample_plan();
  plan.system.users = {user("root")};
  plan.system.users[0].password_hash = "$6$s$h";
  plan.system.users[0].ssh_keys = {"ssh-ed25519 A"};
  test::apply("users", plan, root);
  CHECK_THAT(*root.read("/etc/shadow"),
             Equals("root:$6$s$h:20254:0:99999:7:::\nnobody:!*:::::::\n"));
  CHECK(root.read("/root/.ssh/authorized_keys") == "ssh-ed25519 A\n");
  CHECK(root.status("/root")->mode == 0550);
  plan.system.users[0].uid = 5;
  CHECK_THAT(refusal(plan), Equals("error: the uid of 'root' is 0 and cannot be another\n"));
  plan.system.users[0].uid = {};
  plan.system.users[0].group = "wheel";
  CHECK_THAT(refusal(plan), Equals("error: the group of 'root' cannot be changed\n"));
  plan.system.users[0].group = "";
  plan.system.users[0].home = "/elsewhere";
  CHECK_THAT(refusal(plan), Equals("error: the home of 'root' is '/root' and cannot be another\n"));
}

TEST_CASE("the day on which an account ends is shadow's eighth field, and root's as well") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.system.users = {{.name = "ada", .uid = 2001, .expires_day = 21184},
                       {.name = "root", .uid = {}, .expires_day = 20000}};
  test::apply("users", plan, root);
  const std::string shadow = root.read("/etc/shadow").value_or("");
  CHECK(shadow.find("ada:!*:20254:0:99999:7::21184:\n") != std::string::npos);
  CHECK(shadow.find("root:!*:20254:0:99999:7::20000:\n") != std::string::npos);
}

TEST_CASE("with an epoch of zero the day of the last change is left open") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.source_date_epoch = 0;
  plan.system.users = {user("a")};
  test::apply("users", plan, root);
  CHECK(root.read("/etc/shadow")->find("\na:!*::0:99999:7:::\n") != std::string::npos);
}

TEST_CASE("an image without accounts is refused") {
  MemoryRoot root;
  Plan plan = test::sample_plan();
  plan.system.users = {user("a")};
  CHECK_THAT(test::message_of([&] { test::apply("users", plan, root); }),
             Equals("error: the image has no '/etc/passwd'\n"
                    "  hint: add 'setup' to packages.install\n"));
}

TEST_CASE("a skeleton of endless depth is refused") {
  MemoryRoot root = test::sample_root();
  root.file("/etc/skel/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/0/1/2/3/4/5/6/7/8", "x");
  Plan plan = test::sample_plan();
  plan.system.users = {user("a")};
  CHECK(test::message_of([&] { test::apply("users", plan, root); }).find("too many levels") !=
        std::string::npos);
}
