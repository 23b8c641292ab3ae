#include "composer/plan/decide_security.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "composer/plan/decide_installation.h"

#include "tests/support/certificates.h"
#include "tests/support/scratch_folder.h"

using namespace composer;

namespace {

template <typename Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.to_text();
  }
  return "no error";
}

std::vector<PlannedPackage> packages(const std::vector<std::string>& names) {
  std::vector<PlannedPackage> all;
  for (const std::string& name : names) all.push_back({.name = name});
  return all;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("certificates from files are read and checked") {
  const test::ScratchFolder folder;
  std::ofstream(folder.path() / "good.pem") << test::kAuthority;
  std::ofstream(folder.path() / "server.pem") << test::kServer;
  std::ofstream(folder.path() / "key.pem")
      << "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
  CaCertificateRequest request;
  request.name.value = "lab";
  request.source.emplace().value = "good.pem";
  CHECK(plan_ca_certificates({request}, folder.path()).at(0).content == test::kAuthority);
  request.source->value = "server.pem";
  CHECK(message_of([&] { plan_ca_certificates({request}, folder.path()); }) ==
        "error: 'server.pem': certificate 1 is not one of an authority\n"
        "  hint: give the certificate of the authority that signed it\n");
  request.source->value = "key.pem";
  const std::string text = message_of([&] { plan_ca_certificates({request}, folder.path()); });
  CHECK(text.find("'key.pem': this is a private key") != std::string::npos);
  CHECK(text.find("c2VjcmV0") == std::string::npos);
}

TEST_CASE("FIPS and SELinux need their packages in the plan") {
  SystemRequest request;
  CHECK(message_of([&] { check_security_packages(request, {}); }) == "no error");
  request.fips.emplace().value = true;
  request.selinux.mode.emplace().value = SelinuxMode::enforcing;
  CHECK(message_of([&] { check_security_packages(request, packages({"dracut"})); }) ==
        "error: 'fips' needs the package 'dracut-fips', which the plan does not have\n"
        "  hint: add 'dracut-fips' to packages.install\n"
        "error: 'enforcing' needs an SELinux policy, and the plan has no package of one\n"
        "  hint: add 'selinux-policy-targeted' to packages.install\n");
  CHECK(message_of([&] {
          check_security_packages(request, packages({"dracut-fips", "selinux-policy-targeted"}));
        }) == "no error");
  request.selinux.mode->value = SelinuxMode::disabled;
  CHECK(message_of([&] { check_security_packages(request, packages({"dracut-fips"})); }) ==
        "no error");
}

TEST_CASE("the kernel command line of FIPS names /boot where it is a filesystem of its own") {
  PlannedDisk disk;
  disk.partitions.resize(1);
  disk.partitions[0].filesystem = PlannedFilesystem{.uuid = "root-uuid", .mount = "/"};
  CHECK(with_fips_arguments("console=ttyS0", disk) == "console=ttyS0 fips=1");
  CHECK(with_fips_arguments("", disk) == "fips=1");
  CHECK(with_fips_arguments("fips=1 quiet", disk) == "fips=1 quiet");
  disk.partitions.resize(2);
  disk.partitions[1].filesystem = PlannedFilesystem{.uuid = "boot-uuid", .mount = "/boot"};
  CHECK(with_fips_arguments("quiet", disk) == "quiet fips=1 boot=UUID=boot-uuid");
  CHECK(with_fips_arguments("boot=/dev/disk/by-label/boot", disk) ==
        "boot=/dev/disk/by-label/boot fips=1");
}

TEST_CASE("an SELinux mode without a policy means targeted") {
  SelinuxRequest request;
  CHECK(plan_selinux(request).policy.empty());
  request.mode.emplace().value = SelinuxMode::permissive;
  CHECK(plan_selinux(request).policy == "targeted");
  request.policy.emplace().value = "mls";
  CHECK(plan_selinux(request).policy == "mls");
}

TEST_CASE("patterns choose what is erased, each of them something") {
  PackagesRequest request;
  request.erase = {{"bash", {}}, {"vim-*", {}}};
  const auto all = packages({"bash", "bash-completion", "vim-common", "vim-minimal"});
  const PlannedInstallation planned = plan_installation(request, all);
  CHECK(planned.erase == Names{"bash", "vim-common", "vim-minimal"});
  CHECK(remains(planned, "bash-completion"));
  CHECK_FALSE(remains(planned, "bash"));
  request.erase = {{"bosh", {}}, {"zsh*", {}}};
  CHECK(message_of([&] { plan_installation(request, all); }) ==
        "error: 'bosh' matches the name of no package that is installed\n"
        "  hint: did you mean 'bash'?\n"
        "error: 'zsh*' matches the name of no package that is installed\n"
        "  hint: remove it\n");
}

TEST_CASE("a package manager goes with its libraries, and nothing else does") {
  PackagesRequest request;
  const auto all =
      packages({"azurelinux-repos", "dnf5", "dnf5-plugins", "gnupg2", "libdnf5", "libdnf5-cli",
                "librepo", "libsolv", "popt", "python3-libdnf5", "rpm", "rpm-libs",
                "rpm-plugin-selinux", "rpm-sequoia", "sqlite-libs", "tdnf"});
  CHECK(plan_installation(request, all).erase.empty());
  request.package_manager.emplace().value = PackageManager::database;
  const Names erased{"dnf5",
                     "dnf5-plugins",
                     "libdnf5",
                     "libdnf5-cli",
                     "librepo",
                     "libsolv",
                     "python3-libdnf5",
                     "rpm",
                     "rpm-libs",
                     "rpm-plugin-selinux",
                     "rpm-sequoia",
                     "tdnf"};
  CHECK(plan_installation(request, all).erase == erased);
  request.package_manager->value = PackageManager::removed;
  request.erase = {{"popt", {}}};
  CHECK(plan_installation(request, all).erase.size() == erased.size() + 1);
}

TEST_CASE("documentation and locales are as asked") {
  PackagesRequest request;
  CHECK(plan_installation(request, {}).documentation);
  CHECK_FALSE(plan_installation(request, {}).locales);
  request.documentation.emplace().value = false;
  request.locales.emplace().push_back({"en_US", {}});
  CHECK_FALSE(plan_installation(request, {}).documentation);
  CHECK(plan_installation(request, {}).locales == Names{"en_US"});
}
