#include <fmt/format.h>

#include "composer/error.h"
#include "composer/tree/root_files.h"
#include "composer/tree/steps/steps.h"
#include "composer/tree/unit_files.h"

namespace composer::tree::units {
namespace {

void check_name(const std::string& name) {
  if (!name.empty() && name.find('/') == std::string::npos && name.front() != '.') return;
  throw Error(ErrorKind::usage, fmt::format("'{}' is not the name of a unit's file", name));
}

std::string path_of(const PlannedUnit& unit) {
  return fmt::format("{}/{}", kOwnUnits, unit.name);
}

std::string path_of(const PlannedUnit& unit, const PlannedDropIn& drop_in) {
  return fmt::format("{}.d/{}", path_of(unit), drop_in.name);
}

}  // namespace

bool wanted(const Plan& plan) {
  return !plan.system.units.empty();
}

std::vector<std::string> describe(const Plan& plan) {
  std::vector<std::string> texts;
  for (const PlannedUnit& unit : plan.system.units) {
    if (unit.content) {
      texts.push_back(
          fmt::format("write {} ({})", path_of(unit), to_text(Bytes{unit.content->size()})));
    }
    for (const PlannedDropIn& drop_in : unit.drop_ins) {
      texts.push_back(fmt::format("write {} ({})", path_of(unit, drop_in),
                                  to_text(Bytes{drop_in.content.size()})));
    }
  }
  return texts;
}

void apply(const Plan& plan, Root& root, Progress& progress) {
  for (const PlannedUnit& unit : plan.system.units) {
    check_name(unit.name);
    if (unit.content) {
      const std::string theirs = unit_path(root, unit.name);
      if (!theirs.empty()) {
        progress.note(fmt::format("'{}' takes the place of '{}'", path_of(unit), theirs));
      }
      write_with_parents(root, path_of(unit), *unit.content);
    } else if (!has_unit(root, unit.name)) {
      throw Error(
          ErrorKind::usage,
          fmt::format("cannot change '{}' by a drop-in: the image has no such unit", unit.name),
          hint_for_unit(root, unit.name));
    }
    for (const PlannedDropIn& drop_in : unit.drop_ins) {
      check_name(drop_in.name);
      write_with_parents(root, path_of(unit, drop_in), drop_in.content);
    }
  }
}

}  // namespace composer::tree::units
