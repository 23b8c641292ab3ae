#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "composer/error.h"
#include "composer/tree/accounts.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::users {
namespace {

constexpr std::int64_t kSecondsPerDay = 86400;
constexpr int kDeepestSkeleton = 32;

void copy_skeleton(Root& root, const std::string& from, const std::string& to, std::uint32_t uid,
                   std::uint32_t gid, int depth) {
  if (depth > kDeepestSkeleton) {
    throw Error(ErrorKind::build, fmt::format("'{}' of the image has too many levels", from));
  }
  for (const std::string& name : root.list(from)) {
    const std::string source = from + "/" + name;
    const std::string target = to + "/" + name;
    const auto status = root.link_status(source);
    if (!status || root.link_status(target)) continue;
    const FileAttributes attributes{status->mode & 0777, uid, gid};
    if (status->kind == FileKind::directory) {
      root.make_directories(target, attributes);
      copy_skeleton(root, source, target, uid, gid, depth + 1);
    } else if (status->kind == FileKind::regular) {
      root.write(target, root.read(source).value_or(""), attributes);
    } else if (status->kind == FileKind::symlink) {
      root.make_link(root.read_link(source).value_or(""), target);
    }
  }
}

// A home that a package made keeps what it is, as with useradd.
void make_home(Root& root, const std::string& home, std::uint32_t mode, std::uint32_t uid,
               std::uint32_t gid) {
  if (root.exists(home)) return;
  root.make_directories(parent_of(home), {0755, 0, 0});
  root.make_directories(home, {mode, uid, gid});
  copy_skeleton(root, "/etc/skel", home, uid, gid, 0);
}

void write_keys(Root& root, const PlannedUser& user, const std::string& home, std::uint32_t uid,
                std::uint32_t gid) {
  std::string text;
  for (const std::string& key : user.ssh_keys) {
    if (key.find_first_of("\n\r") != std::string::npos) {
      throw Error(ErrorKind::usage,
                  fmt::format("an ssh key of the user '{}' has more than one line", user.name));
    }
    text += key + "\n";
  }
  const std::string folder = home + "/.ssh";
  root.make_directories(folder, {0700, uid, gid});
  root.set_attributes(folder, {0700, uid, gid});
  root.write(folder + "/authorized_keys", text, {0600, uid, gid});
}

std::string described(const PlannedUser& user) {
  const bool root = user.name == "root";
  std::string text = root ? "change the user root" : fmt::format("add the user {}", user.name);
  if (user.uid && !root) text += fmt::format(" with uid {}", *user.uid);
  if (!user.group.empty()) text += fmt::format(", group {}", user.group);
  if (!user.groups.empty()) text += fmt::format(", also in {}", fmt::join(user.groups, ", "));
  if (!root || !user.home.empty()) {
    text += fmt::format(", home {}", user.home.empty() ? "/home/" + user.name : user.home);
  }
  if (!user.shell.empty()) text += fmt::format(", shell {}", user.shell);
  if (!user.comment.empty()) text += fmt::format(", comment '{}'", user.comment);
  text += user.password_hash.empty() ? ", password locked" : ", password set by its hash";
  if (user.expires_day) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(*user.expires_day))};
    text += fmt::format(", expires on {:04}-{:02}-{:02}", static_cast<int>(date.year()),
                        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  }
  return text;
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.users.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedUser& user : plan.system.users) {
    texts.push_back(described(user));
    for (const std::string& key : user.ssh_keys) {
      // A key's text is long and its middle says nothing: type and comment identify it.
      const std::size_t first = key.find(' ');
      const std::size_t last = key.find(' ', first == std::string::npos ? first : first + 1);
      texts.push_back(fmt::format("let {} log in with the ssh key {}{}", user.name,
                                  key.substr(0, first),
                                  last == std::string::npos ? std::string() : key.substr(last)));
    }
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  Accounts accounts(root);
  accounts.add_users(plan.system.users, plan.source_date_epoch / kSecondsPerDay, root);
  accounts.write(root);
  for (const PlannedUser& user : plan.system.users) {
    const std::string home = accounts.home_of(user.name);
    const std::uint32_t uid = accounts.uid_of(user.name).value_or(0);
    const std::uint32_t gid = accounts.primary_gid_of(user.name);
    make_home(root, home, accounts.home_mode(), uid, gid);
    if (!user.ssh_keys.empty()) write_keys(root, user, home, uid, gid);
  }
}

}  // namespace composer::tree::users
