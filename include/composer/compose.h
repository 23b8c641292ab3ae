#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "composer/azure_boot.h"
#include "composer/blueprint.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/report.h"

// The library's verbs, in the order of the flow that docs/architecture.md draws. compose.cc is the
// first file to read.

namespace composer {

/// Where a run keeps what it may need again, and what it makes on the way.
struct Places {
  std::filesystem::path cache;  ///< Content-addressed store; shared by builds, safe to delete.
  std::filesystem::path work;   ///< Scratch space of this build; same filesystem as the output.
};

/// What a build may take from what earlier builds made.
struct ReuseOptions {
  bool fresh = false;    ///< Nothing but downloads, and nothing is kept.
  bool explain = false;  ///< Say why something could not be reused, or is not kept.
};

struct BuildRequest {
  std::filesystem::path blueprint;
  std::filesystem::path output_directory;
  Places places;
  BlueprintOptions options = {};
  std::filesystem::path lock = {};  ///< Empty: packages are resolved anew.
  ReuseOptions reuse = {};
};

/// Resolves a blueprint against its repositories, or against its lock, into a Plan. Needs no root.
/// @param lock    Of the blueprint; empty: its repositories are read.
/// @throws Error  usage for what the blueprint asks and cannot have, for a lock that does not match
///                it, and for one with `base`, which `customize` is for; build for a repository
///                that cannot be read or trusted.
Plan make_plan(const Blueprint& blueprint, const Places& places, Progress& progress,
               const std::filesystem::path& lock = {});

/// @throws Error  of kind usage for a blueprint with `base`.
void refuse_base(const Blueprint& blueprint);

struct LockRequest {
  std::filesystem::path blueprint;
  std::filesystem::path lock;  ///< Empty: BLUEPRINT.lock.
  Places places;
  BlueprintOptions options = {};
  bool update_all = false;
  std::vector<std::string> update = {};  ///< Globs on names of packages that may move.
  bool diff = false;                     ///< Only say what an update would change.
};

/// Pins everything that a build of a blueprint takes from outside. Without an update, what is
/// locked stays, and only what the blueprint asks for newly is added. Needs no root.
LockReport lock(const LockRequest& request, Progress& progress);

/// The whole line: blueprint to images. Needs root for the part between `partition` and `seal`.
BuildReport build(const BuildRequest& request, Progress& progress);

/// Who changes the disk of an image: this machine's kernel, by loop devices and mounts, which needs
/// root; or the kernel of a small virtual machine of libguestfs's, which needs none.
enum class CustomizeWay { automatic, loop, libguestfs };

struct CustomizeRequest {
  std::filesystem::path base;  ///< raw, vhd, vhdx or qcow2; never written to.
  std::filesystem::path blueprint;
  std::filesystem::path output_directory;
  Places places;
  BlueprintOptions options = {};
  CustomizeWay way = CustomizeWay::automatic;  ///< By loop where this process is root.
};

/// What `customize` would do. Needs no root.
Plan plan_customization(const CustomizeRequest& request, Progress& progress);

/// Changes an image as a blueprint with `base` says, and writes the result as its outputs.
/// composer/customize.cc is to be read like compose.cc.
BuildReport customize(const CustomizeRequest& request, Progress& progress);

struct BootRequestOptions {
  std::filesystem::path image;  ///< raw, vhd, vhdx or qcow2; never written to.
  Firmware firmware = Firmware::uefi;
  PlannedBootTest expectations;
  std::filesystem::path serial_log;  ///< Where the serial console is kept.
  std::uint64_t memory_mib = 2048;
  int cpus = 2;
  std::string qemu = "qemu-system-x86_64";  ///< Name in PATH, or path.
  std::vector<std::string> qemu_arguments;  ///< Further ones, for tests.
  std::optional<AzureBootOptions> azure;    ///< Emulates Azure around the guest.
};

/// Starts the image in QEMU and waits until the guest says how its start went.
/// @throws Error  of kind host when QEMU or its firmware is missing, build when the image cannot be
///                read; an image that fails its test is a report with `passed == false`.
BootReport boot(const BootRequestOptions& options, Progress& progress);

}  // namespace composer
