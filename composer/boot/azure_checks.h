#pragma once

#include <optional>
#include <string>
#include <vector>

#include "composer/azure/request_record.h"
#include "composer/azure/virtual_machine.h"
#include "composer/azure_boot.h"
#include "composer/boot/azure_probe.h"
#include "composer/boot/guest_login.h"
#include "composer/boot/verdict.h"
#include "composer/report.h"

// What provisioning amounts to. Pure: facts in, checks out.

namespace composer::vm {

/// How the login over ssh went.
enum class LoginOutcome {
  not_tried,  ///< The system did not come up.
  accepted,
  refused,      ///< sshd does not take the key.
  unreachable,  ///< No ssh server answers.
};

struct ScriptResult {
  std::string name;
  GuestCommandResult result;
};

struct AzureFacts {
  azure::ServiceFacts services;
  LoginOutcome login = LoginOutcome::not_tried;
  std::string login_words;  ///< ssh's own, when it did not get in; raw.
  std::optional<AzureProbe> probe;
  std::vector<ScriptResult> scripts;  ///< Those that ran.
};

struct AzureQuestions {
  azure::VirtualMachine machine;
  AzureAgent agent = AzureAgent::cloud_init;
  std::vector<std::string> scripts;  ///< Their names.
};

/// The units whose state explains why nobody provisioned; for GuestQuestions::observed.
std::vector<std::string> agent_units();

/// Appends the checks of provisioning, their findings, and notes; `passed` becomes false when one
/// did not pass.
/// @param guest  What the guest reported of its start, if it did.
void conclude_azure(const AzureQuestions& questions, const AzureFacts& facts,
                    const std::optional<GuestReport>& guest, BootReport& report);

}  // namespace composer::vm
