#include "composer/tree/unit_files.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "composer/error.h"

namespace composer::tree {
namespace {

// In systemd's order of precedence.
constexpr std::array<std::string_view, 3> kUnitFolders{kOwnUnits, "/usr/local/lib/systemd/system",
                                                       "/usr/lib/systemd/system"};

}  // namespace

std::string template_of(const std::string& name) {
  const std::size_t at = name.find('@');
  return at == std::string::npos ? name : name.substr(0, at + 1) + name.substr(name.rfind('.'));
}

std::string unit_path(const Root& root, const std::string& name) {
  if (name.find('/') != std::string::npos) return {};
  for (const std::string_view folder : kUnitFolders) {
    std::string path = fmt::format("{}/{}", folder, name);
    if (root.link_status(path)) return path;
  }
  return {};
}

bool has_unit(const Root& root, const std::string& name) {
  return !unit_path(root, name).empty() || !unit_path(root, template_of(name)).empty();
}

std::string hint_for_unit(const Root& root, const std::string& name) {
  std::vector<std::string> known;
  for (const std::string_view folder : kUnitFolders) {
    for (std::string& unit : root.list(folder)) known.push_back(std::move(unit));
  }
  std::sort(known.begin(), known.end());
  const auto near = nearest(name, known);
  return near ? fmt::format("did you mean '{}'?", *near) : "install the package that has it";
}

}  // namespace composer::tree
