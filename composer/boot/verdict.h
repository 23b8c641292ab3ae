#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the guest says on its second serial port: lines `image-composer NONCE KEYWORD VALUE`,
// defined by docs/boot-testing.md. Everything here is hostile input: all texts are printable and
// bounded when they leave this file, and lines without the nonce of this run mean nothing.

namespace composer::vm {

/// What the guest says of one unit; texts as systemd's properties of the same names.
struct GuestUnit {
  std::string load_state, active_state, sub_state, result;
  std::uint64_t active_since_us = 0;  ///< Monotonic, microseconds; 0 if never.
  std::vector<std::string> log;       ///< Its last journal lines, oldest first.
};

/// A whole report, from `begin` to a matching `end`.
struct GuestReport {
  std::string system_state;  ///< running, degraded, maintenance, …
  std::string kernel, hostname;
  /// Monotonic microseconds since the kernel's start; 0 where there was none.
  std::uint64_t initrd_us = 0, userspace_us = 0, finish_us = 0;
  std::map<std::string, GuestUnit> units;
  std::vector<std::string> failed;
  std::vector<std::string> unmounted;
};

class VerdictReader {
 public:
  explicit VerdictReader(std::string nonce) : nonce_(std::move(nonce)) {}

  /// Takes the next bytes of the port, in pieces of any size.
  void feed(std::string_view bytes);

  /// The guest's time since the kernel's start when the initrd's or the system's script first
  /// spoke.
  std::optional<double> initrd_hello() const { return initrd_hello_; }
  std::optional<double> system_hello() const { return system_hello_; }
  /// The jobs that the start was last said to wait for.
  const std::vector<std::string>& waiting_for() const { return waiting_for_; }
  /// The report, once it is whole.
  const std::optional<GuestReport>& report() const { return report_; }
  /// True when an `end` came that did not match: records were lost on the way.
  bool damaged() const { return damaged_; }

 private:
  void take_line(std::string_view line);
  void take_record(std::string_view keyword, std::string_view value);
  void take_report_record(std::string_view keyword, std::string_view value);
  GuestUnit* unit(std::string_view name);

  std::string nonce_;
  std::string line_;
  bool line_too_long_ = false;
  std::optional<double> initrd_hello_, system_hello_;
  std::vector<std::string> waiting_for_;
  std::optional<GuestReport> draft_, report_;
  std::size_t records_ = 0;
  bool damaged_ = false;
};

}  // namespace composer::vm
