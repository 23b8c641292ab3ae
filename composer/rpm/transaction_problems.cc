#include "composer/rpm/transaction_problems.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <rpm/rpmprob.h>

#include "composer/base/handle.h"
#include "composer/rpm/handles.h"
#include "composer/units.h"

namespace composer::rpm {
namespace {

using Iterator = Handle<std::remove_pointer_t<rpmpsi>, rpmpsFreeIterator>;

constexpr std::size_t kMost = 40;

std::string_view text_or(const char* text, std::string_view otherwise) {
  return text ? std::string_view(text) : otherwise;
}

Problem to_problem(rpmProblem problem) {
  const std::string_view package = text_or(rpmProblemGetPkgNEVR(problem), "?");
  const std::string_view other = text_or(rpmProblemGetAltNEVR(problem), "?");
  const std::string_view text = text_or(rpmProblemGetStr(problem), "?");
  switch (rpmProblemGetType(problem)) {
    case RPMPROB_REQUIRES:
      return {fmt::format("package '{}' needs '{}', which no package of this set provides", package,
                          text),
              {},
              {},
              {}};
    case RPMPROB_CONFLICT:
      return {fmt::format("package '{}' conflicts with '{}'", package, text), {}, {}, {}};
    case RPMPROB_OBSOLETES:
      return {fmt::format("package '{}' is obsoleted by '{}'", package, text), {}, {}, {}};
    case RPMPROB_NEW_FILE_CONFLICT:
    case RPMPROB_FILE_CONFLICT:
      return {fmt::format("packages '{}' and '{}' both have a file '{}', and not the same",
                          std::min(package, other), std::max(package, other), text),
              {},
              {},
              "one of them has to go, or be mended by its maintainers"};
    case RPMPROB_DISKSPACE:
      return {fmt::format("package '{}' needs {} more than is free in the filesystem at '{}'",
                          package, to_text(Bytes{rpmProblemGetDiskNeed(problem)}), text),
              {},
              {},
              "make its partition larger in the blueprint"};
    case RPMPROB_DISKNODES:
      return {fmt::format("package '{}' needs {} more inodes than are free in the filesystem at "
                          "'{}'",
                          package, rpmProblemGetDiskNeed(problem), text),
              {},
              {},
              "make its partition larger in the blueprint, or give mkfs more inodes"};
    default: {
      const Text words(rpmProblemString(problem));
      return {words ? words.get() : "a problem that rpm has no words for", {}, {}, {}};
    }
  }
}

}  // namespace

std::vector<Problem> problems_of(rpmps set) {
  std::vector<Problem> problems;
  const Iterator iterator(rpmpsInitIterator(set));
  while (rpmProblem problem = iterator ? rpmpsiNext(iterator.get()) : nullptr) {
    if (problems.size() == kMost) {
      problems.back().notes.push_back("there are more problems of this kind");
      break;
    }
    problems.push_back(to_problem(problem));
  }
  return problems;
}

}  // namespace composer::rpm
