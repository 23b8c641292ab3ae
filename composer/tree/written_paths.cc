#include "composer/tree/written_paths.h"

#include <array>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer::tree {
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

std::uint32_t id_of(std::optional<std::uint32_t> found, std::string_view what,
                    const std::string& name, std::string_view noun, const std::string& path,
                    const std::vector<std::string>& names) {
  if (found) return *found;
  const auto near = nearest(name, names);
  throw Error(ErrorKind::usage,
              fmt::format("the {} '{}' of the {} '{}' is not in the image", what, name, noun, path),
              near ? fmt::format("did you mean '{}'?", *near) : std::string());
}

}  // namespace

void check_written_path(const std::string& path, std::string_view noun) {
  for (const Refusal& refusal : kRefusals) {
    const bool below = refusal.path.ends_with('/');
    if (below ? path.starts_with(refusal.path) : path == refusal.path) {
      throw Error(ErrorKind::usage,
                  fmt::format("the {} '{}' cannot be written: {}", noun, path, refusal.why));
    }
  }
}

std::uint32_t owner_of(const Accounts& accounts, const std::string& user, std::string_view noun,
                       const std::string& path) {
  return id_of(accounts.uid_of(user), "owner", user, noun, path, accounts.user_names());
}

std::uint32_t group_of(const Accounts& accounts, const std::string& group, std::string_view noun,
                       const std::string& path) {
  return id_of(accounts.gid_of(group), "group", group, noun, path, accounts.group_names());
}

}  // namespace composer::tree
