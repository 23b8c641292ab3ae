#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "composer/base/file_descriptor.h"
#include "composer/root.h"

namespace composer::mount {

/// The capabilities that a contained process keeps, CAP_ without the prefix; all others are dropped
/// from every set, so that no set-user-ID program or file capability brings them back.
/// docs/containment.md says why each is kept.
inline constexpr std::array<std::string_view, 11> kKeptCapabilities = {
    "CHOWN",  "DAC_OVERRIDE", "FOWNER", "FSETID",     "KILL",       "SETGID",
    "SETUID", "SETFCAP",      "MKNOD",  "SYS_CHROOT", "AUDIT_WRITE"};

/// Takes this process's powers, before it runs anything of a root: capabilities, limits, session,
/// keyring, umask, signals. Its fsync and its like, and its children's, do nothing from here on:
/// a tree is written to the medium once, by whoever seals it.
/// @return for clone requests that are to be answered: see listen_for_clone_requests.
FileDescriptor confine_this_process(CloneRequests clones);

/// Replaces the environment by PATH, LANG, HOME, TERM and `assignments` (NAME=value), also in
/// the memory that /proc/PID/environ shows.
void set_clean_environment(const std::vector<std::string>& assignments);

/// Wipes what /proc/PID/environ shows of the environment that this process was started with.
void wipe_initial_environment() noexcept;

}  // namespace composer::mount
