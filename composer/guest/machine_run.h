#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "composer/progress.h"

namespace composer::guest {

inline constexpr const char* kMachineDisk = "/dev/disk/guestfs/disk";

/// A program that runs as root in a small virtual machine of libguestfs's, with its kernel.
struct MachineRun {
  std::filesystem::path disk;  ///< Raw; written to. The machine's kMachineDisk.
  std::filesystem::path root;  ///< Raw ext4 with the program and all that it needs: its `/`.
  std::vector<std::string> command;
  int memory_mib = 2048;
};

/// Starts the machine, runs the command, and ends the machine, whose disks are whole then. Without
/// KVM all in it takes ten times as long as on this machine.
///
/// @returns What the command wrote to standard output.
/// @throws Error  of kind host when libguestfs or its appliance is not there, build with the
///                command's own words when it fails.
std::string run_in_machine(const MachineRun& run, Progress& progress);

}  // namespace composer::guest
