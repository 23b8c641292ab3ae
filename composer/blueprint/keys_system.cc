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
    {"sudo", "", "'sudo' is not part of blueprint language 1 yet",
     "put the user into a group that sudo knows, such as 'wheel', or write /etc/sudoers.d by "
     "'files'"},
};

constexpr Stranger kServicesStrangers[] = {
    {"enabled", "enable"},
    {"disabled", "disable"},
    {"masked", "mask"},
};

constexpr Stranger kFileStrangers[] = {
    {"destination", "path"},
    {"permissions", "mode"},
    {"user", "owner"},
};

constexpr Stranger kSystemStrangers[] = {
    {"host_name", "hostname"},
    {"lang", "locale"},
    {"keymap", "", "'keymap' is not part of blueprint language 1 yet",
     "write /etc/vconsole.conf by 'files'"},
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
       key<&UserRequest::ssh_keys, kSshKey>(
           {.name = "ssh_keys",
            .fallback = "none",
            .meaning = "Public keys that may log in, one per entry."})});
  return table;
}

const Mapping& services_mapping() {
  static constexpr Table table(
      {"the services section",
       "system.services",
       "systemd units; what is not named here is as the packages' presets say.",
       {},
       kServicesStrangers},
      {key<&ServicesRequest::enable, kUnitName>(
           {.name = "enable", .fallback = "none", .meaning = "Units that start at boot."}),
       key<&ServicesRequest::disable, kUnitName>(
           {.name = "disable", .fallback = "none", .meaning = "Units that do not start at boot."}),
       key<&ServicesRequest::mask, kUnitName>(
           {.name = "mask", .fallback = "none", .meaning = "Units that nothing can start."})});
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
       key<&SystemRequest::timezone, kTimezone>(
           {.name = "timezone", .fallback = "none", .meaning = "What /etc/localtime leads to."}),
       section<&SystemRequest::groups, group_mapping>(
           {.name = "groups", .fallback = "none", .meaning = "Groups that are made."}),
       section<&SystemRequest::users, user_mapping>(
           {.name = "users", .fallback = "none", .meaning = "Users that are made, or changed."}),
       section<&SystemRequest::services, services_mapping>(
           {.name = "services", .fallback = "presets", .meaning = "What starts at boot."}),
       section<&SystemRequest::files, file_mapping>(
           {.name = "files", .fallback = "none", .meaning = "Files that are written."})});
  return table;
}

}  // namespace composer::blueprint
