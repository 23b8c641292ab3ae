#include "sample.h"

using namespace composer;

namespace {

MemoryRoot base_root() {
  MemoryRoot root;
  root.file("/usr/lib/modules/6.12/kernel/a.ko", "").file("/usr/lib/modules/6.12/vmlinuz", "k");
  root.file("/usr/lib/modules/6.11/modules.dep", "what depmod made");
  for (const char* version : {"6.11", "6.12"}) {
    for (const char* prefix : {"/boot/vmlinuz-", "/boot/config-", "/boot/System.map-"}) {
      root.file(std::string(prefix) + version, "");
    }
    root.file("/boot/initramfs-" + std::string(version) + ".img", "");
    root.file("/boot/.vmlinuz-" + std::string(version) + ".hmac", "");
    root.file("/boot/loader/entries/abc-" + std::string(version) + ".conf", "");
  }
  root.file("/boot/grub2/grub.cfg", "").file("/boot/efi/EFI/Linux/id-6.11.efi", "");
  root.file("/boot/efi/loader/entries/id-6.11.conf", "");
  return root;
}

}  // namespace

TEST_CASE("of a base image what kernels have left behind goes, and every boot entry") {
  Plan plan = test::sample_plan();
  plan.base.emplace();
  plan.base->boot = true;
  MemoryRoot root = base_root();
  REQUIRE(test::step("old boot files").wanted(plan));
  test::apply("old boot files", plan, root);
  for (const char* gone :
       {"/boot/vmlinuz-6.11", "/boot/config-6.11", "/boot/System.map-6.11",
        "/boot/initramfs-6.11.img", "/boot/.vmlinuz-6.11.hmac", "/usr/lib/modules/6.11",
        "/boot/loader/entries/abc-6.11.conf", "/boot/loader/entries/abc-6.12.conf",
        "/boot/efi/loader/entries/id-6.11.conf"}) {
    CAPTURE(gone);
    CHECK_FALSE(root.exists(gone));
  }
  for (const char* kept : {"/boot/vmlinuz-6.12", "/boot/initramfs-6.12.img", "/boot/grub2/grub.cfg",
                           "/boot/efi/EFI/Linux/id-6.11.efi"}) {
    CAPTURE(kept);
    CHECK(root.exists(kept));
  }
}

TEST_CASE("unified kernel images of a base are made anew") {
  Plan plan = test::sample_plan();
  plan.base.emplace();
  plan.base->boot = true;
  plan.boot.loader = Loader::uki;
  MemoryRoot root = base_root();
  test::apply("old boot files", plan, root);
  CHECK_FALSE(root.exists("/boot/efi/EFI/Linux/id-6.11.efi"));
}

TEST_CASE("where nothing of the boot changes, all of it stays") {
  Plan plan = test::sample_plan();
  CHECK_FALSE(test::step("old boot files").wanted(plan));
  plan.base.emplace();
  for (const tree::ConfigureStep& step : tree::configure_steps()) {
    CAPTURE(step.name);
    const std::string name(step.name);
    const bool of_boot =
        name.find("kernel") == 0 || name.find("GRUB") == 0 || name == "old boot files";
    if (of_boot && name != "kernel modules") CHECK_FALSE(step.wanted(plan));
  }
}
