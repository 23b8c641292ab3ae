#include "composer/error.h"

#include <catch2/catch.hpp>

using namespace composer;

namespace {

Span span_at(std::string text, int line, int column, int length) {
  return {std::make_shared<const SourceText>(SourceText{"vm.yaml", std::move(text)}), line, column,
          length};
}

}  // namespace

TEST_CASE("an error shows its place, the line, the context and the hint") {
  Error error(ErrorKind::usage, Problem{"no package provides 'kernel-azur'",
                                        span_at("packages:\n  - kernel-azur\n", 2, 5, 11),
                                        {},
                                        "did you mean 'kernel-azure'?"});
  error.add_context("while resolving the package set");
  CHECK(error.to_text() ==
        "vm.yaml:2:5: error: no package provides 'kernel-azur'\n"
        "      - kernel-azur\n"
        "        ^~~~~~~~~~~\n"
        "  while resolving the package set\n"
        "  hint: did you mean 'kernel-azure'?\n");
}

TEST_CASE("an underline never runs past its line, and control characters are not printed") {
  const Problem problem{"bad", span_at("a: \x1b[31mx\n", 1, 4, 500), {}, {}};
  CHECK(to_text(problem) ==
        "vm.yaml:1:4: error: bad\n"
        "    a:  [31mx\n"
        "       ^~~~~~\n");
}

TEST_CASE("an underline counts characters, not bytes") {
  const Problem problem{"bad", span_at("é: ü\n", 1, 5, 2), {}, {}};
  CHECK(to_text(problem) ==
        "vm.yaml:1:5: error: bad\n"
        "    é: ü\n"
        "       ^\n");
}

TEST_CASE("a place past the end of its text shows no excerpt") {
  CHECK(to_text(Problem{"bad", span_at("a\n", 7, 1, 1), {}, {}}) == "vm.yaml:7:1: error: bad\n");
}

TEST_CASE("diagnostics come out in the order of the file") {
  Diagnostics diagnostics;
  diagnostics.report(span_at("a\nb\n", 2, 1, 1), "second");
  diagnostics.report(span_at("a\nb\n", 1, 1, 1), "first");
  try {
    diagnostics.throw_if_any();
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(error.problems().at(0).message == "first");
    CHECK(error.problems().at(1).message == "second");
  }
}

TEST_CASE("the nearest word is suggested, a far one is not") {
  CHECK(nearest("kernel-azur", {"kernel", "kernel-azure", "bash"}) == "kernel-azure");
  CHECK(nearest("hostnmae", {"hostname", "users"}) == "hostname");
  CHECK_FALSE(nearest("zzz", {"hostname"}).has_value());
  CHECK_FALSE(nearest("", {"a"}).has_value());
}
