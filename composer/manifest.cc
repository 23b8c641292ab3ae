#include "composer/manifest.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "composer/base/checksum.h"
#include "composer/plan/decide_installation.h"
#include "composer/plan/plan_json.h"

namespace composer {

std::string manifest_json(const Plan& plan, const std::vector<Image>& images) {
  using Json = nlohmann::ordered_json;
  Json image_list = Json::array();
  for (const Image& image : images) {
    image_list.push_back({{"file", image.output.filename},
                          {"format", to_text(image.output.format)},
                          {"compression", to_text(image.output.compression)},
                          {"size", image.file_size.count},
                          {"virtual_size", image.virtual_size.count},
                          {"sha256", image.sha256}});
  }
  Json packages = Json::array();
  for (const PlannedPackage& package : plan.packages) {
    if (!remains(plan.installation, package.name)) continue;
    packages.push_back({{"nevra", package.nevra()},
                        {"repository", package.repository},
                        {package.checksum_type, package.checksum},
                        {"license", package.license},
                        {"source_rpm", package.source_rpm},
                        {"vendor", package.vendor}});
  }
  Json repositories = Json::array();
  for (const PlannedRepository& repository : plan.repositories) {
    Json keys = Json::array();
    for (const PlannedKey& key : repository.keys) keys.push_back(key.fingerprint);
    repositories.push_back({{"id", repository.id},
                            {"baseurls", repository.baseurls},
                            {"repomd_sha256", repository.repomd_sha256},
                            {"package_signatures", repository.package_signatures},
                            {"keys", keys}});
  }
  Json scripts = Json::array();
  for (const PlannedScript& script : plan.scripts) {
    scripts.push_back({{"name", script.name},
                       {"when", to_text(script.when)},
                       {"network", script.network ? "yes" : "no"},
                       {"sha256", sha256_hex(script.content)}});
  }
  Json manifest{{"name", plan.name},
                {"version", plan.version},
                {"arch", to_text(plan.arch)},
                {"tool", "image-composer " + plan.tool_version},
                {"plan_sha256", sha256_hex(to_json(plan))},
                {"source_date_epoch", plan.source_date_epoch},
                {"kernel_command_line",
                 fmt::format("{} {}", plan.boot.root_argument, plan.boot.kernel_command_line)},
                {"images", image_list},
                {"repositories", repositories},
                {"scripts", scripts},
                {"package_manager", to_text(plan.installation.package_manager)},
                {"erased", plan.installation.erase},
                {"packages", packages}};
  if (!plan.has_disk()) manifest.erase("kernel_command_line");
  return manifest.dump(2) + "\n";
}

std::string sha256sums(const std::vector<std::pair<std::string, std::string>>& digests_by_name) {
  auto sorted = digests_by_name;
  std::sort(sorted.begin(), sorted.end());
  std::string text;
  for (const auto& [name, digest] : sorted) text += fmt::format("{}  {}\n", digest, name);
  return text;
}

}  // namespace composer
