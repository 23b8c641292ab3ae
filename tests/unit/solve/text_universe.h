#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "composer/solve/goal.h"
#include "composer/solve/hold.h"

// Package universes of a few lines, and what is solved in them:
//
//     bash-5.2-1.x86_64
//       requires glibc >= 2.30
//     glibc-2.39-1.x86_64
//
// Verbs: requires, provides, conflicts, obsoletes, recommends, suggests, supplements, enhances,
// file. Each package provides its own name and version.

namespace composer::solve::test {

/// The universe's text in libsolv's testtags format.
std::string to_testtags(std::string_view text);

struct TextRepository {
  std::string text;
  RepositoryTerms terms{"repo", 99, 1000};
  std::vector<std::string> excludes;
};

struct Question {
  std::vector<std::string> install;
  std::vector<std::string> exclude;
  bool weak = true;
  std::string comps;
  std::vector<std::string> remove = {}, update = {};
  bool update_all = false;
  std::string installed = {};          ///< A universe of what is installed already.
  std::vector<std::string> held = {};  ///< NEVRAs of a lock, of repository `repo`,
  std::vector<std::string> free = {};  ///< and what of it may move.
  std::vector<std::string> on_top = {};
};

/// `name-[epoch:]version-release.arch` of what is chosen, sorted, separated by spaces; with its
/// reason: `bash-5.2-1.x86_64` asked, `+glibc…` dependency, `~grub…` weak, `=x` installed already;
/// with `^` before that what is on top.
std::string answer(const std::vector<TextRepository>& repositories, const Question& question,
                   Progress* progress = nullptr);
std::string answer(std::string_view universe, const Question& question);

/// The error's whole text that a question ends in. Requests lie at `vm.yaml`, one a line from line
/// 2, excludes after them.
std::string refusal(const std::vector<TextRepository>& repositories, const Question& question);
std::string refusal(std::string_view universe, const Question& question);

/// `values` as a blueprint at `vm.yaml` would have them.
PackagesRequest packages_request(const Question& question);

}  // namespace composer::solve::test
