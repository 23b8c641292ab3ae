#include "composer/base/own_paths.h"

#include "blueprint_text.h"

// What the composer writes itself is not for `files` and `directories`.

using namespace composer;
using namespace composer::test;

namespace {

constexpr const char* kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILe2yzL1TTCUqNEAYmFmgLYQ3cYQzZbNyrbZ4XJzKQ7v a@b";

/// The problems of the good blueprint with more keys in `system`, whose first is on line 23.
Problems system_problems(const std::string& more) {
  return problems_of(with("  hostname: web\n", more));
}

Problems file_problems(const std::string& path, const std::string& more = "") {
  return system_problems("  files: [{path: " + path + ", content: x}]\n" + more);
}

Problems written_by(const std::string& path, const std::string& key, const std::string& hint) {
  return {"22: '" + path + "' is what '" + key + "' writes [" + hint + "]"};
}

}  // namespace

TEST_CASE("a file where nothing survives, or that every image gets, is refused at its line") {
  CHECK(file_problems("/tmp/x") ==
        Problems{"22: the file '/tmp/x' cannot be written: the folder is emptied at the end of the "
                 "build [use 'tmpfiles', or another folder]"});
  CHECK(file_problems("/boot/grub2/grub.cfg") ==
        Problems{"22: the file '/boot/grub2/grub.cfg' cannot be written: it is written from 'boot' "
                 "[use the keys of 'boot']"});
  CHECK(system_problems("  directories: [{path: /var/tmp/x}, {path: /tmp, mode: \"1777\"}]\n") ==
        Problems{"22: the directory '/var/tmp/x' cannot be written: the folder is emptied at the "
                 "end of the build [use 'tmpfiles', or another folder]"});
  CHECK(problem_of_path("/run/x", "file").has_value());
  CHECK_FALSE(problem_of_path("/runner", "file").has_value());
}

TEST_CASE("a file that a setting writes is refused where the setting is given") {
  const std::string remove = "remove one of the two";
  const std::string user = "  users: [{name: a, ssh_keys: ['" + std::string(kKey) + "']";
  CHECK(file_problems("/home/a/.ssh/authorized_keys", user + "}]\n") ==
        written_by("/home/a/.ssh/authorized_keys", "ssh_keys", remove));
  CHECK(file_problems("/srv/a/.ssh/authorized_keys", user + ", home: /srv/a}]\n") ==
        written_by("/srv/a/.ssh/authorized_keys", "ssh_keys", remove));
  CHECK(file_problems("/home/a/.ssh/authorized_keys", "  users: [{name: a}]\n").empty());
  CHECK(file_problems("/root/.ssh/authorized_keys",
                      "  users: [{name: root, ssh_keys: ['" + std::string(kKey) + "']}]\n") ==
        written_by("/root/.ssh/authorized_keys", "ssh_keys", remove));
  CHECK(file_problems("/etc/selinux/config", "  selinux: {mode: permissive}\n") ==
        written_by("/etc/selinux/config", "selinux", remove));
  CHECK(file_problems("/etc/selinux/config").empty());
  CHECK(file_problems("/etc/systemd/system/default.target",
                      "  default_target: multi-user.target\n") ==
        written_by("/etc/systemd/system/default.target", "default_target", remove));
  CHECK(file_problems("/etc/systemd/system/a.service", "  services: {mask: [a]}\n") ==
        written_by("/etc/systemd/system/a.service", "services.mask", remove));
  CHECK(file_problems("/etc/chrony.d/blueprint.conf", "  ntp: {servers: [a.example]}\n") ==
        written_by("/etc/chrony.d/blueprint.conf", "ntp", "use another name"));
  CHECK(file_problems("/etc/sysconfig/nftables.conf",
                      "  firewall: {backend: nftables, open: []}\n") ==
        written_by("/etc/sysconfig/nftables.conf", "firewall", remove));
  CHECK(
      file_problems("/etc/sysconfig/nftables.conf", "  firewall: {backend: firewalld, open: []}\n")
          .empty());
  CHECK(file_problems("/etc/firewalld/zones/public.xml", "  firewall: {open: [ssh]}\n") ==
        written_by("/etc/firewalld/zones/public.xml", "firewall", remove));
  const std::string repository = with("baseurl: /srv/base",
                                      "baseurl: https://a.example/x\n"
                                      "    in_image: true");
  CHECK(problems_of(with("  hostname: web\n",
                         "  files: [{path: /etc/yum.repos.d/base.repo, content: x}]\n",
                         repository)) ==
        Problems{"23: '/etc/yum.repos.d/base.repo' is what 'repositories' writes [remove one of "
                 "the two]"});
}

TEST_CASE("a path through a link into /usr is the path that it leads to") {
  CHECK(merged_path("/bin/sh") == "/usr/bin/sh");
  CHECK(merged_path("/lib64") == "/usr/lib64");
  CHECK(merged_path("/library/a") == "/library/a");
  CHECK(system_problems("  files:\n"
                        "    - {path: /bin/a, content: x}\n"
                        "    - {path: /usr/bin/a, content: x}\n") ==
        Problems{"24: file '/usr/bin/a' is already given on line 23 [keep one of the two]"});
  CHECK(system_problems("  directories: [{path: /lib/a}]\n"
                        "  files:\n"
                        "    - {path: /usr/lib/a, content: x}\n") ==
        Problems{"22: '/lib/a' is a directory here and a file on line 24 [keep one of the two]"});
}
