#include "composer/plan/plan_json.h"

#include "composer/plan/json_values.h"

namespace composer {

std::string to_json(const Plan& plan) {
  return json_values::write(plan);
}

Plan parse_plan(std::string_view text, std::string_view name) {
  return json_values::read<Plan>(text, name, "make it anew with 'image-composer plan --json'");
}

}  // namespace composer
