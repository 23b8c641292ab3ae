#pragma once

#include <filesystem>
#include <string_view>

namespace composer::host {

/// Where the kernel shows which interpreters run other machines' programs.
inline constexpr std::string_view kInterpreters = "/proc/sys/fs/binfmt_misc";

/// Whether programs for `wanted` run here, inside another root too: those of the machine itself,
/// and those with an interpreter that the kernel keeps open (flag F), since the root has none.
///
/// @param wanted        `x86_64` or `aarch64`.
/// @param machine       This one, as `uname -m` says it.
/// @param interpreters  A folder like kInterpreters; it need not be there.
/// Source: Linux, Documentation/admin-guide/binfmt-misc.rst.
bool runs_programs_for(std::string_view wanted, std::string_view machine,
                       const std::filesystem::path& interpreters);

/// Refuses to build what this machine could not run: scriptlets, dracut, GRUB's tools.
/// @throws Error  of kind host.
void require_programs_for(std::string_view wanted);

}  // namespace composer::host
