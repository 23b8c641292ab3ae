#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/accounts.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::files {
namespace {

struct Refusal {
  std::string_view path;  ///< With a slash at its end: everything below.
  std::string_view why;
};

// What the composer writes itself, or what no file survives in. A file there would silently be lost
// or break what another part of the blueprint asks for.
constexpr std::array kRefusals{
    Refusal{"/etc/fstab", "it is written from 'disk.partitions'"},
    Refusal{"/etc/passwd", "it is written from 'system.users'"},
    Refusal{"/etc/shadow", "it is written from 'system.users'"},
    Refusal{"/etc/group", "it is written from 'system.groups'"},
    Refusal{"/etc/gshadow", "it is written from 'system.groups'"},
    Refusal{"/etc/machine-id", "each machine makes its own at its first start"},
    Refusal{"/boot/grub2/grub.cfg", "it is written from 'boot'"},
    Refusal{"/boot/grub2/grubenv", "it is written from 'boot'"},
    Refusal{"/etc/default/grub", "it is written from 'boot'"},
    Refusal{"/etc/kernel/cmdline", "it is written from 'boot.kernel_arguments'"},
    Refusal{"/tmp/", "the folder is emptied at the end of the build"},
    Refusal{"/var/tmp/", "the folder is emptied at the end of the build"},
    Refusal{"/run/", "the running system mounts a filesystem over it"},
    Refusal{"/proc/", "the running system mounts a filesystem over it"},
    Refusal{"/sys/", "the running system mounts a filesystem over it"},
    Refusal{"/dev/", "the running system mounts a filesystem over it"},
};

void check_path(const std::string& path) {
  for (const Refusal& refusal : kRefusals) {
    const bool below = refusal.path.ends_with('/');
    if (below ? path.starts_with(refusal.path) : path == refusal.path) {
      throw Error(ErrorKind::usage,
                  fmt::format("the file '{}' cannot be written: {}", path, refusal.why));
    }
  }
}

std::uint32_t id_of(std::optional<std::uint32_t> found, std::string_view what,
                    const std::string& name, const std::string& path,
                    const std::vector<std::string>& names) {
  if (found) return *found;
  const auto near = nearest(name, names);
  throw Error(ErrorKind::usage,
              fmt::format("the {} '{}' of the file '{}' is not in the image", what, name, path),
              near ? fmt::format("did you mean '{}'?", *near) : std::string());
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.files.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedFile& file : plan.system.files) {
    texts.push_back(fmt::format("write {} ({}), mode {:04o}, {}:{}", file.path,
                                to_text(Bytes{file.content.size()}), file.mode, file.owner,
                                file.group));
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress&) {
  const Accounts accounts(root);
  for (const PlannedFile& file : plan.system.files) {
    check_path(file.path);
    const std::uint32_t uid =
        id_of(accounts.uid_of(file.owner), "owner", file.owner, file.path, accounts.user_names());
    const std::uint32_t gid =
        id_of(accounts.gid_of(file.group), "group", file.group, file.path, accounts.group_names());
    const auto there = root.link_status(file.path);
    if (there && there->kind == FileKind::directory) {
      throw Error(
          ErrorKind::usage,
          fmt::format("the file '{}' cannot be written: it is a folder in the image", file.path));
    }
    write_with_parents(root, file.path, file.content, {file.mode, uid, gid});
  }
}

}  // namespace composer::tree::files
