#include <algorithm>
#include <fmt/format.h>

#include "composer/tree/loader_files.h"
#include "composer/tree/unified_kernel.h"

#include "efi_program_sample.h"
#include "sample.h"
#include "tests/unit/blueprint/acceptance.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

constexpr const char* kVersion = "6.12.9-1.azl4";
constexpr const char* kBoot = "/usr/lib/systemd/boot/efi/";
constexpr const char* kPackaged = "/usr/lib/modules/6.12.9-1.azl4/vmlinuz-virt.efi";

Plan plan_for(Loader loader) {
  Plan plan = test::sample_plan();
  plan.boot.firmware = Firmware::uefi;
  plan.boot.loader = loader;
  plan.disk.partitions.erase(plan.disk.partitions.begin());
  plan.disk.partitions[0].size = MiB(512);
  plan.disk.partitions[0].label = "esp";
  return plan;
}

Plan with_shim(Plan plan) {
  PlannedPackage shim;
  shim.name = "shim-unsigned-x64";
  plan.packages.push_back(shim);
  return plan;
}

MemoryRoot root_with_systemd_boot() {
  MemoryRoot root = test::sample_root();
  root.file("/etc/os-release",
            "NAME=\"Azure Linux\"\nPRETTY_NAME=\"Azure Linux 4.0\"\nID=azurelinux\n"
            "HOME_URL=\"https://aka.ms/azurelinux\"\n")
      .file(std::string(kBoot) + "systemd-bootx64.efi", test::efi_kernel("systemd-boot"))
      .file(std::string(kBoot) + "linuxx64.efi.stub", test::systemd_stub())
      .file("/usr/lib/modules/6.12.9-1.azl4/vmlinuz", test::efi_kernel("kernel"))
      .file("/var/tmp/initramfs-6.12.9-1.azl4.img", "initramfs");
  return root;
}

void install(const Plan& plan, Root& root) {
  SilentProgress progress;
  tree::install_kernels(plan, root, progress);
}

std::string refusal(std::string_view name, const Plan& plan, MemoryRoot& root) {
  return test::message_of([&] { test::apply(name, plan, root); });
}

std::string described(const Plan& plan) {
  std::string text;
  for (const auto steps : {tree::configure_steps(), tree::kernel_steps()}) {
    for (const tree::ConfigureStep& step : steps) {
      if (!step.wanted(plan)) continue;
      for (const std::string& line : step.describe(plan)) {
        text += std::string(step.name) + ": " + line + "\n";
      }
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the steps of the loaders beside GRUB are described as the golden texts say") {
  test::compare_with_file(described(plan_for(Loader::systemd_boot)),
                          COMPOSER_TEST_DATA "/golden/configure/systemd-boot.expected");
  test::compare_with_file(described(with_shim(plan_for(Loader::uki))),
                          COMPOSER_TEST_DATA "/golden/configure/uki.expected");
  Plan packaged = plan_for(Loader::uki);
  packaged.boot.uki = UkiSource::packaged;
  test::compare_with_file(described(packaged),
                          COMPOSER_TEST_DATA "/golden/configure/uki-packaged.expected");
}

TEST_CASE("systemd-boot is what the firmware starts, and is told its timeout and default") {
  MemoryRoot root = root_with_systemd_boot();
  Plan plan = plan_for(Loader::systemd_boot);
  plan.boot.timeout_seconds = 7;
  test::apply("systemd-boot", plan, root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") == test::efi_kernel("systemd-boot"));
  CHECK(root.read("/boot/efi/EFI/systemd/systemd-bootx64.efi") == test::efi_kernel("systemd-boot"));
  CHECK_FALSE(root.exists("/boot/efi/EFI/BOOT/grubx64.efi"));
  CHECK(root.read("/boot/efi/loader/loader.conf") == "timeout 7\ndefault azurelinux-*\n");
}

TEST_CASE("a signed systemd-boot comes before one that is not") {
  MemoryRoot root = root_with_systemd_boot();
  root.file(std::string(kBoot) + "systemd-bootx64.efi.signed", test::efi_kernel("signed"));
  test::apply("systemd-boot", plan_for(Loader::uki), root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") == test::efi_kernel("signed"));
}

TEST_CASE("with shim in the plan the firmware starts shim, and shim starts systemd-boot") {
  MemoryRoot root = root_with_systemd_boot();
  root.file("/boot/efi/EFI/Boot/bootx64.efi", "packaged")
      .file("/boot/efi/EFI/Boot/fbx64.efi", "fallback");
  test::apply("systemd-boot", with_shim(plan_for(Loader::uki)), root);
  CHECK(root.list("/boot/efi/EFI/Boot") ==
        std::vector<std::string>{"bootx64.efi", "grubx64.efi", "mmx64.efi"});
  CHECK(root.read("/boot/efi/EFI/Boot/bootx64.efi") == "shim");
  CHECK(root.read("/boot/efi/EFI/Boot/mmx64.efi") == "mok manager");
  CHECK(root.read("/boot/efi/EFI/Boot/grubx64.efi") == test::efi_kernel("systemd-boot"));
  CHECK_FALSE(root.exists("/boot/efi/EFI/BOOT"));
}

TEST_CASE("an unsigned shim is taken from /usr, the newest version first") {
  MemoryRoot root = root_with_systemd_boot();
  root.remove("/boot/efi/EFI/azurelinux/shimx64.efi");
  root.file("/usr/share/shim/15.8-2/x64/shimx64.efi", "old")
      .file("/usr/share/shim/16.1-1/x64/shimx64.efi", "new")
      .file("/usr/share/shim/16.1-1/x64/mmx64.efi", "manager");
  const Plan plan = with_shim(plan_for(Loader::uki));
  test::apply("systemd-boot", plan, root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTX64.EFI") == "new");
  CHECK(root.read("/boot/efi/EFI/BOOT/mmx64.efi") == "manager");
  for (const char* version : {"15.8-2", "16.1-1"}) {
    root.remove(fmt::format("/usr/share/shim/{}/x64/shimx64.efi", version));
  }
  CHECK_THAT(refusal("systemd-boot", plan, root),
             Equals("error: a package of shim is installed, and the image has no 'shimx64.efi'\n"
                    "  hint: leave the package out, so that the firmware starts systemd-boot "
                    "itself\n"));
}

TEST_CASE("an image without systemd-boot, its stub or an ESP is refused") {
  MemoryRoot root = test::sample_root();
  CHECK_THAT(refusal("systemd-boot", plan_for(Loader::uki), root),
             Equals("error: the image has no systemd-boot: "
                    "'/usr/lib/systemd/boot/efi/systemd-bootx64.efi'\n"
                    "  hint: add 'systemd-boot-unsigned' to packages.install\n"));
  CHECK_THAT(refusal("unified kernel images", plan_for(Loader::uki), root),
             Equals("error: the image has no stub for unified kernel images: "
                    "'/usr/lib/systemd/boot/efi/linuxx64.efi.stub'\n"
                    "  hint: add 'systemd-boot-unsigned' to packages.install\n"));
  Plan plan = plan_for(Loader::uki);
  plan.arch = Architecture::aarch64;
  root.file(std::string(kBoot) + "systemd-bootaa64.efi", test::efi_kernel("x"));
  CHECK_THAT(refusal("systemd-boot", plan, root),
             Equals("error: '/usr/lib/systemd/boot/efi/systemd-bootaa64.efi' is a program for "
                    "machine 0x8664, not for aarch64\n"));
  plan.disk.partitions.erase(plan.disk.partitions.begin());
  CHECK_THAT(refusal("systemd-boot", plan, root),
             Equals("error: an image that boots by UEFI has no mounted ESP\n"
                    "  hint: mount the partition of type 'esp' at /boot/efi\n"));
  CHECK_THAT(refusal("boot entries", plan, root),
             Equals("error: systemd-boot has no partition for kernels: no ESP is mounted\n"
                    "  hint: mount the partition of type 'esp' at /boot/efi\n"));
}

TEST_CASE("systemd-boot for aarch64 has the names of that architecture") {
  MemoryRoot root = root_with_systemd_boot();
  Plan plan = plan_for(Loader::systemd_boot);
  plan.arch = Architecture::aarch64;
  const std::string program = test::efi_kernel("x", {.machine = 0xaa64});
  root.file(std::string(kBoot) + "systemd-bootaa64.efi", program);
  test::apply("systemd-boot", plan, root);
  CHECK(root.read("/boot/efi/EFI/BOOT/BOOTAA64.EFI") == program);
  CHECK(root.read("/boot/efi/EFI/systemd/systemd-bootaa64.efi") == program);
}

TEST_CASE("each kernel is an entry, with itself and its initramfs on the ESP alone") {
  MemoryRoot root = root_with_systemd_boot();
  root.file("/boot/efi/loader/random-seed", "secret");
  install(plan_for(Loader::systemd_boot), root);
  const std::string folder = std::string("/boot/efi/azurelinux/") + kVersion;
  CHECK(root.read(folder + "/linux") == test::efi_kernel("kernel"));
  CHECK(root.read(folder + "/initrd") == "initramfs");
  CHECK_THAT(*root.read("/boot/efi/loader/entries/azurelinux-6.12.9-1.azl4.conf"),
             Equals("title      Azure Linux 4.0 (6.12.9-1.azl4)\n"
                    "version    6.12.9-1.azl4\n"
                    "sort-key   azurelinux\n"
                    "options    root=UUID=11111111-2222-8333-8444-555555555555 console=ttyS0 "
                    "earlyprintk=ttyS0\n"
                    "linux      /azurelinux/6.12.9-1.azl4/linux\n"
                    "initrd     /azurelinux/6.12.9-1.azl4/initrd\n"));
  CHECK(root.read("/boot/efi/loader/entries.srel") == "type1\n");
  CHECK_FALSE(root.exists("/boot/efi/loader/random-seed"));
  CHECK_FALSE(root.exists("/var/tmp/initramfs-6.12.9-1.azl4.img"));
}

TEST_CASE("with an extended boot loader partition kernels go there, and the loader does not") {
  MemoryRoot root = root_with_systemd_boot();
  Plan plan = plan_for(Loader::systemd_boot);
  plan.disk.partitions.push_back(
      test::partition(PartitionType::xbootldr, FilesystemType::vfat, "1234-5678", "/boot"));
  plan.disk.partitions.back().size = MiB(512);
  test::apply("systemd-boot", plan, root);
  install(plan, root);
  CHECK(root.exists("/boot/azurelinux/6.12.9-1.azl4/linux"));
  CHECK(root.exists("/boot/loader/entries/azurelinux-6.12.9-1.azl4.conf"));
  CHECK(root.exists("/boot/efi/loader/loader.conf"));
  CHECK_FALSE(root.exists("/boot/efi/azurelinux"));
}

TEST_CASE("a unified kernel image is made of the kernel, its initramfs and the command line") {
  MemoryRoot root = root_with_systemd_boot();
  install(plan_for(Loader::uki), root);
  const std::string kernel = test::efi_kernel("kernel");
  CHECK(root.read("/boot/efi/EFI/Linux/azurelinux-6.12.9-1.azl4.efi") ==
        tree::unified_kernel_image(
            {.stub = test::systemd_stub(),
             .kernel = kernel,
             .initramfs = "initramfs",
             .command_line = "root=UUID=11111111-2222-8333-8444-555555555555 console=ttyS0 "
                             "earlyprintk=ttyS0",
             .version = kVersion,
             .os_release = *root.read("/etc/os-release"),
             .sbat = "uki.azurelinux,1,Azure Linux 4.0,uki.azurelinux,6.12.9-1.azl4,"
                     "https://aka.ms/azurelinux\n"},
            Architecture::x86_64));
  CHECK_FALSE(root.exists("/var/tmp/initramfs-6.12.9-1.azl4.img"));
}

TEST_CASE("a package's unified kernel image is copied as it is, and nothing is made for it") {
  MemoryRoot root = root_with_systemd_boot();
  Plan plan = plan_for(Loader::uki);
  plan.boot.uki = UkiSource::packaged;
  root.remove("/usr/lib/modules/6.12.9-1.azl4/vmlinuz");
  CHECK_THAT(refusal("kernels", plan, root),
             Equals("error: no package brought a unified kernel image: the image has no "
                    "'/usr/lib/modules/VERSION/vmlinuz-virt.efi'\n"
                    "  hint: add 'kernel-uki-virt' to packages.install, or write 'uki: built'\n"));
  const std::string kernel = test::efi_kernel("kernel");
  const std::string image = tree::unified_kernel_image({.stub = test::systemd_stub(),
                                                        .kernel = kernel,
                                                        .initramfs = "initramfs",
                                                        .command_line = "console=ttyS0\x01\n",
                                                        .version = kVersion,
                                                        .os_release = "ID=azurelinux\n",
                                                        .sbat = "uki.azurelinux,1,Azure Linux\n"},
                                                       Architecture::x86_64);
  root.file(kPackaged, image);
  test::NotedProgress progress;
  tree::configure(plan, root, progress);
  tree::make_initramfs(plan, root, progress);
  tree::install_kernels(plan, root, progress);
  CHECK(root.read("/boot/efi/EFI/Linux/azurelinux-6.12.9-1.azl4.efi") == image);
  CHECK_FALSE(root.exists("/etc/kernel/cmdline"));
  for (const RootCommand& command : root.commands) CHECK(command.arguments[0] != "dracut");
  CHECK(std::find(progress.notes.begin(), progress.notes.end(),
                  "'/usr/lib/modules/6.12.9-1.azl4/vmlinuz-virt.efi' starts its kernel with: "
                  "console=ttyS0?") != progress.notes.end());

  root.file(kPackaged, test::efi_program({{".osrel", 0x1000, "x"},
                                          {".uname", 0x2000, "6.11"},
                                          {".linux", 0x3000, "kernel"}}));
  CHECK_THAT(refusal("unified kernel images", plan, root),
             Equals("error: '/usr/lib/modules/6.12.9-1.azl4/vmlinuz-virt.efi' is of the kernel "
                    "'6.11'\n"));
}

TEST_CASE("kernels that do not fit are refused before any is written") {
  MemoryRoot root = root_with_systemd_boot();
  root.file("/boot/efi/large", std::string(500, 'x'));
  Plan plan = plan_for(Loader::systemd_boot);
  plan.disk.partitions[0].size = KiB(512);
  root.file("/var/tmp/initramfs-6.12.9-1.azl4.img", std::string(400 << 10, 'x'));
  CHECK_THAT(refusal("boot entries", plan, root),
             Equals("error: the kernels need 448 KiB on '/boot/efi', where 280 KiB of 512 KiB is "
                    "left\n"
                    "  hint: give partition 'esp' 4 MiB or more\n"));
  CHECK_FALSE(root.exists("/boot/efi/azurelinux"));
}

TEST_CASE("a kernel that the firmware cannot start and an initramfs that is missing are refused") {
  MemoryRoot root = root_with_systemd_boot();
  root.remove("/var/tmp/initramfs-6.12.9-1.azl4.img");
  CHECK_THAT(refusal("boot entries", plan_for(Loader::systemd_boot), root),
             Equals("error: the root has no '/var/tmp/initramfs-6.12.9-1.azl4.img'\n"));
  root.file("/usr/lib/modules/6.12.9-1.azl4/vmlinuz", "\x1f\x8b compressed");
  CHECK_THAT(refusal("boot entries", plan_for(Loader::systemd_boot), root),
             Equals("error: '/usr/lib/modules/6.12.9-1.azl4/vmlinuz' is not an EFI program: it "
                    "does not begin with 'MZ'\n"));
}

TEST_CASE("kernel-install goes on with the same names and layout") {
  MemoryRoot root = root_with_systemd_boot();
  test::apply("kernel-install", plan_for(Loader::systemd_boot), root);
  CHECK(root.read("/etc/kernel/entry-token") == "azurelinux\n");
  CHECK(root.read("/etc/kernel/install.conf") ==
        "# How kernel-install adds kernels to the boot menu.\nlayout=bls\n"
        "initrd_generator=dracut\n");
  test::apply("kernel-install", plan_for(Loader::uki), root);
  CHECK(root.read("/etc/kernel/install.conf")
            ->ends_with("layout=uki\ninitrd_generator=dracut\nuki_generator=dracut\n"));
  root.file("/usr/bin/ukify", "");
  test::apply("kernel-install", plan_for(Loader::uki), root);
  CHECK(root.read("/etc/kernel/install.conf")->ends_with("uki_generator=ukify\n"));
}

TEST_CASE("what the blueprint's files say to kernel-install stays, if it can be used") {
  MemoryRoot root = root_with_systemd_boot();
  Plan plan = plan_for(Loader::systemd_boot);
  plan.system.files = {{.path = "/etc/kernel/install.conf", .content = "layout=other\n"}};
  root.file("/etc/kernel/install.conf", "layout=other\n").file("/etc/kernel/entry-token", "mine\n");
  test::apply("kernel-install", plan, root);
  CHECK(root.read("/etc/kernel/install.conf") == "layout=other\n");
  CHECK(tree::entry_token(plan, root) == "mine");
  root.file("/etc/kernel/entry-token", "../../x\n");
  CHECK_THAT(refusal("kernel-install", plan, root),
             Equals("error: the entry token in '/etc/kernel/entry-token' cannot be part of a file "
                    "name\n"
                    "  hint: write letters, digits, '.', '_' and '-', at most 64\n"));
}

TEST_CASE("the entry token is the system's ID, or the plan's name where that is none") {
  MemoryRoot root;
  const Plan plan = test::sample_plan();
  CHECK(tree::entry_token(plan, root) == "sample");
  root.file("/etc/os-release", "ID='fedora'\n");
  CHECK(tree::entry_token(plan, root) == "fedora");
  root.file("/etc/os-release", "ID=\"a/b\"\n");
  CHECK(tree::entry_token(plan, root) == "sample");
  CHECK(tree::os_release_value("IDX=1\nID=2\nID=\"3\" \n", "ID") == "3");
}

TEST_CASE("GRUB's kernels stay where it reads them") {
  MemoryRoot root = test::sample_root();
  const std::string before = root.tree_text("/");
  install(test::sample_plan(), root);
  CHECK(root.tree_text("/") == before);
}
