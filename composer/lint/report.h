#pragma once

#include <span>
#include <string>
#include <string_view>

#include "composer/lint/lint.h"

// Findings for people and for programs. All texts are a function of the report alone.

namespace composer::lint {

/// For people: errors first, one screen for a good image.
std::string report_text(const Report& report);

/// All results of all images as JSON (docs/lint.md describes it), with a final newline.
std::string report_json(std::span<const Report> reports, std::string_view tool_version);

/// The same as SARIF 2.1.0: failures as results, ignored ones suppressed, what could not be known
/// as `open`.
/// Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0.
std::string report_sarif(std::span<const Report> reports, std::string_view tool_version);

/// All rules, for `lint --list`.
std::string rules_text();

/// All rules as the tables of docs/lint.md.
std::string rules_markdown();

}  // namespace composer::lint
