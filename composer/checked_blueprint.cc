#include "composer/checked_blueprint.h"

#include <utility>
#include <vector>

#include "composer/blueprint/composition.h"
#include "composer/error.h"
#include "composer/lint_images.h"
#include "composer/plan/decide.h"

namespace composer {
namespace {

std::vector<Problem> further_problems(const Blueprint& blueprint, const SoundSections& is_sound) {
  std::vector<Problem> problems = problems_of(blueprint, is_sound);
  if (!is_sound("lint") || !is_sound("outputs")) return problems;
  try {
    check_lint(blueprint);
  } catch (const Error& error) {
    problems.insert(problems.end(), error.problems().begin(), error.problems().end());
  }
  return problems;
}

}  // namespace

Blueprint read_checked_blueprint(const std::filesystem::path& path,
                                 const BlueprintOptions& options) {
  return parse_checked_blueprint(blueprint::read_main_file(path), path, options);
}

Blueprint parse_checked_blueprint(std::string text, const std::filesystem::path& path,
                                  const BlueprintOptions& options) {
  return blueprint::parse_blueprint_from(std::move(text), path, options, blueprint::files_on_disk(),
                                         further_problems);
}

}  // namespace composer
