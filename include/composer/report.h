#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/units.h"

namespace composer {

/// One finished output: a file, or a directory.
struct Image {
  PlannedOutput output;
  std::filesystem::path path;
  Bytes file_size;     ///< As `stat` says; of a directory, of the files in it.
  Bytes virtual_size;  ///< Of the disk in it; zero where it is made of the root.
  std::string sha256;  ///< Lower-case hexadecimal, of the file; of a directory, of its tar archive.
};

struct StageTime {
  Stage stage = Stage::metadata;
  double seconds = 0;  ///< Wall.
};

/// What a build made. The times are for people; nothing of them reaches an output file.
struct BuildReport {
  Plan plan;
  std::vector<Image> images;
  std::vector<std::filesystem::path> files;  ///< plan.lock, manifest.json, lint.json, SHA256SUMS.
  std::string lint;  ///< What the images' rules found, for people; empty when not asked.
  std::vector<StageTime> times;
  Bytes peak_memory;
};

/// What `lock` came to.
struct LockReport {
  std::filesystem::path path;
  std::size_t packages = 0;
  bool kept = false;    ///< The lock matches its blueprint, and nothing was to be updated.
  std::string changes;  ///< In words, of a lock that was there; empty: none.
};

/// One thing that a boot proves, as CI systems count them.
struct BootCheck {
  enum class Outcome { passed, failed, skipped };

  std::string name;  ///< `reaches multi-user.target`, completing "the image …".
  Outcome outcome = Outcome::skipped;
  std::vector<std::string> findings;  ///< Why it failed, one line each.
};

/// What a booted guest said, or what was seen of it. All texts are printable, whatever the guest
/// wrote.
struct BootReport {
  bool passed = false;
  std::vector<std::string> findings;  ///< What was wrong, one line each; empty when passed.
  std::vector<BootCheck> checks;      ///< Always all of them, in a fixed order.
  std::vector<std::string> notes;     ///< Worth knowing, not wrong.
  std::string accelerator;            ///< kvm or tcg.
  std::string firmware;               ///< uefi or bios.
  double firmware_seconds = 0;        ///< Power on to the kernel's first sign.
  double kernel_seconds = 0;          ///< Kernel to first user space, initramfs included.
  double userspace_seconds = 0;       ///< To the target.
  double wall_seconds = 0;
  double ready_seconds = 0;      ///< Power on to the report of being provisioned; 0 if none came.
  std::string system_state;      ///< systemd's: running, degraded, …; empty if unknown.
  std::string kernel, hostname;  ///< As the guest says; empty if it did not.
  std::vector<std::string> failed_units;
  std::filesystem::path serial_log;
};

}  // namespace composer
