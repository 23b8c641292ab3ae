#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"

namespace composer::blueprint {
namespace {

constexpr auto kRequired = Presence::required;

constexpr std::string_view kPlainPassword =
    "a password in plain text would be readable in the blueprint, the logs and the lock";
constexpr std::string_view kUseHash =
    "use 'password_hash', made with 'mkpasswd -m yescrypt', or better 'ssh_keys'";

constexpr Stranger kUserStrangers[] = {
    {"password", "", kPlainPassword, kUseHash, Secrecy::secret},
    {"passwd", "", kPlainPassword, kUseHash, Secrecy::secret},
    {"plain_text_passwd", "", kPlainPassword, kUseHash, Secrecy::secret},
    {"ssh_authorized_keys", "ssh_keys"},
    {"home_directory", "home"},
    {"gecos", "comment"},
    {"sudo", "", "what a user may do by sudo is not said with the user",
     "put the user into a group that sudo knows, such as 'wheel', or add 'sudoers' to 'system'"},
    {"expire", "expires"},
    {"expiredate", "expires"},
};

constexpr Stranger kFileStrangers[] = {
    {"destination", "path"},
    {"permissions", "mode"},
    {"user", "owner"},
};

constexpr Stranger kKernelModulesStrangers[] = {
    {"blacklist", "deny"},
    {"disable", "deny"},
};

constexpr Stranger kSystemStrangers[] = {
    {"host_name", "hostname"},      {"lang", "locale"},
    {"keyboard", "keymap"},         {"sysctls", "sysctl"},
    {"modules", "kernel_modules"},  {"chrony", "ntp"},
    {"networks", "network"},        {"target", "default_target"},
    {"message_of_the_day", "motd"},
};

}  // namespace

const Mapping& group_mapping() {
  static constexpr Table table(
      {"a group", "system.groups[]", "A group that is made if no package made it."},
      {key<&GroupRequest::name, kGroupName>(
           {.name = "name", .presence = kRequired, .meaning = "Its name."}),
       key<&GroupRequest::gid, kNumericId>(
           {.name = "gid", .fallback = "the next free one", .meaning = "Its number."})});
  return table;
}

const Mapping& user_mapping() {
  static constexpr Table table(
      {"a user",
       "system.users[]",
       "A user. Without `password_hash` the password is locked; root's is locked too.",
       {},
       kUserStrangers},
      {key<&UserRequest::name, kUserName>(
           {.name = "name", .presence = kRequired, .meaning = "The login name."}),
       key<&UserRequest::uid, kNumericId>(
           {.name = "uid", .fallback = "the next free one", .meaning = "The user's number."}),
       key<&UserRequest::group, kGroupName>({.name = "group",
                                             .fallback = "one of the user's own name",
                                             .meaning = "The primary group."}),
       key<&UserRequest::groups, kGroupName>(
           {.name = "groups", .fallback = "none", .meaning = "Further groups."}),
       key<&UserRequest::shell, kProgramPath>(
           {.name = "shell", .fallback = "/bin/bash", .meaning = "The login shell."}),
       key<&UserRequest::home, kProgramPath>(
           {.name = "home", .fallback = "/home/NAME", .meaning = "The home directory."}),
       key<&UserRequest::comment, kComment>(
           {.name = "comment", .fallback = "empty", .meaning = "The full name."}),
       key<&UserRequest::password_hash, kPasswordHash>(
           {.name = "password_hash",
            .fallback = "locked",
            .meaning = "The hash of a password, never a password. Put it in single quotes."}),
       key<&UserRequest::expires, kDate>(
           {.name = "expires",
            .fallback = "never",
            .meaning = "The first day on which the user can no longer log in."}),
       key<&UserRequest::ssh_keys, kSshKey>(
           {.name = "ssh_keys",
            .fallback = "none",
            .meaning = "Public keys that may log in, one per entry."})});
  return table;
}

const Mapping& file_mapping() {
  static constexpr Table table(
      {"a file",
       "system.files[]",
       "A regular file that is written after the packages, with exactly one of `content` and "
       "`source`; missing folders are made.",
       {},
       kFileStrangers},
      {key<&FileRequest::path, kFilePath>(
           {.name = "path", .presence = kRequired, .meaning = "Where it is in the image."}),
       key<&FileRequest::content, kContent>(
           {.name = "content", .fallback = "none", .meaning = "What it holds."}),
       key<&FileRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A file in the blueprint's folder whose content it gets."}),
       key<&FileRequest::mode, kFileMode>(
           {.name = "mode", .fallback = "\"0644\"", .meaning = "Its permissions."}),
       key<&FileRequest::owner, kUserName>(
           {.name = "owner", .fallback = "root", .meaning = "A user of the image."}),
       key<&FileRequest::group, kGroupName>(
           {.name = "group", .fallback = "root", .meaning = "A group of the image."})});
  return table;
}

const Mapping& directory_mapping() {
  static constexpr Table table(
      {"a directory",
       "system.directories[]",
       "A folder that is made after the packages, and filled from `source`; missing folders above "
       "it are made.",
       {},
       kFileStrangers},
      {key<&DirectoryRequest::path, kFilePath>(
           {.name = "path", .presence = kRequired, .meaning = "Where it is in the image."}),
       key<&DirectoryRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A folder in the blueprint's folder whose files and folders it gets, at "
                       "most 10000 of 64 MiB together. Files that their owner may execute get "
                       "mode `0755`, others `0644`, folders `0755`."}),
       key<&DirectoryRequest::mode, kFileMode>(
           {.name = "mode",
            .fallback = "\"0755\", or what a folder of the packages has",
            .meaning = "Permissions of the folder itself."}),
       key<&DirectoryRequest::owner, kUserName>(
           {.name = "owner", .fallback = "root", .meaning = "Owner of all that is written."}),
       key<&DirectoryRequest::group, kGroupName>(
           {.name = "group", .fallback = "root", .meaning = "Group of all that is written."})});
  return table;
}

const Mapping& sudoers_mapping() {
  static constexpr Table table(
      {"a file of sudoers", "system.sudoers[]",
       "A file in `/etc/sudoers.d`. Its syntax is checked by the image's `visudo`."},
      {key<&SudoersRequest::name, kSudoersName>(
           {.name = "name", .presence = kRequired, .meaning = "Name of the file."}),
       key<&SudoersRequest::rules, kSudoRule>(
           {.name = "rules", .presence = kRequired, .meaning = "Its lines."})});
  return table;
}

const Mapping& kernel_modules_mapping() {
  static constexpr Table table(
      {"the kernel_modules section",
       "system.kernel_modules",
       "Modules of the kernel, in `/etc/modules-load.d` and `/etc/modprobe.d`.",
       {},
       kKernelModulesStrangers},
      {key<&KernelModulesRequest::load, kModuleName>(
           {.name = "load", .fallback = "none", .meaning = "Modules that are loaded at boot."}),
       key<&KernelModulesRequest::deny, kModuleName>(
           {.name = "deny",
            .fallback = "none",
            .meaning = "Modules that nothing can load, not even by name."}),
       pairs<&KernelModulesRequest::options, kModuleName, kModuleOptions>(
           {.name = "options",
            .fallback = "none",
            .meaning = "What a module gets when it is loaded."})});
  return table;
}

const Mapping& system_mapping() {
  static constexpr Table table(
      {"the system section",
       "system",
       "What is set in the installed system; what is left out stays as the "
       "packages have it.",
       {},
       kSystemStrangers},
      {key<&SystemRequest::hostname, kHostname>(
           {.name = "hostname", .fallback = "none", .meaning = "Content of /etc/hostname."}),
       key<&SystemRequest::locale, kLocale>(
           {.name = "locale", .fallback = "none", .meaning = "`LANG` in /etc/locale.conf."}),
       key<&SystemRequest::keymap, kKeymap>(
           {.name = "keymap", .fallback = "none", .meaning = "`KEYMAP` in /etc/vconsole.conf."}),
       key<&SystemRequest::timezone, kTimezone>(
           {.name = "timezone", .fallback = "none", .meaning = "What /etc/localtime leads to."}),
       section<&SystemRequest::ntp, ntp_mapping>({.name = "ntp",
                                                  .fallback = "as chrony's package has it",
                                                  .meaning = "Where the time comes from."}),
       section<&SystemRequest::groups, group_mapping>(
           {.name = "groups", .fallback = "none", .meaning = "Groups that are made."}),
       section<&SystemRequest::users, user_mapping>(
           {.name = "users", .fallback = "none", .meaning = "Users that are made, or changed."}),
       section<&SystemRequest::sudoers, sudoers_mapping>(
           {.name = "sudoers", .fallback = "none", .meaning = "What users may do by sudo."}),
       pairs<&SystemRequest::sysctl, kSysctlName, kSysctlValue>(
           {.name = "sysctl",
            .fallback = "as the packages have them",
            .meaning = "Kernel parameters that are set at boot, after those of the packages."}),
       section<&SystemRequest::kernel_modules, kernel_modules_mapping>(
           {.name = "kernel_modules",
            .fallback = "none",
            .meaning = "Which modules are loaded, and how."}),
       key<&SystemRequest::tmpfiles, kTmpfilesLine>(
           {.name = "tmpfiles",
            .fallback = "none",
            .meaning = "Files and folders that are made at every boot."}),
       section<&SystemRequest::units, unit_mapping>(
           {.name = "units", .fallback = "none", .meaning = "systemd units and drop-ins."}),
       section<&SystemRequest::services, services_mapping>(
           {.name = "services", .fallback = "presets", .meaning = "What starts at boot."}),
       key<&SystemRequest::default_target, kTargetName>({.name = "default_target",
                                                         .fallback = "as systemd's package has it",
                                                         .meaning = "What a boot reaches for."}),
       section<&SystemRequest::directories, directory_mapping>(
           {.name = "directories", .fallback = "none", .meaning = "Folders that are made."}),
       section<&SystemRequest::files, file_mapping>(
           {.name = "files", .fallback = "none", .meaning = "Files that are written."}),
       optional_section<&SystemRequest::firewall, firewall_mapping>(
           {.name = "firewall",
            .fallback = "as the packages have it",
            .meaning = "What may come in over the network."}),
       section<&SystemRequest::network, network_mapping>({.name = "network",
                                                          .fallback = "as the packages have it",
                                                          .meaning = "How interfaces are set up."}),
       key<&SystemRequest::motd, kMotd>({.name = "motd",
                                         .fallback = "as the packages have it",
                                         .meaning = "Content of /etc/motd."}),
       section<&SystemRequest::ca_certificates, ca_certificate_mapping>(
           {.name = "ca_certificates",
            .fallback = "none",
            .meaning = "Certificate authorities that the system trusts beside its own."}),
       section<&SystemRequest::selinux, selinux_mapping>(
           {.name = "selinux", .fallback = "as the packages have it", .meaning = "SELinux."}),
       key<&SystemRequest::fips, kBoolean>(
           {.name = "fips",
            .fallback = "false",
            .meaning = "Whether the kernel and the libraries start in FIPS mode: `fips=1`, and "
                       "`boot=` where /boot is a filesystem of its own, on the kernel command "
                       "line, dracut's module `fips`, and the crypto-policy FIPS where "
                       "crypto-policies is installed. Needs the package dracut-fips."})});
  return table;
}

}  // namespace composer::blueprint
