#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace composer::azure {

/// What a guest says of its provisioning. All texts are printable and bounded.
struct HealthReport {
  std::string state;  ///< Ready or NotReady.
  std::string sub_status, description;
  double at = 0;  ///< Seconds since power on.

  /// walinuxagent says NotReady with `Provisioning` while it works; only this one is a failure.
  bool failed() const { return state == "NotReady" && sub_status == "ProvisioningFailed"; }
};

/// The report in the body of `POST /machine?comp=health`; nothing when it is no such XML.
std::optional<HealthReport> parse_health_report(std::string_view xml);

}  // namespace composer::azure
