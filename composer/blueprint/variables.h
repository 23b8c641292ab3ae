#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "composer/blueprint/document.h"

// `${{name}}` in the text of a value stands for the text of a variable; `$${{` for `${{` itself.

namespace composer::blueprint {

/// A stretch of a text: as it is, or the name of a variable.
struct Piece {
  std::string text;
  bool is_variable = false;
};

/// A text in pieces. A mistake in it is reported at `at`, and makes the result empty-handed.
std::optional<std::vector<Piece>> pieces_of(std::string_view text, const Span& at,
                                            Findings& findings);

/// The names of the variables in a text, as far as it is well made.
std::set<std::string> variables_in(std::string_view text);

/// What a set of files says about variables, whether it is merged or not.
struct VariableUses {
  std::map<std::string, Span> defined;  ///< By `variables`, at the first place.
  std::map<std::string, Span> used;     ///< At the first place.
};

/// Adds the definitions and uses of a file's or section's own keys, and reports what is wrong with
/// any of them by itself.
void collect_variables(const Node& own, VariableUses& uses, Findings& findings);

/// Reports variables that are used and not defined, defined and not used, or set and not defined.
void check_variables(const VariableUses& uses,
                     const std::vector<std::pair<std::string, std::string>>& set,
                     Findings& findings);

/// Puts the values of variables into every text of a tree.
///
/// @param variables  The merged mapping of them.
/// @param set        Of the command line: these win.
void expand_variables(Node& tree, const Node& variables,
                      const std::vector<std::pair<std::string, std::string>>& set,
                      const VariableUses& uses, Findings& findings);

}  // namespace composer::blueprint
