#include "blueprint_text.h"

// What the settings of `system` must be to each other.

using namespace composer::test;

namespace {

/// The problems of the good blueprint with more keys in `system`, whose first is on line 23.
Problems system_problems(const std::string& more) {
  return problems_of(with("  hostname: web\n", "  hostname: web\n" + more));
}

}  // namespace

TEST_CASE("files of sudoers have names of their own, and rules") {
  CHECK(system_problems("  sudoers:\n"
                        "    - {name: ops, rules: ['%ops ALL=(ALL) ALL', '%ops ALL=(ALL) ALL']}\n"
                        "    - {name: ops, rules: ['%web ALL=(ALL) ALL']}\n"
                        "    - {name: none, rules: []}\n") ==
        Problems{"24: rule '%ops ALL=(ALL) ALL' is already given on line 24 [keep one of the two]",
                 "25: file of sudoers 'ops' is already given on line 24 [keep one of the two]",
                 "26: file of sudoers 'none' has no rules [add one, or remove the entry]"});
}

TEST_CASE("one sysctl in two spellings is one") {
  CHECK(system_problems("  sysctl:\n"
                        "    net.ipv4.conf.eth0/1.rp_filter: 1\n"
                        "    net/ipv4/conf/eth0.1/rp_filter: 2\n"
                        "    net.ipv4.conf.eth0.rp_filter: 1\n") ==
        Problems{"25: sysctl 'net/ipv4/conf/eth0.1/rp_filter' is already given on line 24 [keep "
                 "one of the two]"});
}

TEST_CASE("a module is not loaded and denied, however it is spelled") {
  CHECK(system_problems("  kernel_modules:\n"
                        "    load: [snd_hda, loop]\n"
                        "    deny: [snd-hda, dccp, dccp]\n") ==
        Problems{"24: module 'snd_hda' is loaded here and denied on line 25 [keep one of the two]",
                 "25: module 'dccp' is already given on line 25 [keep one of the two]"});
}

TEST_CASE("time needs a server") {
  CHECK(system_problems("  ntp: {servers: []}\n") ==
        Problems{"23: the ntp section names no server [add 'servers' or 'pools', or remove "
                 "'ntp']"});
}

TEST_CASE("what a setting needs is not turned off") {
  CHECK(system_problems("  ntp: {pools: [pool.example.org]}\n"
                        "  network: [{name: all, match: '*'}]\n"
                        "  services: {disable: [chronyd], mask: [systemd-networkd]}\n") ==
        Problems{"23: 'ntp' needs 'chronyd.service', which is disabled on line 25 [keep one of the "
                 "two]",
                 "24: 'network' needs 'systemd-networkd.service', which is masked on line 25 [keep "
                 "one of the two]"});
}

TEST_CASE("a network is for interfaces, and has addresses from somewhere") {
  CHECK(system_problems("  network:\n"
                        "    - {name: a, match: []}\n"
                        "    - {name: b, match: eth0, dhcp: false}\n"
                        "    - {name: c, match: eth1, gateway: 192.0.2.1}\n"
                        "    - {name: c, match: eth2, dns: [192.0.2.1, 192.0.2.1]}\n") ==
        Problems{
            "24: network 'a' is for no interface [add names to 'match'; \"*\" is for all]",
            "25: network 'b' has neither DHCP nor an address [add 'addresses', or remove 'dhcp']",
            "26: network 'c' has a gateway and no address [add 'addresses', or leave the gateway "
            "to DHCP]",
            "27: network 'c' is already given on line 26 [keep one of the two]"});
}

TEST_CASE("a unit has a text, drop-ins, or both, and is not masked as well") {
  CHECK(system_problems("  units:\n"
                        "    - {name: a}\n"
                        "    - {name: b, content: '[Unit]', source: b.service}\n"
                        "    - {name: c, drop_ins: [{name: x.conf}]}\n"
                        "    - {name: d.service, content: '[Unit]'}\n"
                        "    - {name: d, content: '[Unit]'}\n"
                        "    - {name: e, content: '[Unit]'}\n"
                        "  services: {mask: [e]}\n") ==
        Problems{
            "24: unit 'a.service' has neither 'content' nor 'source' [add 'content:' and its text]",
            "25: unit 'b.service' has both 'content' and 'source' [keep one of them]",
            "26: drop-in 'x.conf' has neither 'content' nor 'source' [add 'content:' and its text]",
            "28: unit 'd.service' is already given on line 27 [keep one of the two]",
            "29: unit 'e.service' is written here and masked on line 30 [keep one of the two]"});
}

TEST_CASE("a directory is named once, and is no file") {
  CHECK(system_problems("  directories:\n"
                        "    - {path: /srv/a}\n"
                        "    - {path: /srv/a, mode: \"0700\"}\n"
                        "    - {path: /srv/b}\n"
                        "  files:\n"
                        "    - {path: /srv/b, content: x}\n") ==
        Problems{"25: directory '/srv/a' is already given on line 24 [keep one of the two]",
                 "26: '/srv/b' is a directory here and a file on line 28 [keep one of the two]"});
}

TEST_CASE("a file that a setting writes is not written by 'files' too") {
  CHECK(system_problems("  motd: hello\n"
                        "  sudoers: [{name: ops, rules: ['ops ALL=(ALL) ALL']}]\n"
                        "  units: [{name: a, content: '[Unit]'}]\n"
                        "  files:\n"
                        "    - {path: /etc/motd, content: x}\n"
                        "    - {path: /etc/sudoers.d/ops, content: x}\n"
                        "    - {path: /etc/systemd/system/a.service, content: x}\n"
                        "    - {path: /etc/vconsole.conf, content: KEYMAP=us}\n") ==
        Problems{"27: '/etc/motd' is what 'motd' writes [remove one of the two]",
                 "28: '/etc/sudoers.d/ops' is what 'sudoers' writes [remove one of the two]",
                 "29: '/etc/systemd/system/a.service' is what 'units' writes [remove one of the "
                 "two]"});
}

TEST_CASE("a repository stays in the image where others can reach and check it") {
  const auto kept = [](const std::string& more) {
    return problems_of(
        with("baseurl: /srv/base", "baseurl: https://example.org/base\n    in_image: true" + more));
  };
  CHECK(kept("").empty());
  CHECK(problems_of(with("baseurl: /srv/base", "baseurl: ../base\n    in_image: true")) ==
        Problems{"8: repository 'base' cannot stay in the image: '../base' is on the machine that "
                 "builds [give a URL of https, or write the file by 'files']"});
  CHECK(problems_of(with("baseurl: /srv/base", "baseurl: file:///srv/a\n    in_image: true")) ==
        Problems{"8: repository 'base' cannot stay in the image: 'file:///srv/a' is on the machine "
                 "that builds [give a URL of https, or write the file by 'files']"});
  CHECK(problems_of(with("baseurl: /srv/base", "baseurl: ../base\n    in_image: false")).empty());
  CHECK(problems_of(with(
            "  install:", "  package_manager: database\n  install:",
            with("baseurl: /srv/base", "baseurl: https://example.org/base\n    in_image: true"))) ==
        Problems{"8: repository 'base' cannot stay in the image: 'package_manager: database' "
                 "leaves nothing that would read it [remove 'in_image', or keep the package "
                 "manager]"});
  CHECK(kept("\n    package_signatures: false") ==
        Problems{"8: repository 'base' cannot stay in the image: its packages' signatures are not "
                 "checked, and a machine's always are [remove 'package_signatures', and give its "
                 "'gpgkey']"});
  CHECK(problems_of(
            with("baseurl: /srv/base", "metalink: https://example.org/m\n    in_image: true")) ==
        Problems{"8: repository 'base' cannot stay in the image: only the mirrors of today would "
                 "be written into it [give its 'baseurl']"});
  CHECK(problems_of(with("  - id: base\n",
                         "  - {id: off, baseurl: 'https://example.org/o', gpgkey: o.asc, "
                         "enabled: false, in_image: true}\n  - id: base\n")) ==
        Problems{"6: repository 'off' cannot stay in the image: it is not enabled, so nothing is "
                 "known of it [enable it]"});
}
