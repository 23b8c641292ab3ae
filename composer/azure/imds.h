#pragma once

#include <string>

#include "composer/azure/message.h"
#include "composer/azure/virtual_machine.h"

namespace composer::azure {

/// What the instance metadata service answers: /metadata/versions, /metadata/instance and its
/// parts, /metadata/scheduledevents; refusals as the real one's.
///
/// Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service
/// ("Metadata: true", no X-Forwarded-For, api-version, format=text for leaves, error table).
Answer answer_imds(const VirtualMachine& machine, const Request& request);

}  // namespace composer::azure
