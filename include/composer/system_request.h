#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "composer/error.h"

// The `system` section of a blueprint and its scripts, as their author wrote them. A source path
// counts from the folder of the file that it is written in, and stays inside it.

namespace composer {

enum class SelinuxMode { enforcing, permissive, disabled };
enum class ScriptMoment { before_configuration, after_configuration };
enum class FirewallBackend { firewalld, nftables };

/// An entry of a mapping whose keys the author chooses: `net.ipv4.ip_forward: 1`.
struct PairRequest {
  Located<std::string> key;
  Located<std::string> value;
};

struct UserRequest {
  Located<std::string> name;
  std::optional<Located<std::uint32_t>> uid;
  std::optional<Located<std::string>> group;  ///< Primary group; default: one of its own.
  std::vector<Located<std::string>> groups;
  std::optional<Located<std::string>> shell;
  std::optional<Located<std::string>> home;
  std::optional<Located<std::string>> comment;        ///< GECOS.
  std::optional<Located<std::string>> password_hash;  ///< crypt(5), never plain text.
  std::optional<Located<std::string>> expires;        ///< YYYY-MM-DD, the first day without login.
  std::vector<Located<std::string>> ssh_keys;
};

struct GroupRequest {
  Located<std::string> name;
  std::optional<Located<std::uint32_t>> gid;
};

struct ServicesRequest {
  std::vector<Located<std::string>> enable, disable, mask;
  /// Lines of a preset file of the image's own, before those of the packages (systemd.preset(5)).
  std::vector<Located<std::string>> presets;
};

struct FileRequest {
  std::optional<Located<std::string>> content;  ///< Exactly one of these two.
  std::optional<Located<std::string>> source;
  Located<std::string> path;                   ///< Absolute, in the image.
  std::optional<Located<std::uint32_t>> mode;  ///< Default 0644.
  std::optional<Located<std::string>> owner;   ///< Name in the image; default root.
  std::optional<Located<std::string>> group;
};

/// A directory that is made, and filled from a folder beside the blueprint if `source` says so.
struct DirectoryRequest {
  Located<std::string> path;
  std::optional<Located<std::string>> source;
  std::optional<Located<std::uint32_t>> mode;        ///< Default 0755; of the directory itself.
  std::optional<Located<std::string>> owner, group;  ///< Of everything that is written.
};

struct NtpRequest {
  std::vector<Located<std::string>> servers, pools;  ///< Host names or addresses, for chrony.
};

/// A file of its own in /etc/sudoers.d.
struct SudoersRequest {
  Located<std::string> name;
  std::vector<Located<std::string>> rules;  ///< Lines as sudoers(5) has them.
};

struct KernelModulesRequest {
  std::vector<Located<std::string>> load, deny;
  std::vector<PairRequest> options;  ///< Module to its options.
};

struct DropInRequest {
  std::optional<Located<std::string>> content;  ///< Exactly one of these two.
  std::optional<Located<std::string>> source;
  Located<std::string> name;  ///< `50-limits.conf`
};

/// A systemd unit in /etc/systemd/system, drop-ins for one, or both.
struct UnitRequest {
  std::optional<Located<std::string>> content;  ///< At most one of these two.
  std::optional<Located<std::string>> source;
  Located<std::string> name;  ///< With its suffix.
  std::vector<DropInRequest> drop_ins;
};

struct CaCertificateRequest {
  std::optional<Located<std::string>> content;  ///< Exactly one of these two.
  std::optional<Located<std::string>> source;
  Located<std::string> name;  ///< Of the file, without `.pem`.
};

struct FirewallRequest {
  std::optional<Located<FirewallBackend>> backend;  ///< Default: the one that is installed.
  std::vector<Located<std::string>> open;           ///< `22/tcp`, `8000-8010/udp`, `ssh`.
  Span at;
};

/// A file of systemd-networkd, /etc/systemd/network/NAME.network.
struct NetworkRequest {
  Located<std::string> name;
  std::vector<Located<std::string>> match;      ///< Interface names, globs allowed.
  std::optional<Located<bool>> dhcp;            ///< Default: true where there is no address.
  std::vector<Located<std::string>> addresses;  ///< With prefix length.
  std::optional<Located<std::string>> gateway;
  std::vector<Located<std::string>> dns;
  std::vector<Located<std::string>> search;
};

struct SelinuxRequest {
  std::optional<Located<SelinuxMode>> mode;    ///< Default: as the packages have it.
  std::optional<Located<std::string>> policy;  ///< Default: targeted.
};

struct SystemRequest {
  std::optional<Located<std::string>> hostname;
  std::optional<Located<std::string>> locale;    ///< e.g. C.UTF-8
  std::optional<Located<std::string>> keymap;    ///< e.g. us
  std::optional<Located<std::string>> timezone;  ///< e.g. Europe/Berlin
  NtpRequest ntp;
  std::vector<GroupRequest> groups;
  std::vector<UserRequest> users;
  std::vector<SudoersRequest> sudoers;
  std::vector<PairRequest> sysctl;
  KernelModulesRequest kernel_modules;
  std::vector<Located<std::string>> tmpfiles;  ///< Lines as tmpfiles.d(5) has them.
  std::vector<UnitRequest> units;
  ServicesRequest services;
  std::optional<Located<std::string>> default_target;
  std::vector<DirectoryRequest> directories;
  std::vector<FileRequest> files;
  std::vector<CaCertificateRequest> ca_certificates;
  std::optional<FirewallRequest> firewall;
  std::vector<NetworkRequest> network;
  SelinuxRequest selinux;
  std::optional<Located<bool>> fips;
  std::optional<Located<std::string>> motd;
};

/// A program that is run in the image's root, contained as scriptlets are.
struct ScriptRequest {
  std::optional<Located<std::string>> content;  ///< Exactly one of these two.
  std::optional<Located<std::string>> source;
  Located<std::string> name;                        ///< Unique; for the report and errors.
  std::optional<Located<ScriptMoment>> when;        ///< Default: after the configuration.
  std::optional<Located<std::string>> interpreter;  ///< Default: its `#!` line, else /bin/sh.
  std::optional<Located<bool>> network;             ///< Default: false.
  std::vector<PairRequest> environment;
};

}  // namespace composer
