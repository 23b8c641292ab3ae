#pragma once

#include <catch2/catch.hpp>

#include "composer/error.h"
#include "composer/host/process.h"
#include "composer/rpm/transaction.h"

#include "tests/support/host_usr_root.h"
#include "tests/support/tiny_rpms.h"

namespace composer::test {

/// Keeps what an installation says.
class HeardProgress : public Progress {
 public:
  void begin(Stage, Amount expected) override { begun = expected; }
  void advance(Stage, Amount, std::string_view current) override { order.emplace_back(current); }
  void end(Stage, Amount) override { ended = true; }
  void note(std::string_view text) override { notes.emplace_back(text); }
  void warning(std::string_view text) override { warnings.emplace_back(text); }
  void command(std::span<const std::string>) override {}
  void output(std::string_view source, std::string_view line) override {
    outputs.push_back(std::string(source) + ": " + std::string(line));
  }

  Amount begun;
  bool ended = false;
  std::vector<std::string> order, warnings, notes, outputs;
};

/// A root with the host's programs, and packages to install into it. /usr cannot be written to.
struct InstalledRoot {
  void install(const std::vector<std::filesystem::path>& packages) {
    rpm::TransactionRequest request;
    request.root = root.path();
    request.packages = packages;
    request.source_date_epoch = 1700000000;
    request.database_path = "/var/lib/rpm";
    rpm::install_packages(request, progress);
  }
  /// The Error that installing throws.
  Error refusal(const std::vector<std::filesystem::path>& packages) {
    try {
      install(packages);
    } catch (const Error& error) {
      return error;
    }
    FAIL("installed");
    throw 0;
  }
  std::string read(const std::string& path) const { return read_file(root.path() / path); }
  std::string rpm_says(std::vector<std::string> arguments) const {
    std::vector<std::string> whole = {"rpm", "--root", root.path().string(), "--dbpath",
                                      "/var/lib/rpm"};
    whole.insert(whole.end(), arguments.begin(), arguments.end());
    SilentProgress silent;
    return host::CommandRunner(silent).run({whole, {}, {}}).standard_output;
  }

  TinyRpms rpms;
  HostUsrRoot root;
  HeardProgress progress;
};

}  // namespace composer::test
