#include <catch2/catch.hpp>

#include "scalar_reading.h"

using namespace composer::blueprint;
using composer::test::verdict;

TEST_CASE("keymaps are names of files that loadkeys finds") {
  for (const char* text : {"us", "de-nodeadkeys", "dvorak-programmer", "pt-latin1"}) {
    CHECK(verdict(kKeymap, text) == "ok");
  }
  for (const char* text : {"", "../us", "u s", "us\nFONT=x", "-us"}) {
    CAPTURE(text);
    CHECK(verdict(kKeymap, text) ==
          "'" + std::string(text) +
              "' is not a keymap [write it as 'localectl list-keymaps' does: 'us', "
              "'de-nodeadkeys']");
  }
}

TEST_CASE("sysctls are named as sysctl names them, and each on its own") {
  for (const char* text :
       {"net.ipv4.ip_forward", "kernel/core_pattern", "vm.swappiness",
        "net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.eth0/100.rp_filter"}) {
    CAPTURE(text);
    CHECK(verdict(kSysctlName, text) == "ok");
  }
  CHECK(verdict(kSysctlName, "-net.ipv4.ip_forward") ==
        "sysctl '-net.ipv4.ip_forward' begins with '-', which would hide that it failed [leave the "
        "'-' out]");
  CHECK(verdict(kSysctlName, "ip_forward") ==
        "'ip_forward' is not the name of a sysctl [write it as 'sysctl -a' does: "
        "'net.ipv4.ip_forward']");
  for (const char* text : {"", "a..b", ".a.b", "a.b=1", "a.b\nc.d", "a.b c", "#a.b", "a.b."}) {
    CAPTURE(text);
    CHECK(verdict(kSysctlName, text) != "ok");
  }
}

TEST_CASE("a line of a configuration file cannot become two, nor none") {
  CHECK(verdict(kSysctlValue, "4096 87380 6291456") == "ok");
  CHECK(verdict(kSysctlValue, "|/bin/false %P # not a comment") == "ok");
  CHECK(verdict(kSysctlValue, "") == "an empty value of a sysctl [give it a text]");
  CHECK(verdict(kSysctlValue, "1\n2") ==
        "a line break or tab in the value of a sysctl [write it on one line]");
  CHECK(verdict(kSysctlValue, " 1") == "a space at an end of the value of a sysctl [remove it]");
  CHECK(verdict(kSysctlValue, "1\\") ==
        "a backslash at the end of the value of a sysctl, which joins the next line to it [remove "
        "it]");
  CHECK(verdict(kSysctlValue, std::string(1025, 'x')) ==
        "value of a sysctl is 1025 bytes long [use at most 1024]");
}

TEST_CASE("modules are named without their files, and their options are words") {
  for (const char* text : {"br_netfilter", "snd-hda-intel", "8021q"}) {
    CHECK(verdict(kModuleName, text) == "ok");
  }
  CHECK(verdict(kModuleName, "dccp.ko") ==
        "'dccp.ko' is a file, not the name of a module [did you mean 'dccp'?]");
  for (const char* text : {"", "a b", "a\ninstall x /bin/sh", "../a", "-a"}) {
    CAPTURE(text);
    CHECK(verdict(kModuleName, text) != "ok");
  }
  CHECK(verdict(kModuleName, std::string(55, 'a')) == "ok");
  CHECK(verdict(kModuleName, std::string(56, 'a')) != "ok");
  CHECK(verdict(kModuleOptions, "max_loop=64 name=\"a b\"") == "ok");
  CHECK(verdict(kModuleOptions, "name=\"a") ==
        "a quote in the module options that is not closed [close it]");
  CHECK(verdict(kModuleOptions, "=64") ==
        "'=64' are not module options [write them as 'name=value', with a space between two]");
}
