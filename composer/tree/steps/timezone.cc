#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"

namespace composer::tree::timezone {
namespace {

constexpr std::string_view kZones = "/usr/share/zoneinfo";

std::string hint_for(const Root& root, std::string_view zone) {
  if (root.list(kZones).empty()) return "add 'tzdata' to packages.install";
  std::vector<std::string> names;
  for (const std::string& area : root.list(kZones)) {
    const auto places = root.list(fmt::format("{}/{}", kZones, area));
    if (places.empty()) names.push_back(area);
    for (const std::string& place : places) names.push_back(area + "/" + place);
  }
  const auto near = nearest(zone, names);
  return near ? fmt::format("did you mean '{}'?", *near) : "";
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.timezone.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  return {fmt::format("link /etc/localtime to ..{}/{}", kZones, plan.system.timezone)};
}

void apply(const Plan& plan, Root& root, Progress&) {
  const std::string& zone = plan.system.timezone;
  const auto status = root.status(fmt::format("{}/{}", kZones, zone));
  if (!status || status->kind != FileKind::regular || zone.find("..") != std::string::npos) {
    throw Error(ErrorKind::usage, fmt::format("the time zone '{}' is not in the image", zone),
                hint_for(root, zone));
  }
  link_with_parents(root, fmt::format("..{}/{}", kZones, zone), "/etc/localtime");
}

}  // namespace composer::tree::timezone
