#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "composer/image/extents.h"
#include "composer/image/system_facts.h"
#include "composer/plan.h"
#include "composer/progress.h"

namespace composer::image {

/// What the threads of one export share: how far they are, and whether to stop.
class ExportMeter {
 public:
  /// @param expected  Bytes of data to go through, all outputs together.
  ExportMeter(Progress& progress, Bytes expected);

  /// Adds to what is done; `file` names the output in hand. Any thread.
  void advance(std::uint64_t bytes, std::string_view file);
  /// Tells the user of something that an output could not keep. Any thread.
  void warning(std::string_view text);
  /// Ends the stage.
  void finish();

  /// Asks all threads to stop at their next `check`.
  void stop() noexcept { stopped_ = true; }
  /// @throws Error  when the user asked to stop, or another output failed. Loops call it at least
  ///                once per 8 MiB.
  void check() const;

 private:
  Progress& progress_;
  std::mutex mutex_;  // Orders the reports, so that the amounts never go back.
  std::uint64_t done_ = 0;
  std::atomic<bool> stopped_ = false;
};

/// When the kernel begins to bring a copy to the disk.
enum class WriteBack { at_once, later };

/// What a format's writer is given beside the file to fill.
struct ExportJob {
  const Plan& plan;
  const PlannedOutput& output;
  const RawDisk& disk;
  ExportMeter& meter;
  unsigned threads = 1;                       ///< At least 1. The file's bytes do not depend on it.
  const SystemFacts* system = nullptr;        ///< What is on the disk, for formats that say it.
  WriteBack write_back = WriteBack::at_once;  ///< Of a copy of the disk: who waits for it soon?
};

}  // namespace composer::image
