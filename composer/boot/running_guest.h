#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "composer/base/file_descriptor.h"
#include "composer/boot/machine.h"
#include "composer/host/child_process.h"

namespace composer::vm {

/// A machine in QEMU, powered on, with its two serial ports in our hands. It ends with this object,
/// and with this process.
class RunningGuest {
 public:
  /// @param machine     Its descriptor numbers are set here.
  /// @param image       The disk image, opened for reading only.
  /// @param overlay     Machine::overlay's file, opened for reading and writing; -1: none.
  /// @param serial_log  Gets what the console shows, as it came, 64 MiB at most; empty: no file.
  RunningGuest(Machine machine, int image, int overlay, const std::filesystem::path& serial_log,
               Progress& progress);

  /// What came since the last call.
  struct Heard {
    std::string console, port;
    std::optional<int> ended;  ///< QEMU's exit status.
  };

  /// Waits until something comes, at most so long.
  Heard wait(std::chrono::milliseconds most);

  /// Sends to the second serial port; what the guest does not take is dropped.
  void say(std::string_view text);

  /// Ends QEMU: SIGTERM, then SIGKILL.
  void end() { child_.end(std::chrono::seconds(2)); }

  /// The last that QEMU itself printed, for an error.
  const std::string& qemu_output() const { return qemu_output_; }

 private:
  struct Wiring {
    FileDescriptor console, console_far, port, port_far;
  };
  RunningGuest(Machine machine, int image, int overlay, const std::filesystem::path& serial_log,
               Progress& progress, Wiring wiring);
  static Wiring make_wiring();
  void keep(std::string_view console);

  FileDescriptor console_, port_, log_;
  std::uint64_t log_size_ = 0;
  std::string log_name_, qemu_output_;
  host::ChildProcess child_;
};

}  // namespace composer::vm
