#pragma once

#include "composer/blueprint/language.h"

namespace composer::blueprint {

/// Lays the mapping `over` on the mapping `base`, which came before it: keys that are new are
/// added, mappings are merged key by key, lists append, and a text that is already another is a
/// conflict, unless a tag says what is meant. What is refused leaves `base` as it was.
///
/// @param mapping  What the keys mean, as far as the language says; may be null.
void lay_over(Node& base, const Node& over, const Mapping* mapping, Findings& findings);

}  // namespace composer::blueprint
