#include "composer/tree/accounts.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"

namespace composer::tree {
namespace {

[[noreturn]] void refuse(std::string message, std::string hint = {}) {
  throw Error(ErrorKind::usage, std::move(message), std::move(hint));
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const std::size_t end = line.find(':');
    fields.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

std::optional<std::uint32_t> number(std::string_view text, int base = 10) {
  std::uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One field must stay one field: a colon or a newline in it would write another account.
void check_field(std::string_view value, std::string_view what, std::string_view user) {
  for (const char c : value) {
    if (c == ':' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      refuse(
          fmt::format("the {} of '{}' has a character that '/etc/passwd' cannot hold", what, user));
    }
  }
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates,
                       std::string otherwise) {
  const auto near = nearest(word, candidates);
  return near ? fmt::format("did you mean '{}'?", *near) : std::move(otherwise);
}

// crypt(5) hashes hold neither; "!*" matches no password and is what systemd-sysusers writes.
std::string password_field(const PlannedUser& user) {
  return user.password_hash.empty() ? "!*" : user.password_hash;
}

// Day 0 would mean "must be changed at the next login", so it is left open.
std::string day_field(std::int64_t day) {
  return day > 0 ? fmt::to_string(day) : std::string();
}

}  // namespace

Accounts::Fields* Accounts::File::find(std::string_view name) {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const Fields& line) {
    return line.size() > 1 && line[0] == name;
  });
  return found == lines.end() ? nullptr : &*found;
}

const Accounts::Fields* Accounts::File::find(std::string_view name) const {
  return const_cast<File*>(this)->find(name);
}

void Accounts::File::add(Fields line) {
  lines.push_back(std::move(line));
  changed = true;
}

Accounts::File Accounts::load(const Root& root, std::string path, std::uint32_t mode) {
  File file;
  file.mode = mode;
  const auto text = root.read(path);
  file.is_there = text.has_value();
  file.path = std::move(path);
  if (text) {
    for (const std::string_view line : lines_of(*text)) file.lines.push_back(split(line));
  }
  return file;
}

Accounts::Accounts(const Root& root)
    : passwd_(load(root, "/etc/passwd", 0644)),
      group_(load(root, "/etc/group", 0644)),
      shadow_(load(root, "/etc/shadow", 0)),
      gshadow_(load(root, "/etc/gshadow", 0)),
      subuid_(load(root, "/etc/subuid", 0644)),
      subgid_(load(root, "/etc/subgid", 0644)),
      login_definitions_(root.read("/etc/login.defs").value_or("")) {
  for (const File* file : {&passwd_, &group_}) {
    if (!file->is_there) {
      throw Error(ErrorKind::build, fmt::format("the image has no '{}'", file->path),
                  "add 'setup' to packages.install");
    }
  }
}

std::uint32_t Accounts::definition(std::string_view key, std::uint32_t otherwise) const {
  for (std::string_view line : lines_of(login_definitions_)) {
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    const std::size_t from = line.find_first_not_of(" \t");
    if (from == 0 || from == std::string_view::npos) continue;
    line.remove_prefix(from);
    line = line.substr(0, line.find_first_of(" \t#"));
    if (const auto value = number(line, line.starts_with('0') ? 8 : 10)) return *value;
  }
  return otherwise;
}

std::uint32_t Accounts::home_mode() const {
  return definition("HOME_MODE", 0700) & 07777;
}

std::optional<std::uint32_t> Accounts::uid_of(std::string_view user) const {
  const Fields* line = passwd_.find(user);
  return line && line->size() > 3 ? number((*line)[2]) : std::nullopt;
}

std::optional<std::uint32_t> Accounts::gid_of(std::string_view group) const {
  const Fields* line = group_.find(group);
  return line && line->size() > 2 ? number((*line)[2]) : std::nullopt;
}

std::uint32_t Accounts::primary_gid_of(std::string_view user) const {
  const Fields* line = passwd_.find(user);
  return line && line->size() > 3 ? number((*line)[3]).value_or(0) : 0;
}

std::string Accounts::home_of(std::string_view user) const {
  const Fields* line = passwd_.find(user);
  return line && line->size() > 5 ? (*line)[5] : std::string();
}

std::vector<std::string> Accounts::user_names() const {
  std::vector<std::string> names;
  for (const Fields& line : passwd_.lines) names.push_back(line[0]);
  return names;
}

std::vector<std::string> Accounts::group_names() const {
  std::vector<std::string> names;
  for (const Fields& line : group_.lines) names.push_back(line[0]);
  return names;
}

std::set<std::uint32_t> Accounts::ids(const File& file) const {
  std::set<std::uint32_t> taken;
  for (const Fields& line : file.lines) {
    if (line.size() < 3) continue;
    if (const auto id = number(line[2])) taken.insert(*id);
  }
  return taken;
}

std::uint32_t Accounts::free_id(const std::set<std::uint32_t>& taken, std::string_view what) const {
  const std::uint32_t first = definition(what == "user" ? "UID_MIN" : "GID_MIN", 1000);
  const std::uint32_t last = definition(what == "user" ? "UID_MAX" : "GID_MAX", 60000);
  for (std::uint32_t id = first; id <= last && id >= first; id++) {
    if (!taken.contains(id)) return id;
  }
  throw Error(ErrorKind::build,
              fmt::format("no {} id is free between {} and {}", what, first, last));
}

void Accounts::add_group(const std::string& name, std::uint32_t gid) {
  group_.add({name, "x", fmt::to_string(gid), ""});
  gshadow_.add({name, "!", "", ""});
}

void Accounts::add_groups(const std::vector<PlannedGroup>& groups) {
  std::vector<const PlannedGroup*> numberless;
  for (const PlannedGroup& group : groups) {
    check_field(group.name, "name", group.name);
    if (const auto there = gid_of(group.name)) {
      if (!group.gid || *group.gid == *there) continue;
      refuse(fmt::format("the group '{}' has gid {} in the image, and the blueprint gives it {}",
                         group.name, *there, *group.gid),
             "leave 'gid' out to take the group as it is");
    }
    if (!group.gid) {
      numberless.push_back(&group);
      continue;
    }
    for (const Fields& line : group_.lines) {
      if (line.size() > 2 && number(line[2]) == group.gid) {
        refuse(fmt::format("gid {} of the group '{}' is taken by '{}'", *group.gid, group.name,
                           line[0]));
      }
    }
    add_group(group.name, *group.gid);
  }
  for (const PlannedGroup* group : numberless) {
    if (!gid_of(group->name)) add_group(group->name, free_id(ids(group_), "group"));
  }
}

void Accounts::join(const std::string& user, const std::string& group) {
  const auto append = [&](File& file, std::size_t column) {
    Fields* line = file.find(group);
    if (!line || line->size() <= column) return;
    std::string& members = (*line)[column];
    for (std::size_t at = 0; at < members.size();) {
      const std::size_t end = std::min(members.find(',', at), members.size());
      if (members.substr(at, end - at) == user) return;
      at = end + 1;
    }
    members += (members.empty() ? "" : ",") + user;
    file.changed = true;
  };
  if (!gid_of(group)) {
    refuse(fmt::format("the group '{}' of the user '{}' is not in the image", group, user),
           suggestion(group, group_names(),
                      "add it to system.groups, or install the package that makes it"));
  }
  append(group_, 3);
  append(gshadow_, 3);
}

std::string Accounts::shell_for(const PlannedUser& user, const Root& root) const {
  if (user.shell.empty()) return root.exists("/bin/bash") ? "/bin/bash" : "/bin/sh";
  check_field(user.shell, "shell", user.name);
  const auto status = root.status(user.shell);
  if (!status || status->kind != FileKind::regular || (status->mode & 0111) == 0) {
    refuse(
        fmt::format("the shell '{}' of the user '{}' is not in the image", user.shell, user.name),
        "install the package that has it");
  }
  return user.shell;
}

void Accounts::add_subordinate_range(File& file, const std::string& user) {
  if (!file.is_there || file.find(user)) return;
  const bool users = &file == &subuid_;
  const std::uint32_t count = definition(users ? "SUB_UID_COUNT" : "SUB_GID_COUNT", 65536);
  const std::uint32_t last = definition(users ? "SUB_UID_MAX" : "SUB_GID_MAX", 600100000);
  std::uint64_t first = definition(users ? "SUB_UID_MIN" : "SUB_GID_MIN", 100000);
  for (const Fields& line : file.lines) {
    if (line.size() < 3) continue;
    const auto start = number(line[1]);
    const auto length = number(line[2]);
    if (start && length) first = std::max<std::uint64_t>(first, std::uint64_t{*start} + *length);
  }
  if (count == 0 || first + count - 1 > last) {
    throw Error(ErrorKind::build,
                fmt::format("no range of {} ids is left in '{}' for '{}'", count, file.path, user));
  }
  file.add({user, fmt::to_string(first), fmt::to_string(count)});
}

void Accounts::change_root(const PlannedUser& user, std::int64_t day, const Root& root) {
  Fields* line = passwd_.find("root");
  if (!line || line->size() < 7) {
    throw Error(ErrorKind::build, "'/etc/passwd' of the image has no line for 'root'",
                "add 'setup' to packages.install");
  }
  if (user.uid.value_or(0) != 0) refuse("the uid of 'root' is 0 and cannot be another");
  if (!user.group.empty() && user.group != "root") refuse("the group of 'root' cannot be changed");
  if (!user.home.empty() && user.home != (*line)[5]) {
    refuse(fmt::format("the home of 'root' is '{}' and cannot be another", (*line)[5]));
  }
  if (!user.shell.empty()) (*line)[6] = shell_for(user, root);
  if (!user.comment.empty()) (*line)[4] = user.comment;
  passwd_.changed |= !user.shell.empty() || !user.comment.empty();
  Fields* shadow = shadow_.find("root");
  if (!shadow) {
    shadow_.add({"root", "", "", "0", "99999", "7", "", "", ""});
    shadow = shadow_.find("root");
  }
  shadow->resize(9);
  (*shadow)[1] = password_field(user);
  (*shadow)[2] = day_field(day);
  if (user.expires_day) (*shadow)[7] = fmt::to_string(*user.expires_day);
  shadow_.changed = true;
}

void Accounts::add_user(const PlannedUser& user, std::uint32_t uid, std::int64_t day,
                        const Root& root) {
  std::uint32_t gid = 0;
  if (!user.group.empty()) {
    const auto found = gid_of(user.group);
    if (!found) {
      refuse(
          fmt::format("the group '{}' of the user '{}' is not in the image", user.group, user.name),
          suggestion(user.group, group_names(),
                     "add it to system.groups, or install the package that makes it"));
    }
    gid = *found;
  } else if (const auto own = gid_of(user.name)) {
    gid = *own;
  } else {
    const auto taken = ids(group_);
    gid = taken.contains(uid) ? free_id(taken, "group") : uid;
    add_group(user.name, gid);
  }
  const std::string home = user.home.empty() ? "/home/" + user.name : user.home;
  passwd_.add({user.name, "x", fmt::to_string(uid), fmt::to_string(gid), user.comment, home,
               shell_for(user, root)});
  if (shadow_.find(user.name)) {
    refuse(fmt::format("'/etc/shadow' of the image has a line for '{}' already", user.name));
  }
  shadow_.add({user.name, password_field(user), day_field(day),
               fmt::to_string(definition("PASS_MIN_DAYS", 0)),
               fmt::to_string(definition("PASS_MAX_DAYS", 99999)),
               fmt::to_string(definition("PASS_WARN_AGE", 7)), "",
               user.expires_day ? fmt::to_string(*user.expires_day) : std::string(), ""});
  if (uid >= definition("UID_MIN", 1000)) {
    add_subordinate_range(subuid_, user.name);
    add_subordinate_range(subgid_, user.name);
  }
}

void Accounts::add_users(const std::vector<PlannedUser>& users, std::int64_t day,
                         const Root& root) {
  std::set<std::uint32_t> taken = ids(passwd_);
  for (const PlannedUser& user : users) {
    check_field(user.name, "name", user.name);
    check_field(user.comment, "comment", user.name);
    check_field(user.home, "home", user.name);
    check_field(user.password_hash, "password hash", user.name);
    if (user.name == "root") continue;
    if (const auto there = uid_of(user.name)) {
      refuse(fmt::format("the user '{}' is in the image already, with uid {}", user.name, *there),
             "a package makes it; choose another name");
    }
    if (!user.uid) continue;
    if (!taken.insert(*user.uid).second) {
      std::string other = "another user of the blueprint";
      for (const Fields& line : passwd_.lines) {
        if (line.size() > 2 && number(line[2]) == user.uid) other = fmt::format("'{}'", line[0]);
      }
      refuse(fmt::format("uid {} of the user '{}' is taken by {}", *user.uid, user.name, other));
    }
  }
  for (const PlannedUser& user : users) {
    if (user.name == "root") {
      change_root(user, day, root);
    } else {
      const std::uint32_t uid = user.uid ? *user.uid : free_id(taken, "user");
      taken.insert(uid);
      add_user(user, uid, day, root);
    }
    for (const std::string& group : user.groups) join(user.name, group);
  }
}

void Accounts::write(Root& root) const {
  for (const File* file : {&passwd_, &group_, &shadow_, &gshadow_, &subuid_, &subgid_}) {
    if (!file->changed) continue;
    std::string text;
    for (const Fields& line : file->lines) {
      for (std::size_t i = 0; i < line.size(); i++) text += (i ? ":" : "") + line[i];
      text += '\n';
    }
    root.write(file->path, text, attributes_of(root, file->path, {file->mode, 0, 0}));
  }
}

}  // namespace composer::tree
