#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "composer/progress.h"

namespace composer::vm {

/// An account in the guest, and the files of this run that get us in.
struct GuestLogin {
  std::string user;
  std::string address = "127.0.0.1";
  int port = 22;
  std::filesystem::path key;          ///< Private, of this run alone.
  std::filesystem::path known_hosts;  ///< Of this run alone; the guest's host key is new each time.
};

/// ssh's argument vector. Nothing of the user's own configuration, agent or known hosts is used.
std::vector<std::string> ssh_arguments(const GuestLogin& login, const std::string& command);

/// What became of a command in the guest.
struct GuestCommandResult {
  int status = 255;  ///< The command's, or 255 when ssh itself failed; its own words are `output`.
  std::string output;  ///< Both outputs, raw; the last 64 KiB.
  bool timed_out = false;
};

/// Makes an ed25519 key without passphrase; returns its public half, one line as in
/// authorized_keys.
std::string make_key(const std::filesystem::path& path, Progress& progress);

/// Runs a shell command in the guest with `input` on its standard input, for at most so long.
/// @param meanwhile  Called all the time; returns false when the guest is gone.
GuestCommandResult run_in_guest(const GuestLogin& login, const std::string& command,
                                const std::string& input, double seconds,
                                const std::function<bool()>& meanwhile, Progress& progress);

/// The shell command that runs its standard input as a script: by the script's `#!` line, else by
/// sh. The script's own standard input is empty.
std::string script_command();

}  // namespace composer::vm
