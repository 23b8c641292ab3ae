#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"

// What of `system` becomes files of systemd: units with their drop-ins, and what starts.

namespace composer::blueprint {
namespace {

constexpr auto kRequired = Presence::required;

constexpr Stranger kServicesStrangers[] = {
    {"enabled", "enable"},
    {"disabled", "disable"},
    {"masked", "mask"},
    {"preset", "presets"},
};

constexpr Stranger kUnitStrangers[] = {
    {"dropins", "drop_ins"},
    {"contents", "content"},
    {"enabled", "", "a unit file does not say whether it is enabled",
     "list it under 'enable' in 'services'"},
    {"enable", "", "a unit file does not say whether it is enabled",
     "list it under 'enable' in 'services'"},
    {"mask", "", "a unit file does not say whether it is masked",
     "list it under 'mask' in 'services'"},
};

}  // namespace

const Mapping& services_mapping() {
  static constexpr Table table(
      {"the services section",
       "system.services",
       "systemd units; what is not named here is as the packages' presets say.",
       {},
       kServicesStrangers},
      {key<&ServicesRequest::enable, kUnitName>(
           {.name = "enable", .fallback = "none", .meaning = "Units that start at boot."}),
       key<&ServicesRequest::disable, kUnitName>(
           {.name = "disable", .fallback = "none", .meaning = "Units that do not start at boot."}),
       key<&ServicesRequest::mask, kUnitName>(
           {.name = "mask", .fallback = "none", .meaning = "Units that nothing can start."}),
       key<&ServicesRequest::presets, kPreset>(
           {.name = "presets",
            .fallback = "none",
            .meaning = "Lines of systemd.preset(5) that come before those of the packages."})});
  return table;
}

const Mapping& drop_in_mapping() {
  static constexpr Table table(
      {"a drop-in", "system.units[].drop_ins[]",
       "A file in `/etc/systemd/system/UNIT.d`, with exactly one of `content` and `source`."},
      {key<&DropInRequest::name, kDropInName>(
           {.name = "name", .presence = kRequired, .meaning = "Name of the file."}),
       key<&DropInRequest::content, kUnitText>(
           {.name = "content", .fallback = "none", .meaning = "What it holds."}),
       key<&DropInRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A file in the blueprint's folder whose content it gets."})});
  return table;
}

const Mapping& unit_mapping() {
  static constexpr Table table(
      {"a unit",
       "system.units[]",
       "A systemd unit in `/etc/systemd/system`, which takes the place of a package's of the same "
       "name; drop-ins for one; or both.",
       {},
       kUnitStrangers},
      {key<&UnitRequest::name, kUnitFile>(
           {.name = "name", .presence = kRequired, .meaning = "Its name."}),
       key<&UnitRequest::content, kUnitText>(
           {.name = "content", .fallback = "none", .meaning = "What the unit file holds."}),
       key<&UnitRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A file in the blueprint's folder whose content it gets."}),
       section<&UnitRequest::drop_ins, drop_in_mapping>(
           {.name = "drop_ins", .fallback = "none", .meaning = "Files that change the unit."})});
  return table;
}

}  // namespace composer::blueprint
