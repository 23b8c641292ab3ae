#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "composer/blueprint.h"

// Which paths of an image are not for `system.files` and `system.directories`: what the composer
// writes itself, and where nothing survives. A file there would silently be lost, or break what
// another part of the blueprint asks for. Paths are compared where the links of every merged
// distribution lead: `/bin/sh` is `/usr/bin/sh`.

namespace composer {

/// Why a path is refused, and what to do instead.
struct PathProblem {
  std::string message;
  std::string hint;
};

/// `path` with `/bin`, `/sbin`, `/lib` and `/lib64` below `/usr`, where they are links to.
std::string merged_path(std::string_view path);

/// Where a user lives: accounts without a home of their own have useradd's, root its own.
std::string home_of(const UserRequest& user);

/// What is refused in every image, whatever its blueprint says.
/// @param path  Absolute, in its shortest form.
/// @param noun  `file` or `directory`.
std::optional<PathProblem> problem_of_path(std::string_view path, std::string_view noun);

/// The paths that the settings of one blueprint write.
class OwnPaths {
 public:
  explicit OwnPaths(const Blueprint& blueprint);

  /// The same as problem_of_path, and what is refused since a setting writes it.
  std::optional<PathProblem> problem_of(std::string_view path, std::string_view noun) const;

 private:
  struct Writer {
    std::string_view key;
    std::string_view hint;
  };

  void add(std::string_view path, std::string_view key, std::string_view hint);
  void add_system(const Blueprint& blueprint);
  void add_named(const SystemRequest& system);
  void add_firewall(const FirewallRequest& firewall);
  void add_repositories(const Blueprint& blueprint);

  std::map<std::string, Writer, std::less<>> writers_;  ///< By merged path.
};

}  // namespace composer
