#pragma once

#include <optional>
#include <string>

#include "composer/azure/request_record.h"
#include "composer/boot/azure_checks.h"
#include "composer/boot/verdict.h"

// What a guest's provisioning may still come to, so that nobody waits for what is certain. Pure:
// times are given, in seconds since power on.

namespace composer::vm {

/// The agent's unit in the image; null when the guest reported none.
const GuestUnit* find_agent(const AzureQuestions& questions, const GuestReport& guest);

/// Why a guest that is still starting will not be found provisioned, whatever comes; nothing while
/// it may.
std::optional<std::string> lost_cause(const azure::ServiceFacts& services, double now);

/// Whether a guest whose start is over may still report that it is ready.
bool may_become_ready(const AzureQuestions& questions, const azure::ServiceFacts& services,
                      const GuestReport& guest);

}  // namespace composer::vm
