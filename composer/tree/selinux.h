#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/root.h"

namespace composer::tree {

/// What /etc/selinux/config of a root says: selinux(8).
struct SelinuxConfig {
  std::optional<SelinuxMode> mode;
  std::string policy;  ///< SELINUXTYPE; a folder of /etc/selinux.
};

/// @throws Error  for a policy that is no plain name.
SelinuxConfig read_selinux_config(const Root& root);

/// The text of /etc/selinux/config with these settings in place of its own; comments stay.
std::string with_selinux_config(std::string_view text, SelinuxMode mode, std::string_view policy);

/// Where a policy says which label each path has.
std::string file_contexts_of(std::string_view policy);

/// The policy that the files of a root are labelled by: the configured one, unless SELinux is
/// disabled or was never installed. A policy that is configured and not there is a warning, or,
/// where the plan asks for SELinux, an Error.
std::optional<std::string> labelling_policy(const Plan& plan, const Root& root, Progress& progress);

/// Gives every file of the root the label that its policy says, on every filesystem that is mounted
/// in it and can hold labels, and the directories below the mounts too. To be called last: what is
/// written afterwards has none. Needs the right to mount; SELinux on this machine is not needed.
///
/// The image's file_contexts are read by a contained process, which decides and changes nothing.
/// @throws Error  when they cannot be read, or give what is no label.
void label_files(const Plan& plan, const std::filesystem::path& directory, Root& root,
                 Progress& progress);

}  // namespace composer::tree
