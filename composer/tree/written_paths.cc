#include "composer/tree/written_paths.h"

#include <fmt/format.h>

#include "composer/base/own_paths.h"
#include "composer/error.h"

namespace composer::tree {
namespace {

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
  if (const auto problem = problem_of_path(path, noun)) {
    throw Error(ErrorKind::usage, problem->message, problem->hint);
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
