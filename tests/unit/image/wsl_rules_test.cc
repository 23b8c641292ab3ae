#include "composer/image/wsl_rules.h"

#include <catch2/catch.hpp>

#include "tests/support/memory_root.h"

using namespace composer;
using composer::image::wsl_problems;

namespace {

const std::string kProgram = std::string("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0", 20);
const std::string kIcon = std::string("\0\0\1\0icon", 8);
constexpr FileAttributes kPlain{0644, 0, 0}, kRun{0755, 0, 0};

/// A root that WSL takes, in the shape of Azure Linux: the configuration is a link.
MemoryRoot good() {
  MemoryRoot root;
  root.file("/usr/lib/wsl-distribution.conf",
            "[oobe]\ncommand = /usr/libexec/wsl/oobe.sh\ndefaultUid = 1000\n"
            "defaultName = Example\n\n# Windows\n[shortcut]\nenabled = true\n"
            "icon = /usr/share/wsl/example.ico\n",
            kPlain);
  root.link("/etc/wsl-distribution.conf", "../usr/lib/wsl-distribution.conf");
  root.file("/etc/wsl.conf", "[boot]\nsystemd=true\n", kPlain);
  root.file("/usr/libexec/wsl/oobe.sh", "#!/bin/sh\n", kRun);
  root.file("/usr/share/wsl/example.ico", kIcon, kPlain);
  root.file("/usr/bin/bash", kProgram, kRun);
  root.link("/bin", "usr/bin");
  root.link("/usr/bin/sh", "bash");
  root.link("/sbin", "usr/bin");
  root.file("/usr/lib/systemd/systemd", kProgram, kRun);
  root.link("/usr/bin/init", "../lib/systemd/systemd");
  root.file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nbin:x:1:1::/:/sbin/nologin\n", kPlain);
  root.file("/etc/shadow", "root:!*:19000::::::\nbin:*:19000::::::\n", {0000, 0, 0});
  root.link("/usr/lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service", "../x");
  return root;
}

std::vector<std::string> problems(const MemoryRoot& root) {
  return wsl_problems(root, Architecture::x86_64);
}

}  // namespace

TEST_CASE("a root in the shape of Azure Linux for WSL is taken") {
  CHECK(problems(good()) == std::vector<std::string>{});
}

TEST_CASE("every rule of WSL that a root breaks is said") {
  struct Case {
    void (*breaking)(MemoryRoot&);
    std::string problem;
  };
  const Case c = GENERATE(values<Case>({
      {[](auto& r) { r.remove("/etc/wsl-distribution.conf"); },
       "there is no file '/etc/wsl-distribution.conf'"},
      {[](auto& r) {
         r.set_attributes("/usr/lib/wsl-distribution.conf", {0600, 0, 0});
       },
       "'/etc/wsl-distribution.conf' has the mode 0600, not 0644"},
      {[](auto& r) {
         r.set_attributes("/usr/lib/wsl-distribution.conf", {0644, 0, 5});
       },
       "'/etc/wsl-distribution.conf' belongs to 0:5, not to root"},
      {[](auto& r) {
         r.file("/etc/wsl.conf", "[user]\ndefault=me\n[boot]\nsystemd=true\n", kPlain);
       },
       "'/etc/wsl.conf' has the unknown setting 'user.default'"},
      {[](auto& r) { r.file("/etc/wsl.conf", "[boot]\nsystemd\n", kPlain); },
       "'/etc/wsl.conf' has a line that is no setting: 'systemd'"},
      {[](auto& r) { r.remove("/usr/libexec/wsl/oobe.sh"); },
       "there is no file '/usr/libexec/wsl/oobe.sh'"},
      {[](auto& r) {
         r.set_attributes("/usr/libexec/wsl/oobe.sh", {0644, 0, 0});
       },
       "'/usr/libexec/wsl/oobe.sh' has the mode 0644, not 0755"},
      {[](auto& r) { r.file("/usr/share/wsl/example.ico", "PNG", kPlain); },
       "'/usr/share/wsl/example.ico' is no icon of Windows"},
      {[](auto& r) {
         r.file("/usr/share/wsl/example.ico", kIcon + std::string(1 << 20, 'x'), kPlain);
       },
       "the icon '/usr/share/wsl/example.ico' has 1.0 MiB, more than 1 MiB"},
      {[](auto& r) { r.file("/usr/bin/bash", "#!/bin/true", kRun); },
       "'/bin/sh' is no program for x86_64"},
      {[](auto& r) { r.remove("/usr/lib/systemd/systemd"); }, "there is no file '/sbin/init'"},
      {[](auto& r) {
         r.file("/etc/passwd", "root:x:0:0::/:/bin/bash\nme:x:1000:1000::/:/bin/bash\n", kPlain);
       },
       "the user id 1000 of the first user already belongs to 'me'"},
      {[](auto& r) {
         r.file("/etc/passwd", "root:x:0:0::/:/bin/bash\na:x:7:7::/:/b\nb:x:7:7::/:/b\n", kPlain);
       },
       "'a' and 'b' have the same user id 7"},
      {[](auto& r) { r.file("/etc/passwd", "toor:x:0:0::/:/bin/bash\n", kPlain); },
       "the user with the id 0 is not 'root'"},
      {[](auto& r) { r.file("/etc/passwd", "root:x:0:0::/:/bin/bash\nnonsense\n", kPlain); },
       "'/etc/passwd' has a line that is no account: 'nonsense'"},
      {[](auto& r) {
         r.file("/etc/shadow", "root:$6$salt$hash:1::::::\n", {0600, 0, 0});
       },
       "the user 'root' has a password"},
      {[](auto& r) {
         r.file("/etc/shadow", "root::1::::::\n", {0600, 0, 0});
       },
       "the user 'root' needs no password"},
      {[](auto& r) {
         r.file("/etc/shadow", "root:*:1::::::\n", {0644, 0, 0});
       },
       "'/etc/shadow' has the mode 0644, not 0640, 0600 or 0000"},
      {[](auto& r) { r.file("/etc/resolv.conf", "", kPlain); },
       "'/etc/resolv.conf' is there: WSL makes it"},
      {[](auto& r) { r.link("/etc/resolv.conf", "../run/x"); },
       "'/etc/resolv.conf' is there: WSL makes it"},
      {[](auto& r) { r.file("/boot/vmlinuz-6.6", "", kPlain); },
       "'/boot/vmlinuz-6.6' is there: WSL brings the kernel"},
      {[](auto& r) { r.directory("/boot/grub2"); },
       "'/boot/grub2' is there: nothing in WSL uses a boot loader"},
      {[](auto& r) { r.file("/usr/lib/modules/6.6/vmlinuz", "", kPlain); },
       "'/usr/lib/modules/6.6/vmlinuz' is there: WSL brings the kernel"},
      {[](auto& r) {
         r.link("/etc/systemd/system/multi-user.target.wants/systemd-networkd.service", "x");
       },
       "'systemd-networkd.service' is started by "
       "'/etc/systemd/system/multi-user.target.wants/systemd-networkd.service': mask or disable "
       "it, WSL does its work"},
  }));
  MemoryRoot root = good();
  c.breaking(root);
  INFO(c.problem);
  CHECK_THAT(problems(root), Catch::VectorContains(c.problem));
}

TEST_CASE("a unit that is masked is not started, whoever wants it") {
  MemoryRoot root = good();
  root.link("/usr/lib/systemd/system/local-fs.target.wants/tmp.mount", "../tmp.mount");
  CHECK(problems(root).size() == 1);
  root.link("/etc/systemd/system/tmp.mount", "/dev/null");
  CHECK(problems(root).empty());
}

TEST_CASE("programs of another architecture are refused") {
  const std::vector<std::string> found = wsl_problems(good(), Architecture::aarch64);
  CHECK_THAT(found, Catch::VectorContains(std::string("'/bin/sh' is no program for aarch64")));
  CHECK_THAT(found, Catch::VectorContains(std::string("'/sbin/init' is no program for aarch64")));
}
