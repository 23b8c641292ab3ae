#pragma once

#include <string>

#include "composer/plan_system.h"

// The members of the Plan's system part in JSON, in order; see plan_json.cc.

namespace composer {

/// Bytes that need not be text: a JSON string where they are UTF-8, else {"base64": "…"}.
struct Content {
  std::string* bytes;
};

template <typename Io>
void members(Io& io, PlannedUser& v) {
  io("name", v.name);
  io("uid", v.uid);
  io("group", v.group);
  io("groups", v.groups);
  io("shell", v.shell);
  io("home", v.home);
  io("comment", v.comment);
  io("password_hash", v.password_hash);
  io("expires_day", v.expires_day);
  io("ssh_keys", v.ssh_keys);
}

template <typename Io>
void members(Io& io, PlannedGroup& v) {
  io("name", v.name);
  io("gid", v.gid);
}

template <typename Io>
void members(Io& io, PlannedFile& v) {
  io("path", v.path);
  io("mode", v.mode);
  io("owner", v.owner);
  io("group", v.group);
  io("content", Content{&v.content});
}

template <typename Io>
void members(Io& io, PlannedDirectory& v) {
  io("path", v.path);
  io("mode", v.mode);
  io("owner", v.owner);
  io("group", v.group);
}

template <typename Io>
void members(Io& io, PlannedPair& v) {
  io("key", v.key);
  io("value", v.value);
}

template <typename Io>
void members(Io& io, PlannedSudoers& v) {
  io("name", v.name);
  io("rules", v.rules);
}

template <typename Io>
void members(Io& io, PlannedDropIn& v) {
  io("name", v.name);
  io("content", v.content);
}

template <typename Io>
void members(Io& io, PlannedUnit& v) {
  io("name", v.name);
  io("content", v.content);
  io("drop_ins", v.drop_ins);
}

template <typename Io>
void members(Io& io, PlannedCaCertificate& v) {
  io("name", v.name);
  io("content", v.content);
}

template <typename Io>
void members(Io& io, PlannedFirewall& v) {
  io("backend", v.backend);
  io("open", v.open);
}

template <typename Io>
void members(Io& io, PlannedNetwork& v) {
  io("name", v.name);
  io("match", v.match);
  io("dhcp", v.dhcp);
  io("addresses", v.addresses);
  io("gateway", v.gateway);
  io("dns", v.dns);
  io("search", v.search);
}

template <typename Io>
void members(Io& io, PlannedSelinux& v) {
  io("mode", v.mode);
  io("policy", v.policy);
}

template <typename Io>
void members(Io& io, PlannedSystem& v) {
  io("hostname", v.hostname);
  io("locale", v.locale);
  io("keymap", v.keymap);
  io("timezone", v.timezone);
  io("ntp_servers", v.ntp_servers);
  io("ntp_pools", v.ntp_pools);
  io("groups", v.groups);
  io("users", v.users);
  io("sudoers", v.sudoers);
  io("sysctl", v.sysctl);
  io("modules_load", v.modules_load);
  io("modules_deny", v.modules_deny);
  io("module_options", v.module_options);
  io("tmpfiles", v.tmpfiles);
  io("units", v.units);
  io("services_enable", v.services_enable);
  io("services_disable", v.services_disable);
  io("services_mask", v.services_mask);
  io("service_presets", v.service_presets);
  io("default_target", v.default_target);
  io("directories", v.directories);
  io("files", v.files);
  io("ca_certificates", v.ca_certificates);
  io("firewall", v.firewall);
  io("network", v.network);
  io("selinux", v.selinux);
  io("fips", v.fips);
  io("motd", v.motd);
}

template <typename Io>
void members(Io& io, PlannedScript& v) {
  io("name", v.name);
  io("when", v.when);
  io("interpreter", v.interpreter);
  io("network", v.network);
  io("environment", v.environment);
  io("content", Content{&v.content});
}

}  // namespace composer
