#include <fmt/format.h>

#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

// The kernel's part of FIPS mode is on its command line (plan/decide_security.h), the initramfs'
// in dracut's configuration (initramfs.cc). The libraries follow /proc/sys/crypto/fips_enabled, and
// what crypto-policies tells them. Fedora 42 and Azure Linux 4.0 have no /etc/system-fips any more.

namespace composer::tree::fips {
namespace {

constexpr std::string_view kTool = "/usr/bin/update-crypto-policies";

}  // namespace

bool wanted(const Plan& plan) {
  return plan.system.fips;
}

std::vector<std::string> describe(const Plan&) {
  return {"set the crypto-policy FIPS where update-crypto-policies is installed"};
}

void apply(const Plan&, Root& root, Progress& progress) {
  if (!root.exists(kTool)) return;
  RootCommand command{{std::string(kTool), "--no-reload", "--set", "FIPS"}};
  progress.command(command.arguments);
  run_checked(root, command);
}

}  // namespace composer::tree::fips
