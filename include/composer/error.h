#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace composer {

/// The text of a file that the user wrote, kept so that an error can show the offending line.
struct SourceText {
  std::string name;  ///< As the user gave it, for `name:line:column`.
  std::string text;
};

/// A place in a source text. Lines and columns count from 1, columns in bytes; `line == 0` means
/// "nowhere in particular".
struct Span {
  std::shared_ptr<const SourceText> source;
  int line = 0;
  int column = 0;
  int length = 1;  ///< Bytes to underline, at least 1, never past the end of the line.

  explicit operator bool() const { return source && line > 0; }
};

/// A value and where it was written, for values that a later stage may refuse.
template <typename T>
struct Located {
  T value{};
  Span at;

  const T& operator*() const { return value; }
  const T* operator->() const { return &value; }
};

/// One thing that is wrong: where, what and why, and how to mend it.
struct Problem {
  std::string message;             ///< Lower case, no full stop, the subject in single quotes.
  Span at;                         ///< May be nowhere.
  std::vector<std::string> notes;  ///< Further lines of explanation, in order.
  std::string hint;                ///< May be empty.
};

/// Which exit code an error ends in; see docs/commands.md.
enum class ErrorKind {
  build = 1,  ///< The build failed, or the image did not pass.
  usage = 2,  ///< The blueprint or the command line is wrong.
  host = 3,   ///< This machine lacks something.
};

/// The one exception type of this project. It carries one or more problems, and a frame of context
/// for each function that it passed through on its way up.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, std::string hint = {});
  Error(ErrorKind kind, Problem problem);
  /// @param problems  At least one.
  Error(ErrorKind kind, std::vector<Problem> problems);

  /// Adds a frame, innermost first: `while resolving the package set`.
  Error& add_context(std::string frame);

  ErrorKind kind() const { return kind_; }
  const std::vector<Problem>& problems() const { return problems_; }
  const std::vector<std::string>& context() const { return context_; }

  /// The first problem's message alone, for logs and tests.
  const char* what() const noexcept override;

  /// The whole error as the user sees it, ending in a newline:
  ///
  ///     vm.yaml:14:7: error: no package provides 'kernel-azur'
  ///           - kernel-azur
  ///             ^~~~~~~~~~~
  ///       while resolving the package set
  ///       hint: did you mean 'kernel-azure'?
  std::string to_text() const;

 private:
  ErrorKind kind_;
  std::vector<Problem> problems_;
  std::vector<std::string> context_;
};

/// `error` as `to_text` shows it, for one problem without context.
std::string to_text(const Problem& problem);

/// `message: strerror(errno_value)`, as an Error of kind build.
Error system_error(std::string_view message, int errno_value);

/// Runs `body`; an Error that leaves it gets `frame` as context.
template <typename Body>
decltype(auto) with_context(std::string_view frame, Body&& body) {
  try {
    return body();
  } catch (Error& error) {
    error.add_context(std::string(frame));
    throw;
  }
}

/// Collects the problems of a front end, so that ten mistakes are reported as ten.
class Diagnostics {
 public:
  void report(Span at, std::string message, std::string hint = {});
  bool empty() const { return problems_.empty(); }
  const std::vector<Problem>& problems() const { return problems_; }

  /// Throws one Error of kind usage with all problems, sorted by file, line and column, if any.
  void throw_if_any() const;

 private:
  std::vector<Problem> problems_;
};

/// The candidate that `word` was most likely meant to be, or nothing when none is near
/// (Damerau-Levenshtein distance of at most 1 + a quarter of the length).
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace composer
