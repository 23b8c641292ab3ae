#pragma once

#include <string>
#include <vector>

#include "composer/plan.h"
#include "composer/report.h"

namespace composer {

/// manifest.json: what the images are and what is in them (packages with digests, sources, licences
/// and repositories), for people and programs that audit images. Depends on plan and images alone.
std::string manifest_json(const Plan& plan, const std::vector<Image>& images);

/// SHA256SUMS as sha256sum(1) writes and checks it, by name.
std::string sha256sums(const std::vector<std::pair<std::string, std::string>>& digests_by_name);

}  // namespace composer
