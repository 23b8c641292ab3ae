#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

std::string refusal(PlannedFile file) {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.system.files = {std::move(file)};
  return test::message_of([&] { test::apply("files", plan, root); });
}

}  // namespace

TEST_CASE("files are written with mode and owner, their folders made") {
  MemoryRoot root = test::sample_root();
  Plan plan = test::sample_plan();
  plan.system.files = {
      {.path = "/etc/a/b/c", .content = "x", .mode = 0640, .owner = "nobody", .group = "wheel"}};
  test::apply("files", plan, root);
  CHECK(root.tree_text("/etc/a") ==
        "0755 0:0 /etc/a/\n0755 0:0 /etc/a/b/\n0640 65534:10 /etc/a/b/c\n");
  CHECK(root.read("/etc/a/b/c") == "x");
}

TEST_CASE("a file replaces a link and not what the link leads to") {
  MemoryRoot root = test::sample_root();
  root.file("/run/resolv", "before").link("/etc/resolv.conf", "/run/resolv");
  Plan plan = test::sample_plan();
  plan.system.files = {{.path = "/etc/resolv.conf", .content = "nameserver 1.1.1.1\n"}};
  test::apply("files", plan, root);
  CHECK(root.link_status("/etc/resolv.conf")->kind == FileKind::regular);
  CHECK(root.read("/run/resolv") == "before");
}

TEST_CASE("an owner that is not in the image is refused") {
  CHECK_THAT(refusal({.path = "/etc/x", .content = "", .mode = 0644, .owner = "nobdy"}),
             Equals("error: the owner 'nobdy' of the file '/etc/x' is not in the image\n"
                    "  hint: did you mean 'nobody'?\n"));
  CHECK_THAT(
      refusal({.path = "/etc/x", .content = "", .mode = 0644, .owner = "root", .group = "zzzzzz"}),
      Equals("error: the group 'zzzzzz' of the file '/etc/x' is not in the image\n"));
}

TEST_CASE("a file that would be lost or break another part of the blueprint is refused") {
  CHECK_THAT(refusal({.path = "/etc/fstab", .content = ""}),
             Equals("error: the file '/etc/fstab' cannot be written: it is written from "
                    "'disk.partitions'\n  hint: use 'mount' and 'mount_options' of the "
                    "partitions\n"));
  CHECK_THAT(refusal({.path = "/tmp/x", .content = ""}),
             Equals("error: the file '/tmp/x' cannot be written: the folder is emptied at the end "
                    "of the build\n  hint: use 'tmpfiles', or another folder\n"));
  CHECK_THAT(
      refusal({.path = "/etc/skel", .content = ""}),
      Equals("error: the file '/etc/skel' cannot be written: it is a folder in the image\n"));
}
