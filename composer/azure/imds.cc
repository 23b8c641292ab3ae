#include "composer/azure/imds.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "composer/base/base64.h"

namespace composer::azure {
namespace {

using nlohmann::json;

/// Newest last. The documented ones that agents ask for; a VM takes any of them.
constexpr std::array<std::string_view, 13> kVersions = {
    "2017-08-01", "2017-12-01", "2018-02-01", "2018-10-01", "2019-06-01",
    "2019-11-01", "2020-06-01", "2020-10-01", "2021-01-01", "2021-02-01",
    "2021-08-01", "2021-12-13", "2023-07-01"};

/// The keys that cloud-init 25.1 (DataSourceAzure.py) and walinuxagent 2.12 (imds.py) read, and
/// those that a VM from an image of one's own has beside them.
json instance(const VirtualMachine& machine) {
  std::string mac = machine.mac;
  std::erase(mac, ':');
  std::transform(mac.begin(), mac.end(), mac.begin(),
                 [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  const json disk = {{"caching", "ReadWrite"},
                     {"createOption", "FromImage"},
                     {"name", machine.host_name + "_OsDisk_1"},
                     {"osType", "Linux"}};
  const json compute = {
      {"azEnvironment", "AzurePublicCloud"},
      {"customData", ""},
      {"evictionPolicy", ""},
      {"extendedLocation", {{"name", ""}, {"type", ""}}},
      {"isHostCompatibilityLayerVm", "false"},
      {"licenseType", ""},
      {"location", "westeurope"},
      {"name", machine.host_name},
      {"offer", ""},
      {"osProfile",
       {{"adminUsername", machine.user_name},
        {"computerName", machine.host_name},
        {"disablePasswordAuthentication", "true"}}},
      {"osType", "Linux"},
      {"placementGroupId", ""},
      {"plan", {{"name", ""}, {"product", ""}, {"publisher", ""}}},
      {"platformFaultDomain", "0"},
      {"platformUpdateDomain", "0"},
      {"priority", ""},
      {"provider", "Microsoft.Compute"},
      {"publicKeys",
       json::array({{{"keyData", machine.ssh_public_key},
                     {"path", fmt::format("/home/{}/.ssh/authorized_keys", machine.user_name)}}})},
      {"publisher", ""},
      {"resourceGroupName", "image-composer"},
      {"resourceId",
       fmt::format("/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/"
                   "image-composer/providers/Microsoft.Compute/virtualMachines/{}",
                   machine.host_name)},
      {"securityProfile", {{"secureBootEnabled", "false"}, {"virtualTpmEnabled", "false"}}},
      {"sku", ""},
      {"storageProfile",
       {{"dataDisks", json::array()}, {"imageReference", json::object()}, {"osDisk", disk}}},
      {"subscriptionId", "00000000-0000-4000-8000-000000000000"},
      {"tags", ""},
      {"tagsList", json::array()},
      {"userData", ""},
      {"version", ""},
      {"vmId", machine.vm_id},
      {"vmScaleSetName", ""},
      {"vmSize", "Standard_D2s_v5"},
      {"zone", ""}};
  const json address = {{"privateIpAddress", machine.address}, {"publicIpAddress", ""}};
  const json interface = {
      {"ipv4",
       {{"ipAddress", json::array({address})},
        {"subnet", json::array({{{"address", "168.0.0.0"}, {"prefix", "7"}}})}}},
      {"ipv6", {{"ipAddress", json::array()}}},
      {"macAddress", mac}};
  return {{"compute", compute}, {"network", {{"interface", json::array({interface})}}}};
}

Answer as_json(const json& value) {
  return {200, "application/json; charset=utf-8", value.dump(), {}};
}

json newest_versions() {
  json newest = json::array();
  for (auto at = kVersions.rbegin(); at != kVersions.rend() && newest.size() < 3; ++at) {
    newest.push_back(std::string(*at));
  }
  return newest;
}

Answer version_error(std::string_view error) {
  const json body = {{"error", std::string(error)}, {"newest-versions", newest_versions()}};
  return {400, "application/json; charset=utf-8", body.dump(), {}};
}

/// Goes down `path` (`compute/osProfile/adminUsername`, `network/interface/0`); null where it leads
/// nowhere.
const json* find(const json& root, std::string_view path) {
  const json* at = &root;
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string key(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (key.empty()) continue;
    if (at->is_object() && at->contains(key)) {
      at = &at->at(key);
    } else if (at->is_array() && key.size() <= 3 &&
               std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
               std::stoul(key) < at->size()) {
      at = &at->at(std::stoul(key));
    } else {
      return nullptr;
    }
  }
  return at;
}

Answer answer_instance(const VirtualMachine& machine, const Request& request,
                       std::string_view path) {
  const json root = instance(machine);
  const json* value = find(root, path);
  if (!value) return json_error(404, "Not found");
  const bool text = request.parameter("format") == "text";
  if (!value->is_structured()) {
    if (!text) {
      return json_error(400,
                        "Bad request. A leaf of the metadata has no JSON: ask with format=text");
    }
    return {200, "text/plain; charset=utf-8", value->get<std::string>(), {}};
  }
  if (!text) return as_json(*value);
  std::string listing;
  for (const auto& [key, member] : value->items()) {
    listing += key + (member.is_structured() ? "/\n" : "\n");
  }
  return {200, "text/plain; charset=utf-8", listing, {}};
}

}  // namespace

Answer answer_imds(const VirtualMachine& machine, const Request& request) {
  constexpr std::string_view kInstance = "/metadata/instance";
  if (request.path != "/metadata" && !request.path.starts_with("/metadata/")) {
    return json_error(404, "Not found");
  }
  if (request.method != "GET") return json_error(405, "Method not allowed");
  // Both keep a guest's web proxy from handing the metadata to strangers.
  std::string header = request.header("metadata");
  std::transform(header.begin(), header.end(), header.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (header != "true") {
    return json_error(400, "Bad request. Required metadata header not specified");
  }
  if (request.headers.contains("x-forwarded-for")) {
    return json_error(400, "Bad request. Request contains the X-Forwarded-For header");
  }
  if (request.path == "/metadata/versions") {
    json versions = json::array();
    for (const std::string_view version : kVersions) versions.push_back(std::string(version));
    return as_json({{"apiVersions", versions}});
  }
  const std::string version = request.parameter("api-version");
  if (version.empty()) {
    return version_error("Bad request. api-version was not specified in the request");
  }
  if (std::find(kVersions.begin(), kVersions.end(), version) == kVersions.end()) {
    return version_error(
        "Bad request. api-version is invalid or was not specified in the request.");
  }
  if (request.path.starts_with(kInstance)) {
    const std::string_view rest = std::string_view(request.path).substr(kInstance.size());
    if (rest.empty() || rest.starts_with('/')) return answer_instance(machine, request, rest);
  }
  if (request.path == "/metadata/scheduledevents") {
    return as_json({{"DocumentIncarnation", 1}, {"Events", json::array()}});
  }
  if (request.path == "/metadata/identity/oauth2/token") {
    Answer none =
        as_json({{"error", "invalid_request"}, {"error_description", "Identity not found"}});
    none.status = 400;  // As for a VM that has no managed identity.
    return none;
  }
  return json_error(404, "Not found");
}

}  // namespace composer::azure
