#pragma once

#include <string>

namespace composer::blueprint {

/// The reference of the blueprint language in Markdown: a section for each mapping, a row for each
/// key, from the tables that the reader goes by. docs/blueprint.md holds it.
std::string language_reference();

}  // namespace composer::blueprint
