#include "composer/boot/azure_outlook.h"

#include <algorithm>
#include <fmt/format.h>

namespace composer::vm {
namespace {

/// From the metadata to the first word with the wire server: 1 s under emulation on two busy cores.
/// cloud-init 25.1 goes on trying for 20 minutes, and holds up the whole start.
constexpr double kWireServerPatience = 90;
/// cloud-init asks again for five minutes, about once a second, before it says that it failed.
constexpr double kMetadataPatience = 60;
constexpr std::size_t kManyRefusals = 20;

}  // namespace

const GuestUnit* find_agent(const AzureQuestions& questions, const GuestReport& guest) {
  const auto loaded = [&](const std::string& name) -> const GuestUnit* {
    const auto found = guest.units.find(name);
    const bool there = found != guest.units.end() && found->second.load_state != "not-found";
    return there ? &found->second : nullptr;
  };
  if (questions.agent == AzureAgent::cloud_init) return loaded("cloud-init-local.service");
  const GuestUnit* agent = loaded("waagent.service");
  return agent ? agent : loaded("walinuxagent.service");
}

std::optional<std::string> lost_cause(const azure::ServiceFacts& services, double now) {
  const auto failed = std::find_if(services.health.begin(), services.health.end(),
                                   [](const auto& report) { return report.failed(); });
  if (failed != services.health.end()) {
    return fmt::format("the guest reported at {:.0f} s that provisioning failed", failed->at);
  }
  if (services.imds_answered_at && services.wire_requests == 0 &&
      now > *services.imds_answered_at + kWireServerPatience) {
    return fmt::format("the guest has its metadata for {:g} s and does not reach the wire server",
                       kWireServerPatience);
  }
  if (services.imds_asked_at && services.imds_answered == 0 &&
      services.imds_requests >= kManyRefusals &&
      now > *services.imds_asked_at + kMetadataPatience) {
    return fmt::format("IMDS refused the guest's requests for {:g} s", kMetadataPatience);
  }
  return std::nullopt;
}

bool may_become_ready(const AzureQuestions& questions, const azure::ServiceFacts& services,
                      const GuestReport& guest) {
  if (lost_cause(services, 0)) return false;
  if (services.wire_requests + services.imds_requests > 0) return true;
  // cloud-init works before the start is over. walinuxagent starts when it is.
  if (questions.agent == AzureAgent::cloud_init) return false;
  const GuestUnit* agent = find_agent(questions, guest);
  return agent && (agent->active_state == "active" || agent->active_state == "activating");
}

}  // namespace composer::vm
