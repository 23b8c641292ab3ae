#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "composer/azure_boot.h"
#include "composer/blueprint.h"
#include "composer/compose.h"
#include "composer/convert.h"
#include "composer/lint/rule.h"

// The command line as data: argv becomes one of these requests, or an answer to print.

namespace composer {

enum class LintFormat { text, json, sarif };

struct ValidateRequest {
  std::vector<std::filesystem::path> blueprints;
  BlueprintOptions options = {};
  bool explain = false;
  bool json = false;  ///< Of what is explained.
};

/// Print the JSON Schema of the blueprint language.
struct SchemaRequest {};

/// Whether packages are those of a lock, and where that is.
struct LockOptions {
  bool locked = false;
  std::filesystem::path lock = {};  ///< Empty: BLUEPRINT.lock.
};

struct PlanRequest {
  std::filesystem::path blueprint;
  bool json = false;
  BlueprintOptions options = {};
  LockOptions lock = {};
};

struct LockCommand {
  std::filesystem::path blueprint;
  std::filesystem::path lock;
  std::vector<std::string> update;  ///< Empty words: everything.
  bool update_given = false;
  bool diff = false;
  BlueprintOptions options = {};
};

struct BuildCommand {
  std::filesystem::path blueprint;
  std::filesystem::path output_directory;
  std::filesystem::path work_directory;  ///< Empty: in the output directory.
  BlueprintOptions options = {};
  LockOptions lock = {};
  ReuseOptions reuse = {};
};

enum class CacheAction { info, prune, verify };

struct CacheCommand {
  CacheAction action = CacheAction::info;
  std::optional<Bytes> limit;  ///< Of prune; absent: cache_limit().
  bool json = false;
};

struct CustomizeCommand {
  std::filesystem::path base, blueprint;
  std::filesystem::path output_directory;
  std::filesystem::path work_directory;  ///< Empty: in the output directory.
  bool plan = false;                     ///< Only say what would be done,
  bool json = false;                     ///< in JSON.
  CustomizeWay way = CustomizeWay::automatic;
  BlueprintOptions options = {};
};

/// What `customize` runs in libguestfs's machine; not for people.
struct ChangeDiskCommand {
  std::filesystem::path folder, device;
};

struct BootCommand {
  std::filesystem::path image;
  std::optional<Firmware> firmware;  ///< Absent: as plan.lock beside the image says, or UEFI.
  std::optional<std::uint64_t> timeout_seconds;
  std::optional<std::string> target;
  std::vector<std::string> services;
  std::filesystem::path serial_log;  ///< Empty: IMAGE.serial.log.
  std::filesystem::path junit;       ///< Empty: none.
  std::uint64_t memory_mib = 2048;
  int cpus = 2;
  bool azure = false;
  AzureBootOptions azure_options;              ///< Without its scripts.
  std::vector<std::filesystem::path> scripts;  ///< Run in the provisioned guest.
};

/// What QEMU starts for a connection of an emulated Azure's guest; not for people.
struct RelayCommand {
  std::filesystem::path socket;
};

struct LintCommand {
  std::vector<std::filesystem::path> images;
  std::vector<LintProfile> profiles;  ///< Empty: as plan.lock beside the image says.
  std::vector<std::string> ignore;    ///< RULE=REASON.
  LintFormat format = LintFormat::text;
  lint::Severity fail_on = lint::Severity::error;
  bool list = false;
};

struct InspectCommand {
  std::filesystem::path image;
  bool packages = false;  ///< List them, rather than count them.
  bool json = false;
};

struct DiffCommand {
  std::filesystem::path before, after;
  bool json = false;
};

/// What to print and exit with, for --help, --version and a wrong command line.
struct Answer {
  std::string text;
  int exit_code = 0;
};

struct CommandLine {
  bool verbose = false;
  bool json_log = false;
  std::filesystem::path trace;  ///< Empty: none.
  std::filesystem::path cache;  ///< Empty: see default_cache().
  std::variant<Answer, ValidateRequest, SchemaRequest, PlanRequest, LockCommand, BuildCommand,
               CustomizeCommand, ChangeDiskCommand, BootCommand, RelayCommand, LintCommand,
               InspectCommand, DiffCommand, ConvertRequest, CacheCommand>
      command;
};

/// Reads the command line. Never throws for a wrong one: that is an Answer with exit code 2.
CommandLine parse_command_line(int argc, const char* const* argv);

/// $IMAGE_COMPOSER_CACHE, else $XDG_CACHE_HOME/image-composer, else ~/.cache/image-composer.
/// @throws Error  of kind usage when none of these says where.
std::filesystem::path default_cache();

/// Runs a command and returns the exit code. Results go to standard output.
class Console;
int run_command(const CommandLine& line, Console& console);

}  // namespace composer
