#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "composer/error.h"
#include "composer/plan.h"
#include "composer/progress.h"
#include "composer/tree/configure.h"

#include "tests/support/memory_root.h"

// A plan and a root to begin from, and a GRUB for UEFI made of nothing but the parts that are read.

namespace composer::test {

/// The whole text of the error that `body` throws, or `no error`.
template <typename Body>
std::string message_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.to_text();
  }
  return "no error";
}

/// Keeps what was noted.
class NotedProgress final : public Progress {
 public:
  void begin(Stage stage, Amount expected) override {
    events.push_back("begin " + std::string(to_text(stage)) + " " + std::to_string(expected.items));
  }
  void advance(Stage, Amount, std::string_view current) override { events.emplace_back(current); }
  void end(Stage stage, Amount done) override {
    events.push_back("end " + std::string(to_text(stage)) + " " + std::to_string(done.items));
  }
  void note(std::string_view text) override { notes.emplace_back(text); }
  void warning(std::string_view text) override { notes.emplace_back(text); }
  void command(std::span<const std::string>) override {}
  void output(std::string_view, std::string_view) override {}

  std::vector<std::string> events, notes;
};

/// A disk for both firmwares: bios-boot, ESP at /boot/efi and an ext4 root; nothing else asked for.
Plan sample_plan();
/// The same with something in every member of `boot` and `system`.
Plan full_plan();

PlannedPartition partition(PartitionType type, FilesystemType filesystem, std::string uuid,
                           std::string mount, std::vector<std::string> options = {});

/// A root with accounts, systemd, one kernel, both GRUBs and dracut. Its commands: systemctl says
/// `enabled` or `disabled` as was asked, grub2-mkimage and dracut write their output.
MemoryRoot sample_root();

/// A GRUB for UEFI with these modules and prefix.
std::string grub_efi(const std::vector<std::string>& modules, std::string_view prefix);

/// A cpio archive in the newc format, not padded: (name, content) pairs, then the trailer.
std::string cpio(const std::vector<std::pair<std::string, std::string>>& files);

/// The step of this name. It fails the test when there is none.
const tree::ConfigureStep& step(std::string_view name);
/// Applies one step, without progress.
void apply(std::string_view name, const Plan& plan, Root& root);

}  // namespace composer::test
