#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "composer/system_request.h"

// What will be set in the installed system; a part of the Plan. Empty texts and lists leave
// something as the packages have it.

namespace composer {

struct PlannedUser {
  std::string name;
  std::optional<std::uint32_t> uid;
  std::string group;  ///< Empty: a group of the user's own name.
  std::vector<std::string> groups;
  std::string shell;  ///< Empty: /bin/bash.
  std::string home;   ///< Empty: /home/NAME.
  std::string comment;
  std::string password_hash;                ///< Empty: locked.
  std::optional<std::int64_t> expires_day;  ///< Days since 1970-01-01, as /etc/shadow has it.
  std::vector<std::string> ssh_keys;
};

struct PlannedGroup {
  std::string name;
  std::optional<std::uint32_t> gid;
};

struct PlannedFile {
  std::string path;
  std::string content;  ///< Bytes; in JSON as text where it is UTF-8, else base64.
  std::uint32_t mode = 0644;
  std::string owner = "root", group = "root";
};

struct PlannedDirectory {
  std::string path;
  std::uint32_t mode = 0755;
  std::string owner = "root", group = "root";
};

struct PlannedPair {
  std::string key, value;
};

struct PlannedSudoers {
  std::string name;
  std::vector<std::string> rules;
};

struct PlannedDropIn {
  std::string name, content;
};

struct PlannedUnit {
  std::string name;
  std::optional<std::string> content;  ///< Absent where there are only drop-ins.
  std::vector<PlannedDropIn> drop_ins;
};

struct PlannedCaCertificate {
  std::string name, content;
};

struct PlannedFirewall {
  FirewallBackend backend = FirewallBackend::firewalld;
  std::vector<std::string> open;
};

struct PlannedNetwork {
  std::string name;
  std::vector<std::string> match;
  bool dhcp = true;
  std::vector<std::string> addresses;
  std::string gateway;
  std::vector<std::string> dns, search;
};

struct PlannedSelinux {
  std::optional<SelinuxMode> mode;
  std::string policy;
};

struct PlannedSystem {
  std::string hostname, locale, keymap, timezone;
  std::vector<std::string> ntp_servers, ntp_pools;
  std::vector<PlannedGroup> groups;
  std::vector<PlannedUser> users;
  std::vector<PlannedSudoers> sudoers;
  std::vector<PlannedPair> sysctl;
  std::vector<std::string> modules_load, modules_deny;
  std::vector<PlannedPair> module_options;
  std::vector<std::string> tmpfiles;
  std::vector<PlannedUnit> units;
  std::vector<std::string> services_enable, services_disable, services_mask, service_presets;
  std::string default_target;
  std::vector<PlannedDirectory> directories;
  std::vector<PlannedFile> files;
  std::vector<PlannedCaCertificate> ca_certificates;
  std::optional<PlannedFirewall> firewall;
  std::vector<PlannedNetwork> network;
  PlannedSelinux selinux;
  bool fips = false;
  std::string motd;
};

/// A program that is run in the image's root.
struct PlannedScript {
  std::string name;
  ScriptMoment when = ScriptMoment::after_configuration;
  std::string content;
  std::string interpreter;  ///< Empty: its `#!` line, else /bin/sh.
  bool network = false;
  std::vector<PlannedPair> environment;
};

}  // namespace composer
