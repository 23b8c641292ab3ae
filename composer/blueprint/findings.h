#pragma once

#include <set>
#include <string>
#include <vector>

#include "composer/blueprint/document.h"
#include "composer/error.h"

namespace composer::blueprint {

/// Whether a value may be shown with its line: an error shows its line, and logs of builds are kept
/// and read by many.
enum class Secrecy { shown, secret };

/// What is wrong with a text that somebody wrote: which value, why, and how to mend it.
struct Refusal {
  std::string message;
  std::string hint = {};
  Secrecy secrecy = Secrecy::shown;  ///< Of the value.
  std::vector<std::string> notes = {};
};

/// Thrown when there are so many problems that more would help nobody.
struct TooManyProblems {};

/// The problems of one blueprint as they are found, and which values they spoiled: what follows
/// from a problem alone is not reported as another one.
class Findings {
 public:
  /// A problem of a value. @throws TooManyProblems past the hundredth.
  void report(const Node& node, Refusal refusal);
  /// The same, at a place inside or beside the value.
  void report(const Node& node, const Span& at, Refusal refusal);
  /// A problem of the text, of no value.
  void report(const Span& at, Refusal refusal);

  /// Problems of later checks, as they are; none at a place that has one.
  void add(std::vector<Problem> problems);

  /// Shows asterisks instead of a value in the lines of all problems.
  void conceal(const Node& node);

  /// Marks a value as not to be relied on, without a problem of its own.
  void spoil(const Node& node) { spoiled_.insert(&node); }

  /// Whether neither the value nor anything in it has a problem.
  bool sound(const Node& node) const;
  /// The same for what a key of a mapping holds; a key that is not there is sound.
  bool sound(const Node& mapping, std::string_view key) const;

  bool empty() const { return problems_.empty(); }
  std::size_t size() const { return problems_.size(); }
  /// Throws one Error with all problems in the order of the text, if there is any.
  void throw_if_any() const;

 private:
  std::vector<Problem> problems_;
  std::set<const Node*> spoiled_;
  std::vector<Span> secrets_;
};

/// Where else something was written, for a message about `here`: `on line 12`, or in another file
/// `in 'base.yaml' on line 12`.
std::string place_beside(const Span& here, const Span& there);

}  // namespace composer::blueprint
