#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "composer/plan.h"
#include "composer/root.h"

// passwd, group, shadow, gshadow, subuid and subgid of a root, changed here and not by useradd:
// that one asks the clock for the day of the last change, takes locks, and leaves backup files, and
// it would have to be in the image.

namespace composer::tree {

/// The account files of a root. Lines that are not understood are kept as they are.
class Accounts {
 public:
  /// @throws Error  when the root has no /etc/passwd or /etc/group.
  explicit Accounts(const Root& root);

  std::optional<std::uint32_t> uid_of(std::string_view user) const;
  std::optional<std::uint32_t> gid_of(std::string_view group) const;
  std::vector<std::string> user_names() const;
  std::vector<std::string> group_names() const;
  std::string home_of(std::string_view user) const;
  std::uint32_t primary_gid_of(std::string_view user) const;
  std::uint32_t home_mode() const;  ///< login.defs' HOME_MODE, else 0700.

  /// Adds the groups that are not there. Fixed ids are taken before free ones are looked for, so
  /// that the order of the list does not matter to them.
  /// @throws Error  for an id or name that is taken.
  void add_groups(const std::vector<PlannedGroup>& groups);

  /// Adds the users, or changes root where the list has it. Ids as above: the lowest free from
  /// UID_MIN of login.defs, the group of a user's own has the same number where that is free.
  /// @param day  Of the last password change: days since 1970.
  void add_users(const std::vector<PlannedUser>& users, std::int64_t day, const Root& root);

  /// Writes the files that have changed, with the owners and modes that they have.
  void write(Root& root) const;

 private:
  using Fields = std::vector<std::string>;
  struct File {
    std::string path;
    std::uint32_t mode = 0644;  ///< When it has to be made.
    bool is_there = false;
    bool changed = false;
    std::vector<Fields> lines;

    Fields* find(std::string_view name);
    const Fields* find(std::string_view name) const;
    void add(Fields line);
  };

  static File load(const Root& root, std::string path, std::uint32_t mode);
  std::uint32_t definition(std::string_view key, std::uint32_t otherwise) const;
  std::set<std::uint32_t> ids(const File& file) const;
  std::uint32_t free_id(const std::set<std::uint32_t>& taken, std::string_view what) const;
  void add_group(const std::string& name, std::uint32_t gid);
  void join(const std::string& user, const std::string& group);
  void add_user(const PlannedUser& user, std::uint32_t uid, std::int64_t day, const Root& root);
  void change_root(const PlannedUser& user, std::int64_t day, const Root& root);
  void add_subordinate_range(File& file, const std::string& user);
  std::string shell_for(const PlannedUser& user, const Root& root) const;

  File passwd_, group_, shadow_, gshadow_, subuid_, subgid_;
  std::string login_definitions_;
};

}  // namespace composer::tree
