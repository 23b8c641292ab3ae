
#include "composer/tree/selinux.h"
#include "composer/tree/selinux_labels.h"

#include "sample.h"

using namespace composer;
using Catch::Matchers::Equals;

namespace {

constexpr const char* kConfig = "/etc/selinux/config";
constexpr const char* kContexts = "/etc/selinux/targeted/contexts/files/file_contexts";

Plan with_selinux(std::optional<SelinuxMode> mode, const std::string& policy = "targeted") {
  Plan plan = test::sample_plan();
  plan.system.selinux = {mode, policy};
  return plan;
}

std::optional<std::string> policy_for(const Plan& plan, const Root& root,
                                      std::vector<std::string>* notes = nullptr) {
  test::NotedProgress progress;
  auto policy = tree::labelling_policy(plan, root, progress);
  if (notes) *notes = progress.notes;
  return policy;
}

/// A tool that answers with `status`.
MemoryRoot root_with(const std::string& tool, int status = 0) {
  MemoryRoot root;
  root.file(tool, "", {0755, 0, 0});
  root.on_run = [=](MemoryRoot&, const RootCommand&) {
    return RootCommandResult{status, "", status == 0 ? "" : "no\n"};
  };
  return root;
}

}  // namespace

TEST_CASE("what packages were installed without, updates leave out too") {
  MemoryRoot root;
  root.file("/etc/dnf/dnf.conf", "[main]\nbest=True\n", {0640, 0, 0})
      .file("/etc/tdnf/tdnf.conf", "[main]\ntsflags=noscripts\n[other]\ntsflags=x\n");
  Plan plan = test::sample_plan();
  plan.installation.documentation = false;
  plan.installation.locales = {{"en_US", "de"}};
  test::apply("package policy", plan, root);
  CHECK(root.read("/etc/rpm/macros.image-composer") ==
        "# So that updates leave out what the image was made without.\n"
        "%_excludedocs 1\n%_install_langs en_US:de\n");
  CHECK(root.read("/etc/dnf/dnf.conf") == "[main]\ntsflags=nodocs\nbest=True\n");
  CHECK(root.status("/etc/dnf/dnf.conf")->mode == 0640);
  CHECK(root.read("/etc/tdnf/tdnf.conf") ==
        "[main]\ntsflags=noscripts nodocs\n[other]\ntsflags=x\n");
  const std::string once = *root.read("/etc/dnf/dnf.conf");
  test::apply("package policy", plan, root);
  CHECK(root.read("/etc/dnf/dnf.conf") == once);
}

TEST_CASE("without locales none is kept, and documentation is left alone") {
  MemoryRoot root;
  root.file("/etc/dnf/dnf.conf", "[main]\n");
  Plan plan = test::sample_plan();
  plan.installation.locales.emplace();
  test::apply("package policy", plan, root);
  CHECK(root.read("/etc/rpm/macros.image-composer") ==
        "# So that updates leave out what the image was made without.\n%_install_langs C\n");
  CHECK(root.read("/etc/dnf/dnf.conf") == "[main]\n");
}

TEST_CASE("a policy for packages is not for an image that has no package manager") {
  Plan plan = test::sample_plan();
  CHECK_FALSE(test::step("package policy").wanted(plan));
  plan.installation.documentation = false;
  CHECK(test::step("package policy").wanted(plan));
  plan.installation.package_manager = PackageManager::database;
  CHECK_FALSE(test::step("package policy").wanted(plan));
}

TEST_CASE("what a removed package manager kept goes with it, its database if asked") {
  MemoryRoot root;
  root.file("/usr/lib/sysimage/rpm/rpmdb.sqlite", "x")
      .link("/var/lib/rpm", "../../usr/lib/sysimage/rpm")
      .file("/usr/lib/sysimage/libdnf5/packages.toml", "x")
      .file("/var/cache/tdnf/repo/x", "x")
      .file("/var/lib/dnf/system-upgrade", "x");
  MemoryRoot distroless = root;
  SilentProgress progress;
  Plan plan = test::sample_plan();
  plan.installation.package_manager = PackageManager::database;
  tree::clean(plan, root, progress);
  CHECK(root.exists("/usr/lib/sysimage/rpm/rpmdb.sqlite"));
  CHECK(root.link_status("/var/lib/rpm"));
  for (const char* path : {"/usr/lib/sysimage/libdnf5", "/var/cache/tdnf", "/var/lib/dnf"}) {
    CAPTURE(path);
    CHECK_FALSE(root.exists(path));
  }
  plan.installation.package_manager = PackageManager::removed;
  tree::clean(plan, distroless, progress);
  CHECK_FALSE(distroless.exists("/usr/lib/sysimage/rpm"));
  CHECK_FALSE(distroless.link_status("/var/lib/rpm"));
}

TEST_CASE("authorities are put where update-ca-trust looks") {
  MemoryRoot root = root_with("/usr/bin/update-ca-trust");
  Plan plan = test::sample_plan();
  plan.system.ca_certificates = {{"lab", "PEM\n"}};
  test::apply("CA certificates", plan, root);
  CHECK(root.read("/etc/pki/ca-trust/source/anchors/lab.pem") == "PEM\n");
  REQUIRE(root.commands.size() == 1);
  CHECK(root.commands[0].arguments == std::vector<std::string>{"/usr/bin/update-ca-trust"});
}

TEST_CASE("Debian's tool gets a link in its own folder") {
  MemoryRoot root = root_with("/usr/sbin/update-ca-certificates");
  Plan plan = test::sample_plan();
  plan.system.ca_certificates = {{"lab", "PEM\n"}};
  test::apply("CA certificates", plan, root);
  CHECK(root.read_link("/usr/local/share/ca-certificates/lab.crt") ==
        "/etc/pki/ca-trust/source/anchors/lab.pem");
  CHECK(root.read("/usr/local/share/ca-certificates/lab.crt") == "PEM\n");
}

TEST_CASE("authorities need a tool that makes the bundles, and one that succeeds") {
  MemoryRoot bare;
  Plan plan = test::sample_plan();
  plan.system.ca_certificates = {{"lab", "PEM\n"}};
  CHECK_THAT(test::message_of([&] { test::apply("CA certificates", plan, bare); }),
             Equals("error: the image has no 'update-ca-trust', which makes its bundles\n"
                    "  hint: add 'ca-certificates' to packages.install\n"));
  MemoryRoot failing = root_with("/usr/bin/update-ca-trust", 1);
  CHECK_THAT(test::message_of([&] { test::apply("CA certificates", plan, failing); }),
             Equals("error: '/usr/bin/update-ca-trust' failed in the image with status 1\n"
                    "  no\n"));
}

TEST_CASE("the crypto-policy FIPS is set where there are crypto-policies") {
  MemoryRoot root = root_with("/usr/bin/update-crypto-policies");
  Plan plan = test::sample_plan();
  CHECK_FALSE(test::step("FIPS").wanted(plan));
  plan.system.fips = true;
  CHECK(test::step("FIPS").wanted(plan));
  test::apply("FIPS", plan, root);
  REQUIRE(root.commands.size() == 1);
  CHECK(root.commands[0].arguments == std::vector<std::string>{"/usr/bin/update-crypto-policies",
                                                               "--no-reload", "--set", "FIPS"});
  MemoryRoot bare;
  test::apply("FIPS", plan, bare);
  CHECK(bare.commands.empty());
}

TEST_CASE("an initramfs for FIPS has dracut's module") {
  MemoryRoot root = test::sample_root();
  SilentProgress progress;
  Plan plan = test::sample_plan();
  tree::make_initramfs(plan, root, progress);
  CHECK(root.read("/etc/dracut.conf.d/50-image.conf")->find("fips") == std::string::npos);
  plan.system.fips = true;
  tree::make_initramfs(plan, root, progress);
  CHECK(root.read("/etc/dracut.conf.d/50-image.conf")->find("add_dracutmodules+=\" fips \"\n") !=
        std::string::npos);
}

TEST_CASE("the SELinux configuration takes mode and policy, and keeps its comments") {
  MemoryRoot root;
  root.file(kConfig, "# What the kernel does.\nSELINUX=enforcing\n  SELINUXTYPE=mls\n# end\n",
            {0640, 0, 0});
  test::apply("SELinux", with_selinux(SelinuxMode::permissive), root);
  CHECK(root.read(kConfig) ==
        "# What the kernel does.\n# end\nSELINUX=permissive\nSELINUXTYPE=targeted\n");
  CHECK(root.status(kConfig)->mode == 0640);
  MemoryRoot bare;
  test::apply("SELinux", with_selinux(SelinuxMode::disabled), bare);
  CHECK(bare.read(kConfig) == "SELINUX=disabled\nSELINUXTYPE=targeted\n");
}

TEST_CASE("a policy alone leaves the mode as it is") {
  MemoryRoot root;
  root.file(kConfig, "SELINUX=permissive\nSELINUXTYPE=targeted\n");
  test::apply("SELinux", with_selinux(std::nullopt, "mls"), root);
  CHECK(root.read(kConfig) == "SELINUX=permissive\nSELINUXTYPE=mls\n");
}

TEST_CASE("files are labelled by the configured policy unless SELinux is off or absent") {
  MemoryRoot root;
  CHECK_FALSE(policy_for(test::sample_plan(), root));
  root.file(kConfig, "SELINUX=disabled\nSELINUXTYPE=targeted\n").file(kContexts, "");
  CHECK_FALSE(policy_for(test::sample_plan(), root));
  for (const char* mode : {"enforcing", "permissive"}) {
    root.file(kConfig, std::string("#SELINUX=x\nSELINUX=") + mode + " \nSELINUXTYPE=targeted\n");
    CHECK(policy_for(test::sample_plan(), root) == "targeted");
  }
}

TEST_CASE("a configured policy that is not in the image is told") {
  MemoryRoot root;
  root.file(kConfig, "SELINUX=enforcing\nSELINUXTYPE=targeted\n");
  std::vector<std::string> notes;
  CHECK_FALSE(policy_for(test::sample_plan(), root, &notes));
  CHECK(notes == std::vector<std::string>{"'/etc/selinux/config' asks for the policy 'targeted', "
                                          "which is not in the image: no file has a label"});
  CHECK_THAT(test::message_of([&] { policy_for(with_selinux(SelinuxMode::enforcing), root); }),
             Equals("error: the SELinux policy 'targeted' has no "
                    "'/etc/selinux/targeted/contexts/files/file_contexts' in the image\n"
                    "  hint: add 'selinux-policy-targeted' to packages.install\n"));
}

TEST_CASE("a policy's name cannot lead elsewhere") {
  MemoryRoot root;
  root.file(kConfig, "SELINUX=enforcing\nSELINUXTYPE=../../x\n");
  CHECK_THAT(test::message_of([&] { tree::read_selinux_config(root); }),
             Equals("error: '/etc/selinux/config' of the image names a policy '../../x'\n"
                    "  hint: give 'system.selinux' in the blueprint\n"));
}

TEST_CASE("a label is user, role and type, perhaps with a level") {
  CHECK(tree::is_label("system_u:object_r:etc_t"));
  CHECK(tree::is_label("system_u:object_r:etc_t:s0-s0:c0.c1023,c5"));
  CHECK_FALSE(tree::is_label("etc_t"));
  CHECK_FALSE(tree::is_label("system_u:object_r:etc t"));
  CHECK_FALSE(tree::is_label("system_u:object_r:etc_t\n"));
  CHECK_FALSE(tree::is_label("a:b:" + std::string(5000, 'c')));
}
